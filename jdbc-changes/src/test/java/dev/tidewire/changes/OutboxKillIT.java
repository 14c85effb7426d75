package dev.tidewire.changes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.params.provider.EnumSource.Mode.EXCLUDE;

import dev.tidewire.testing.ChildJvm;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The writing and publishing process is killed at random moments and started again, while a reader
 * outside goes on from where it was. What it folds together must be the table. {@code
 * -Doutbox.kills=200 -Doutbox.seed=1} for more, or the same again, {@code -Doutbox.on=H2} for one
 * database only. H2 has one writer and not four: without any capture, too, it may keep a part of a
 * transaction that was killed while others committed.
 */
class OutboxKillIT {

  private static final JsonMapper JSON = new JsonMapper();

  private final Map<Integer, Integer> folded = new TreeMap<>();
  private String position;
  private long events;
  private long transactions;
  private String lastTransaction = "";
  private int recoveredEvents;

  @ParameterizedTest
  @EnumSource(value = TestDatabase.class, mode = EXCLUDE, names = "POSTGRES_17")
  void everyCommittedChangeIsPublishedOnceWithItsPosition(
      TestDatabase database, @TempDir Path folder) throws Exception {
    String only = System.getProperty("outbox.on", database.name());
    assumeThat(only).isEqualTo(database.name());
    int kills = Integer.getInteger("outbox.kills", 3);
    int writers = Integer.getInteger("outbox.writers", database == TestDatabase.H2 ? 1 : 4);
    long seed = Long.getLong("outbox.seed", System.nanoTime());
    Random random = new Random(seed);
    String url = url(database, folder);
    DataSource plain = OutboxVictim.dataSource(url);
    run(plain, "create table items (id int primary key, v int)");

    try (Life life = new Life(url, 0, 0)) { // the reader is there before the first change
      life.subscribe();
      life.kill();
    }
    for (int kill = 1; kill <= kills; kill++) {
      try (Life life = new Life(url, random.nextLong(), writers)) {
        life.subscribe();
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(700));
        long enough = events + (random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(400));
        boolean more = true;
        while (more && (System.nanoTime() < until || events < enough)) {
          more = life.take();
        }
        life.kill();
        life.takeRest();
      }
    }
    // nobody writes any more: what was committed and not told comes with the recovery
    try (Life life = new Life(url, 0, 0)) {
      life.subscribe();
      life.kill();
      life.takeRest();
    }
    String told =
        "%s: seed %d, %d kills, %d transactions, %d changes, %d of them after a restart"
            .formatted(database, seed, kills, transactions, events, recoveredEvents);
    System.out.println(told);
    assertThat(folded).as(told).isEqualTo(table(plain));
    assertThat(events).isPositive();
  }

  private static String url(TestDatabase database, Path folder) throws SQLException {
    if (database == TestDatabase.H2) {
      return "jdbc:h2:file:" + folder.resolve("db") + ";WRITE_DELAY=0;LOCK_TIMEOUT=10000";
    }
    if (database == TestDatabase.SQLITE) {
      return "jdbc:sqlite:"
          + folder.resolve("test.db")
          + "?journal_mode=WAL&synchronous=NORMAL&busy_timeout=60000&transaction_mode=IMMEDIATE";
    }
    if (database == TestDatabase.MARIADB) {
      try (Connection connection = database.fresh().getConnection()) {
        return connection.getMetaData().getURL() + "&user=root";
      }
    }
    try (Connection connection = database.fresh().getConnection()) {
      String url = connection.getMetaData().getURL();
      String user = "user=postgres&password=postgres&currentSchema=" + connection.getSchema();
      return url.replaceAll("\\?.*", "") + "?" + user;
    }
  }

  private static void run(DataSource dataSource, String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static Map<Integer, Integer> table(DataSource dataSource) throws SQLException {
    Map<Integer, Integer> rows = new TreeMap<>();
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select id, v from items")) {
      while (row.next()) {
        rows.put(row.getInt(1), row.getInt(2));
      }
    }
    return rows;
  }

  /** Takes a change in; everything that must not be is an error here. */
  private void fold(JsonNode frame) {
    assertThat(frame.get("type").asString()).as("%s", frame).isEqualTo("db_change");
    String[] last = position.split("\\.");
    assertThat(frame.get("id").asString())
        .as("the position after %s", position)
        .isEqualTo(last[0] + "." + (Long.parseLong(last[1]) + 1));
    position = frame.get("id").asString();
    events++;
    String transaction = frame.get("tx").asString();
    if (!transaction.equals(lastTransaction)) {
      transactions++;
      lastTransaction = transaction;
    }
    JsonNode data = frame.get("data");
    Integer id = data.get("id").asInt();
    Integer value = data.get("v").asInt();
    switch (frame.get("operation").asString()) {
      case "INSERT" -> assertThat(folded.put(id, value)).as("%s", frame).isNull();
      case "DELETE" -> assertThat(folded.remove(id)).as("%s", frame).isEqualTo(value);
      default ->
          assertThat(folded.put(id, value))
              .as("%s", frame)
              .isEqualTo(frame.get("old").get("v").asInt());
    }
  }

  /** The process from its start to its kill, and the reader's socket. */
  private final class Life implements AutoCloseable {
    private final Process process;
    private final Socket socket;
    private final BufferedReader in;

    Life(String url, long seed, int writers) throws IOException {
      try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        server.setSoTimeout((int) TimeUnit.SECONDS.toMillis(120));
        process =
            ChildJvm.of(
                    OutboxVictim.class,
                    List.of("-Xmx256m"),
                    url,
                    server.getLocalPort(),
                    seed,
                    writers)
                .redirectErrorStream(true)
                .redirectOutput(
                    ProcessBuilder.Redirect.appendTo(new File("target", "outbox-victim.log")))
                .start();
        socket = server.accept();
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(60));
      }
      in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
    }

    /** Goes on from the last position; the first time from the beginning. */
    void subscribe() throws IOException {
      String since = position == null ? "" : ",\"since\":\"" + position + "\"";
      OutputStream out = socket.getOutputStream();
      out.write(
          ("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"items\"" + since + "}\n")
              .getBytes(UTF_8));
      out.flush();
      JsonNode ack = JSON.readTree(in.readLine());
      while (!ack.get("type").asString().equals("ack")) {
        ack = JSON.readTree(in.readLine());
      }
      JsonNode payload = ack.get("payload");
      if (position == null) {
        position = payload.get("position").asString();
        assertThat(position).endsWith(".0");
      } else {
        assertThat(payload.get("recovered").asBoolean())
            .as("recovered %s since %s", payload, position)
            .isTrue();
        payload.path("messages").forEach(OutboxKillIT.this::fold);
        recoveredEvents += payload.path("messages").size();
      }
    }

    /** False if nothing comes any more: the writers may have been done before the subscription. */
    boolean take() throws IOException {
      try {
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(10));
        String line = in.readLine();
        assertThat(line).as("the process has ended: see target/outbox-victim.log").isNotNull();
        fold(line);
        return true;
      } catch (SocketTimeoutException e) {
        return false;
      }
    }

    private void fold(String line) {
      JsonNode frame = JSON.readTree(line);
      if (!frame.get("type").asString().startsWith("presence")) {
        OutboxKillIT.this.fold(frame);
      }
    }

    void kill() throws InterruptedException {
      process.destroyForcibly();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }

    /** What was sent before the end; the last line may be cut. */
    void takeRest() {
      try {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          if (line.endsWith("}") && isWhole(line)) {
            fold(line);
          }
        }
      } catch (IOException e) {
        // the end came as a broken connection
      }
    }

    private static boolean isWhole(String line) {
      try {
        JSON.readTree(line);
        return true;
      } catch (RuntimeException e) {
        return false;
      }
    }

    @Override
    public void close() throws IOException {
      process.destroyForcibly();
      socket.close();
    }
  }
}
