package dev.tidewire.demo;

import dev.tidewire.changes.documents.JdbcDocumentStore;
import dev.tidewire.changes.history.JdbcHistoryStore;
import dev.tidewire.history.HistoryStore;
import dev.tidewire.sync.DocumentStore;

/**
 * What outlives the bus: the database, the chat's messages and the shared documents in it.
 * Immutable, safe for any thread.
 */
record Storage(Database database, HistoryStore history, DocumentStore documents)
    implements AutoCloseable {

  /** Opens the database; see {@link Database#open}. */
  static Storage open(Settings settings) {
    Database database = Database.open(settings);
    try {
      return new Storage(
          database,
          JdbcHistoryStore.on(database.dataSource()).build(),
          JdbcDocumentStore.on(database.dataSource()));
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  /** Stores what waits, and then closes the database. */
  @Override
  public void close() {
    history.close();
    documents.close();
    database.close();
  }
}
