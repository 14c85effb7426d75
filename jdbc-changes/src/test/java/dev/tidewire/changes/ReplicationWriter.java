package dev.tidewire.changes;

import dev.tidewire.testing.ChildJvm;
import java.io.File;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;

/** Writes random transactions, also as a process of its own. Arguments: JDBC URL, seed. */
final class ReplicationWriter {

  private ReplicationWriter() {}

  /** Starts a process with two writers; it ends with 0 when they are done. */
  static Process start(String url, long seed) throws IOException {
    int transactions = Integer.getInteger("oracle.transactions", 200);
    return ChildJvm.of(
            ReplicationWriter.class,
            List.of("-Xmx256m", "-Doracle.transactions=" + transactions),
            url,
            seed)
        .redirectErrorStream(true)
        .redirectOutput(
            ProcessBuilder.Redirect.appendTo(new File("target", "replication-writer.log")))
        .start();
  }

  public static void main(String[] arguments) throws Exception {
    DataSource dataSource = OutboxVictim.dataSource(arguments[0]);
    ExecutorService executor = Executors.newFixedThreadPool(2);
    List<Future<?>> writers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Random random = new Random(Long.parseLong(arguments[1]) + i);
      writers.add(executor.submit(() -> write(dataSource, "there", random)));
    }
    for (Future<?> writer : writers) {
      writer.get();
    }
    System.exit(0);
  }

  /** Many transactions, some rolled back; new rows are named after who wrote them. */
  static Void write(DataSource dataSource, String name, Random random) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      for (int i = 0; i < Integer.getInteger("oracle.transactions", 200); i++) {
        try {
          for (int j = random.nextInt(4); j >= 0; j--) {
            int id = 1 + random.nextInt(30);
            statement.execute(
                switch (random.nextInt(5)) {
                  case 0 ->
                      "insert into items values ("
                          + id
                          + ", '"
                          + name
                          + "') on conflict (id) do update set"
                          + " qty = items.qty + 1";
                  case 1 -> "update items set qty = qty + 1 where id > " + id;
                  case 2 -> "delete from items where id = " + id;
                  case 3 -> "update items set id = id + 1000 where id = " + id;
                  default -> "update items set name = name || '!' where id = " + id;
                });
          }
          if (random.nextInt(5) == 0) {
            connection.rollback();
          } else {
            connection.commit();
          }
        } catch (SQLException e) {
          // a deadlock, or a key that is taken
          connection.rollback();
        }
      }
      return null;
    }
  }
}
