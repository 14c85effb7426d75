package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.RowChange;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Many writers of one row: what is published is in the order in which the database committed. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class ContentionIT {

  private static final int WRITERS = 6;
  private static final int WRITES = 60;

  @Parameter TestDatabase database;

  @Test
  void hotRowKeepsCommitOrderInAutoCommitMode() throws Exception {
    hotRow(true);
  }

  @Test
  void hotRowKeepsCommitOrderInTransactions() throws Exception {
    hotRow(false);
  }

  private void hotRow(boolean autoCommit) throws Exception {
    try (Fixture fixture = new Fixture(database)) {
      fixture.items("hot");
      ExecutorService executor = Executors.newFixedThreadPool(WRITERS);
      List<Callable<Void>> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        writers.add(() -> count(fixture, autoCommit));
      }
      for (Future<Void> writer : executor.invokeAll(writers)) {
        writer.get();
      }
      executor.shutdown();
      List<RowChange> changes =
          fixture.published().stream().map(RecordingSink.Event::change).toList();
      assertThat(changes).hasSize(WRITERS * WRITES);
      for (int i = 0; i < changes.size(); i++) {
        assertThat(changes.get(i).old()).containsEntry("qty", i + 1L);
        assertThat(changes.get(i).row()).containsEntry("qty", i + 2L);
      }
    }
  }

  private static Void count(Fixture fixture, boolean autoCommit) throws SQLException {
    try (Connection connection = fixture.observed.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(autoCommit);
      for (int i = 0; i < WRITES; i++) {
        statement.executeUpdate("update items set qty = qty + 1 where id = 1");
        if (!autoCommit) {
          connection.commit();
        }
      }
    }
    return null;
  }
}
