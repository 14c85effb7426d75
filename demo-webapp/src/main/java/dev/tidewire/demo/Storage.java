package dev.tidewire.demo;

import dev.tidewire.changes.history.JdbcHistoryStore;
import dev.tidewire.history.HistoryStore;

/**
 * What outlives the bus: the database, and the chat's messages in it. Immutable, safe for any
 * thread.
 */
record Storage(Database database, HistoryStore history) implements AutoCloseable {

  /** Opens the database; see {@link Database#open}. */
  static Storage open(Settings settings) {
    Database database = Database.open(settings);
    try {
      return new Storage(database, JdbcHistoryStore.on(database.dataSource()).build());
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  /** Stores the messages that wait, and then closes the database. */
  @Override
  public void close() {
    history.close();
    database.close();
  }
}
