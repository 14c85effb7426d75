package dev.tidewire.changes;

import static dev.tidewire.changes.TestDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.RowPolicy;
import dev.tidewire.rows.Where;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Rows and the stream after them, while others write: together always the table. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class SnapshotIT {

  private static final int WRITERS = 4;
  private static final int CLIENTS = 3;
  private static final int ROUNDS = 25;

  @Parameter TestDatabase database;

  private final Realtime realtime =
      Realtime.builder()
          .access(AccessPolicy.open())
          .limits(l -> l.frames(0, 0).queueBytes(0).recovery(0, 0))
          .build();
  private DataSource plain;
  private DataSource observed;
  private ChangeCapture capture;

  private void start(UnaryOperator<ChangeCaptureBuilder> options, String... statements)
      throws SQLException {
    plain = database.fresh();
    execute(plain, statements);
    capture = options.apply(ChangeCapture.on(realtime)).build();
    observed = capture.observe(plain);
  }

  @AfterEach
  void stop() {
    capture.close();
    realtime.close();
  }

  /** One write, or a few in a transaction that may be rolled back. */
  private void write(Connection connection, Random random) throws SQLException {
    connection.setAutoCommit(random.nextBoolean());
    try (Statement statement = connection.createStatement()) {
      for (int i = random.nextInt(3); i >= 0; i--) {
        int id = random.nextInt(40);
        int state = random.nextInt(3);
        switch (random.nextInt(5)) {
          case 0 ->
              statement.executeUpdate(
                  "insert into items select %d, 's%d', 0 %s where not exists (select 1 from items where id = %d)"
                      .formatted(id, state, database.isMariaDb() ? "from dual" : "", id));
          case 1 -> statement.executeUpdate("delete from items where id = " + id);
          case 2 -> {
            int far = id + 1_000;
            boolean back = random.nextBoolean();
            statement.executeUpdate(
                "update items set id = %d where id = %d"
                    .formatted(back ? id : far, back ? far : id));
          }
          default ->
              statement.executeUpdate(
                  "update items set status = 's%d', qty = qty + 1 where id = %d"
                      .formatted(state, id));
        }
        if (connection.getAutoCommit()) {
          return;
        }
      }
      if (random.nextInt(4) == 0) {
        connection.rollback();
      } else {
        connection.commit();
      }
    } catch (SQLException e) {
      if (!connection.getAutoCommit()) {
        connection.rollback(); // a duplicate key or a deadlock: somebody was faster
      }
    }
  }

  /** What a client holds: rows by id, each change checked against what it changes. */
  private static Map<Long, JsonNode> fold(JsonNode ack, List<JsonNode> after) {
    Map<Long, JsonNode> rows = new TreeMap<>();
    ack.get("rows")
        .forEach(row -> assertThat(rows.put(row.get("id").asLong(), row)).as("twice").isNull());
    for (JsonNode frame : after) {
      JsonNode row = frame.get("data");
      String what = frame + " after " + ack.get("position");
      if (frame.has("old")) {
        JsonNode old = frame.get("old");
        assertThat(rows.remove(old.get("id").asLong())).as(what).isEqualTo(old);
      }
      if (!frame.get("operation").asString().equals("DELETE")) {
        assertThat(rows.put(row.get("id").asLong(), row)).as(what).isNull();
      }
    }
    return rows;
  }

  private Map<Long, String> table(String condition) throws SQLException {
    Map<Long, String> rows = new TreeMap<>();
    try (Connection connection = plain.getConnection();
        Statement statement = connection.createStatement();
        ResultSet found =
            statement.executeQuery("select id, status, qty from items where " + condition)) {
      while (found.next()) {
        rows.put(found.getLong(1), found.getString(2) + found.getLong(3));
      }
    }
    return rows;
  }

  private static Map<Long, String> texts(Map<Long, JsonNode> rows) {
    Map<Long, String> texts = new TreeMap<>();
    rows.forEach(
        (id, row) -> texts.put(id, row.get("status").asString() + row.get("qty").asLong()));
    return texts;
  }

  @Test
  void rowsAndStreamAreTheTableWhileWritersHammerIt() throws Exception {
    hammer(b -> b.tables("items"), ROUNDS);
  }

  @Test
  void rowsAndStreamAreTheTableWithAnOutbox() throws Exception {
    hammer(b -> b.tables("items").outbox(plain), ROUNDS / 3);
  }

  private void hammer(UnaryOperator<ChangeCaptureBuilder> options, int rounds) throws Exception {
    start(
        options,
        "create table items (id int primary key, status varchar(9), qty int)",
        "insert into items values (1, 's0', 0), (2, 's1', 0), (3, 's2', 0)");
    long seed = System.nanoTime();
    AtomicBoolean over = new AtomicBoolean();
    AtomicLong followed = new AtomicLong();
    ExecutorService threads = Executors.newFixedThreadPool(WRITERS + CLIENTS);
    List<Future<?>> writers = new ArrayList<>();
    for (int i = 0; i < WRITERS; i++) {
      Random random = new Random(seed + i);
      writers.add(
          threads.submit(
              () -> {
                try (Connection connection = observed.getConnection()) {
                  while (!over.get()) {
                    write(connection, random);
                  }
                }
                return null;
              }));
    }
    List<Future<?>> clients = new ArrayList<>();
    List<Listener> listeners = new ArrayList<>();
    Map<Listener, JsonNode> last = new HashMap<>();
    for (int i = 0; i < CLIENTS; i++) {
      Listener client = new Listener(realtime, "u" + i);
      listeners.add(client);
      String where = i == 0 ? "" : ",'where':{'status':'s" + i + "'}";
      clients.add(
          threads.submit(
              () -> {
                for (int round = 0; round < rounds; round++) {
                  JsonNode ack = subscribed(client, where);
                  await()
                      .pollInterval(Duration.ofMillis(2))
                      .atMost(Duration.ofSeconds(60))
                      .until(() -> changes(client).size() >= 15);
                  client.acked("'type':'unsubscribe','topic':'items'");
                  followed.addAndGet(changes(client).size());
                  fold(ack, changes(client));
                  client.forget();
                }
                JsonNode ack = subscribed(client, where);
                synchronized (last) {
                  last.put(client, ack);
                }
              }));
    }
    try {
      for (Future<?> client : clients) {
        client.get();
      }
    } finally {
      over.set(true);
      for (Future<?> writer : writers) {
        writer.get();
      }
      threads.shutdown();
    }
    for (int i = 0; i < CLIENTS; i++) {
      Listener client = listeners.get(i);
      String condition = i == 0 ? "1=1" : "status = 's" + i + "'";
      await()
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(
              () ->
                  assertThat(texts(fold(last.get(client), changes(client))))
                      .as("seed %d", seed)
                      .isEqualTo(table(condition)));
    }
    assertThat(followed.get()).isGreaterThanOrEqualTo(15L * CLIENTS * rounds);
  }

  /**
   * Subscribes as a client does, which tries again what is refused for the moment: with thousands
   * of changes a second more than ten thousand may come while the rows are read.
   */
  private static JsonNode subscribed(Listener client, String where) {
    for (int tries = 1; ; tries++) {
      JsonNode answer = client.ask(subscribe(where));
      if (answer.get("type").asString().equals("ack")) {
        return answer.get("payload");
      }
      assertThat(answer.at("/payload/temporary").asBoolean()).as("%s", answer).isTrue();
      assertThat(tries).as("%s", answer).isLessThan(20);
    }
  }

  private static String subscribe(String where) {
    return "'type':'subscribe','topic':'items','snapshot':true" + where;
  }

  private static List<JsonNode> changes(Listener client) {
    return client.frames().stream()
        .filter(
            frame -> {
              assertThat(frame.get("type").asString()).isNotEqualTo("reset");
              return frame.get("type").asString().equals("db_change");
            })
        .toList();
  }

  @Test
  void onlyTheChosenRowsAndColumnsAreRead() throws Exception {
    start(
        b ->
            b.table(
                "items",
                t ->
                    t.filter(Where.lt("id", 100))
                        .snapshotRows(3)
                        .rows(
                            who ->
                                who.userId().equals("boss")
                                    ? dev.tidewire.RowView.all()
                                    : RowPolicy.where(w -> Where.ne("status", "secret"))
                                        .of(who)
                                        .hide("qty"))),
        "create table items (id int primary key, status varchar(9), qty int)",
        "insert into items values (1, 'a', 1), (2, 'b', 2), (3, 'secret', 3), (101, 'a', 4)");
    Listener boss = new Listener(realtime, "boss");
    Listener clerk = new Listener(realtime, "clerk");
    assertThat(boss.acked(subscribe("")).get("rows")).hasSize(3);
    assertThat(clerk.acked(subscribe("")).get("rows").toString())
        .isEqualTo("[{\"id\":1,\"status\":\"a\"},{\"id\":2,\"status\":\"b\"}]");
    assertThat(clerk.acked(subscribe(",'where':{'status':{'in':['b','secret']}}")).get("rows"))
        .hasSize(1);
    assertThat(clerk.ask(subscribe(",'where':{'qty':1}")).at("/payload/code").asString())
        .isEqualTo("BAD_REQUEST");

    execute(
        observed, "update items set id = 4 where id = 101", "insert into items values (102,'a',1)");
    await().until(() -> changes(boss).size() == 1);
    assertThat(changes(boss).get(0).get("operation").asString()).isEqualTo("INSERT");
    JsonNode refused = new Listener(realtime, "boss").ask(subscribe(""));
    assertThat(refused.at("/payload/code").asString()).isEqualTo("LIMIT_EXCEEDED");
    assertThat(refused.at("/payload/message").asString()).contains("3 rows");
  }

  @Test
  void aTableWithoutAKeyIsReadInAQuietMoment() throws Exception {
    start(
        b -> b.table("items", t -> t.columns("status", "qty")),
        "create table items (id int primary key, status varchar(9), qty int)",
        "insert into items values (1, 'a', 1), (2, 'a', 1)");
    Listener ada = new Listener(realtime, "ada");
    execute(observed, "insert into items values (3, 'c', 1)");
    assertThat(ada.acked(subscribe("")).get("rows")).hasSize(3);
    execute(observed, "delete from items where id = 3");
    await().until(() -> changes(ada).size() == 1);
  }

  @Test
  void afterAResetTheRowsAreThereAgain() throws Exception {
    start(
        b -> b.tables("items"),
        "create table items (id int primary key, status varchar(9), qty int)",
        "insert into items values (1, 'a', 1)");
    Listener ada = new Listener(realtime, "ada");
    String open = subscribe(",'where':{'status':'a'}");
    assertThat(ada.acked(open).get("rows")).hasSize(1);
    execute(
        observed,
        database.untold("id = 1"),
        database.isSqlite() ? "delete from items" : "truncate table items");
    await()
        .until(() -> ada.frames().stream().anyMatch(f -> f.get("type").asString().equals("reset")));
    assertThat(ada.acked(open).get("rows")).isEmpty();
    ada.forget();
    execute(observed, "insert into items values (3, 'a', 1)");
    await().until(() -> changes(ada).size() == 1);
  }

  @Test
  void rowsOfATableThatIsNotThereAreRefusedForNow() throws Exception {
    start(b -> b.tables("items"), "create table other (id int primary key)");
    Listener ada = new Listener(realtime, "ada");
    assertThat(ada.ask(subscribe("")).at("/payload/code").asString()).isEqualTo("UNAVAILABLE");
    assertThat(ada.ask(subscribe("")).at("/payload/temporary").asBoolean()).isTrue();
  }
}
