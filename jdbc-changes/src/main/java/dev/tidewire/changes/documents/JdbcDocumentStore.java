package dev.tidewire.changes.documents;

import dev.tidewire.RealtimeException;
import dev.tidewire.changes.store.FailureKind;
import dev.tidewire.changes.store.StoreDatabase;
import dev.tidewire.changes.store.StoreThreads;
import dev.tidewire.sync.DocumentStore;
import dev.tidewire.sync.FieldMap;
import dev.tidewire.sync.FieldWrite;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps shared documents in one table of a database, which it creates if it is missing. They
 * survive what the database's commit survives; several nodes may share the table.
 *
 * <pre>{@code
 * Realtime realtime = Realtime.builder()
 *     .documents(DocumentOptions.in(JdbcDocumentStore.on(dataSource)))
 *     .build();
 * }</pre>
 *
 * <p>A row is the last write of one field: {@code document}, {@code field}, {@code stamp}, {@code
 * data} (JSON, null if removed). Every save is one transaction. The data source is the caller's to
 * close, after the bus.
 *
 * <p>Safe for any thread. No call waits for the database, except {@link #on} and {@link #close};
 * stages complete on threads of the store.
 */
public final class JdbcDocumentStore implements DocumentStore {

  private static final String TABLE = "tidewire_documents";
  private static final int WORKERS = 4;
  private static final int MAX_WAITING = 10_000;
  private static final int ATTEMPTS = 5;
  private static final long PATIENCE_SECONDS = 10;

  private final DSLContext db;
  private final DocumentTable table;
  private final ThreadPoolExecutor workers;
  private final ThreadPoolExecutor answers;

  private JdbcDocumentStore(DSLContext db, DocumentTable table) {
    this.db = db;
    this.table = table;
    int writers = db.family() == SQLDialect.SQLITE ? 1 : WORKERS; // that takes one at a time
    workers = StoreThreads.workers("tidewire-documents-", writers, MAX_WAITING);
    answers = StoreThreads.answers("tidewire-documents-answer-");
  }

  /**
   * Opens a store on a database that jOOQ knows: H2, PostgreSQL, MariaDB, SQLite and others. Its
   * table is {@code tidewire_documents}.
   *
   * @throws IllegalArgumentException if the database is not known
   * @throws RealtimeException if the database cannot be reached or the table not be created
   */
  public static JdbcDocumentStore on(DataSource dataSource) {
    return on(dataSource, TABLE);
  }

  /**
   * The same with another table.
   *
   * @param tableName bare or with its schema, letters, digits and underscores
   */
  public static JdbcDocumentStore on(DataSource dataSource, String tableName) {
    DSLContext db =
        StoreDatabase.open(Objects.requireNonNull(dataSource, "dataSource"), "documents");
    DocumentTable table = new DocumentTable(tableName, db.dialect());
    try {
      table.create(db);
    } catch (DataAccessException e) {
      throw new RealtimeException("the table of the documents cannot be created", e);
    }
    return new JdbcDocumentStore(db, table);
  }

  @Override
  public CompletionStage<Stored> load(String name) {
    return work("the document cannot be read", () -> table.load(db, name));
  }

  @Override
  public CompletionStage<Void> save(
      String name, Collection<FieldWrite> writes, FieldMap.@Nullable Purge purge) {
    List<FieldWrite> copy = List.copyOf(writes);
    return work("the document cannot be stored", () -> store(name, copy, purge))
        .thenApply(stored -> null);
  }

  /** A transaction that another one has stopped is tried again: what it writes can be repeated. */
  private boolean store(String name, List<FieldWrite> writes, FieldMap.@Nullable Purge purge) {
    for (int attempt = 1; ; attempt++) {
      try {
        db.transaction(tx -> table.save(tx.dsl(), name, writes, purge));
        return true;
      } catch (DataAccessException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private <T> CompletionStage<T> work(String failure, Supplier<T> task) {
    CompletableFuture<T> done = new CompletableFuture<>();
    try {
      workers.execute(
          () -> {
            try {
              T result = task.get();
              answers.execute(() -> done.complete(result));
            } catch (RuntimeException | Error e) {
              RealtimeException why = FailureKind.failure(failure, e);
              answers.execute(() -> done.completeExceptionally(why));
            }
          });
    } catch (RejectedExecutionException e) {
      done.completeExceptionally(
          new RealtimeException(
              workers.isShutdown() ? "the document store is closed" : "too much waits to be stored",
              e));
    }
    return done;
  }

  /**
   * Stores what waits, for at most ten seconds, and ends the threads. The data source stays open.
   */
  @Override
  public void close() {
    try {
      for (ThreadPoolExecutor pool : List.of(workers, answers)) {
        pool.shutdown();
        if (!pool.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          pool.shutdownNow();
        }
      }
    } catch (InterruptedException e) {
      workers.shutdownNow();
      answers.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
