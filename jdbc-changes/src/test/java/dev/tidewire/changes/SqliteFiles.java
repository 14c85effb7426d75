package dev.tidewire.changes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.sql.DataSource;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.JournalMode;
import org.sqlite.SQLiteConfig.SynchronousMode;
import org.sqlite.SQLiteConfig.TransactionMode;
import org.sqlite.SQLiteDataSource;

/** SQLite databases in files that are gone when the JVM is. */
final class SqliteFiles {

  private SqliteFiles() {}

  static DataSource fresh() {
    try {
      Path folder = Files.createTempDirectory("tidewire-sqlite");
      for (String name : new String[] {"", "test.db-shm", "test.db-wal", "test.db"}) {
        folder.resolve(name).toFile().deleteOnExit();
      }
      SQLiteConfig config = new SQLiteConfig();
      config.setJournalMode(JournalMode.WAL);
      config.setSynchronous(SynchronousMode.OFF);
      config.setBusyTimeout(120_000);
      config.setTransactionMode(TransactionMode.IMMEDIATE);
      config.enforceForeignKeys(true);
      SQLiteDataSource dataSource = new SQLiteDataSource(config);
      dataSource.setUrl("jdbc:sqlite:" + folder.resolve("test.db"));
      return dataSource;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
