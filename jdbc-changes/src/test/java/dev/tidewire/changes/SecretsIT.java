package dev.tidewire.changes;

import static dev.tidewire.changes.TestDatabase.execute;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.PublishOptions;
import dev.tidewire.Realtime;
import dev.tidewire.changes.documents.JdbcDocumentStore;
import dev.tidewire.changes.history.JdbcHistoryStore;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.Reply;
import dev.tidewire.sync.DocumentOptions;
import dev.tidewire.sync.Stamp;
import dev.tidewire.testing.LogLines;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.exception.DataAccessException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is written to tables stays out of the log, also when writing fails. */
class SecretsIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String CANARY = "canary-7f3a";

  private final LogLines lines = new LogLines();
  private final JdbcDataSource plain = new JdbcDataSource();

  @BeforeEach
  void open() {
    plain.setURL("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1");
  }

  @AfterEach
  void close() throws SQLException {
    lines.close();
    execute(plain, "shutdown");
  }

  private static void insert(DataSource dataSource, int id, String note) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement insert = connection.prepareStatement("insert into items values (?, ?)")) {
      insert.setInt(1, id);
      insert.setString(2, note);
      insert.execute();
    }
  }

  @Test
  void writesAreNotQuotedWhetherTheySucceedOrFail() throws Exception {
    execute(
        plain,
        "create table items (id int primary key, note varchar(60))",
        "create table many (id int primary key, note varchar(60))",
        "create table nokey (note varchar(60))");
    Realtime realtime =
        Realtime.builder().access(AccessPolicy.open()).limits(l -> l.publicationBytes(400)).build();
    try (ChangeCapture capture =
        ChangeCapture.on(realtime)
            .tables("items", "many", "nokey", "missing")
            .outbox(plain)
            .build()) {
      DataSource observed = capture.observe(plain);
      insert(observed, 1, CANARY);
      assertThatThrownBy(() -> insert(observed, 1, CANARY)).hasMessageContaining("PRIMARY");
      assertThatThrownBy(() -> insert(observed, 2, CANARY.repeat(9))).hasMessageContaining(CANARY);
      assertThatThrownBy(
              () -> execute(observed, "insert into items values ('" + CANARY + "', 'x')"))
          .isInstanceOf(SQLException.class);
      execute(
          observed,
          "insert into nokey values ('" + CANARY + "')",
          "update nokey set note = '" + CANARY + "2' where note = '" + CANARY + "'",
          "insert into many select x, '" + CANARY + "' from system_range(1, 2000)",
          "merge into items key (id) values (7, '" + CANARY + "')",
          "delete from items where note = '" + CANARY + "'");
      DSLContext db = capture.using(plain, SQLDialect.H2);
      assertThatThrownBy(() -> db.execute("insert into items values (?, ?)", 7, CANARY.repeat(9)))
          .isInstanceOf(DataAccessException.class);
      capture.as(CANARY, CANARY, () -> db.execute("insert into items values (?, ?)", 8, CANARY));
      execute(plain, "alter table items add column more varchar(9)");
      execute(observed, "update items set note = '" + CANARY + "3'");
      await().atMost(PATIENCE).until(() -> capture.statistics().backlog() == 0);
    }
    realtime.close();
    assertThat(lines.everything()).isNotEmpty().doesNotContain(CANARY);
    assertThat(lines.withoutKeys(Level.INFO)).isEmpty();
  }

  @Test
  void aMessageThatCannotBeStoredIsNotQuoted() throws Exception {
    JdbcHistoryStore store = JdbcHistoryStore.on(plain).build();
    Realtime realtime = Realtime.builder().access(AccessPolicy.open()).history(store).build();
    realtime
        .channel("t")
        .publish("e", CANARY, PublishOptions.persisted())
        .toCompletableFuture()
        .get(60, TimeUnit.SECONDS);
    execute(plain, "alter table tidewire_history alter column data varchar(40)");
    Reply reply =
        realtime
            .request(
                Identity.of("ada"),
                new Command.Publish(
                    "1", "t", "e", "\"" + CANARY.repeat(9) + "\"", true, null, true))
            .toCompletableFuture()
            .get(60, TimeUnit.SECONDS);
    realtime.close();

    assertThat(reply).isInstanceOf(Reply.Failure.class);
    assertThat(reply.toString()).doesNotContain(CANARY);
    assertThat(lines.everything()).isNotEmpty().doesNotContain(CANARY);
    assertThat(lines.withoutKeys(Level.INFO)).isEmpty();
  }

  @Test
  void aDocumentThatCannotBeStoredIsNotQuoted() throws Exception {
    Realtime realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .documents(DocumentOptions.in(JdbcDocumentStore.on(plain)))
            .build();
    execute(plain, "alter table tidewire_documents alter column data varchar(40)");
    String write =
        "{'document':'d','writes':[{'field':'f','at':'%s','value':'%s'}]}"
            .formatted(new Stamp(System.currentTimeMillis(), 0, "ada"), CANARY.repeat(9))
            .replace('\'', '"');
    Reply reply =
        realtime
            .request(Identity.of("ada"), new Command.Call("1", "document:update", write))
            .toCompletableFuture()
            .get(60, TimeUnit.SECONDS);
    realtime.close();

    assertThat(reply).isInstanceOf(Reply.Failure.class);
    assertThat(lines.of("Call was refused")).containsOnlyKeys("more");
    assertThat(lines.everything()).contains("SQL state 22001").doesNotContain(CANARY);
  }
}
