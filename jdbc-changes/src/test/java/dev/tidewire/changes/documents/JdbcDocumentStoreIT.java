package dev.tidewire.changes.documents;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidewire.Realtime;
import dev.tidewire.RealtimeException;
import dev.tidewire.SharedDocument;
import dev.tidewire.changes.TestDatabase;
import dev.tidewire.sync.DocumentOptions;
import dev.tidewire.sync.DocumentStore;
import dev.tidewire.sync.DocumentStoreContract;
import dev.tidewire.sync.FieldWrite;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(TestDatabase.class)
class JdbcDocumentStoreIT extends DocumentStoreContract {

  @Parameter TestDatabase database;
  private DataSource plain;

  @Override
  protected DocumentStore create() {
    try {
      plain = database.fresh();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
    return JdbcDocumentStore.on(plain);
  }

  @Test
  void documentSurvivesARestartOfTheBus() {
    Realtime before = bus();
    await(before.documents().get("d").set("title", "Tide"));
    await(before.documents().get("d").remove("other"));
    before.close();

    Realtime after = bus();
    SharedDocument document = after.documents().get("d");
    assertThat(await(document.read()).json()).isEqualTo("{\"title\":\"Tide\"}");
    await(document.set("title", "Ebb"));
    assertThat(await(document.read()).get("title", String.class)).isEqualTo("Ebb");
    after.close();
  }

  private Realtime bus() {
    return Realtime.builder().documents(DocumentOptions.in(JdbcDocumentStore.on(plain))).build();
  }

  @Test
  void removalsAreBoundedInTheTableToo() {
    Realtime bus =
        Realtime.builder()
            .documents(
                DocumentOptions.in(JdbcDocumentStore.on(plain)).removals(2, Duration.ofDays(1)))
            .build();
    SharedDocument document = bus.documents().get("d");
    for (int i = 0; i < 10; i++) {
      await(document.set("f" + i, i));
      await(document.remove("f" + i));
    }
    bus.close();

    int rows = DSL.using(plain, database.dialect()).fetchCount(DSL.table("tidewire_documents"));
    assertThat(rows).isEqualTo(3); // two removals and the floor
  }

  @Test
  void saveThatFailsLeavesNothingAndLaterOnesGoOn() {
    HikariConfig config = new HikariConfig();
    config.setDataSource(plain);
    config.setMaximumPoolSize(2);
    HikariDataSource pool = new HikariDataSource(config);
    JdbcDocumentStore pooled = JdbcDocumentStore.on(pool);
    await(pooled.save(NAME, List.of(write("a", 1, "x", "1")), null));
    pool.close();

    List<FieldWrite> writes = List.of(write("a", 2, "x", "2"), write("b", 2, "x", "2"));
    assertThatThrownBy(() -> pooled.save(NAME, writes, null).toCompletableFuture().join())
        .hasCauseInstanceOf(RealtimeException.class);
    pooled.close();
    assertThatThrownBy(() -> pooled.load(NAME).toCompletableFuture().join())
        .hasRootCauseInstanceOf(java.util.concurrent.RejectedExecutionException.class);
    assertThat(stored().writes()).containsExactly(write("a", 1, "x", "1"));
    save(writes.toArray(new FieldWrite[0]));
    assertThat(stored().writes()).hasSize(2);
  }

  @Test
  void tableMayBeNamedAndNothingElse() {
    DocumentStore named = JdbcDocumentStore.on(plain, "my_documents");
    await(named.save(NAME, List.of(write("a", 1, "x", "1")), null));
    named.close();
    assertThat(stored()).isEqualTo(DocumentStore.Stored.nothing());
    assertThatThrownBy(() -> JdbcDocumentStore.on(plain, "a; drop table b"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
