package dev.tidewire.changes.yjs;

import dev.tidewire.RealtimeException;
import dev.tidewire.changes.store.FailureKind;
import dev.tidewire.changes.store.StoreDatabase;
import dev.tidewire.changes.store.StoreThreads;
import dev.tidewire.sync.yjs.YjsStore;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jooq.DSLContext;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps Yjs documents in one table of a database, which it creates if it is missing. An edit
 * survives what the database's commit survives.
 *
 * <pre>{@code
 * Realtime realtime = Realtime.builder()
 *     .yjs(YjsOptions.on(JdbcYjsStore.on(dataSource).build()))
 *     .build();
 * }</pre>
 *
 * <p>Updates that arrive while a transaction commits, of whatever rooms, are written together by
 * the next one. The data source is the caller's to close, after the bus.
 *
 * <p>Safe for any thread. No call waits for the database, except {@link Builder#build} and {@link
 * #close}; stages complete on threads of the store.
 */
public final class JdbcYjsStore implements YjsStore {

  private static final int READERS = 4;
  private static final int MAX_WAITING_READS = 10_000;
  private static final int MAX_BATCH = 500;
  private static final long MAX_WAITING_BYTES = 64L * 1024 * 1024;
  private static final int ATTEMPTS = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** An update and who waits for it. */
  private record Waiting(Update update, CompletableFuture<String> done) {}

  private final DSLContext db;
  private final YjsTable table;
  private final Clock clock;
  private final String writerName;
  private final AtomicLong count = new AtomicLong();
  private final ConcurrentLinkedQueue<Waiting> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicLong waitingBytes = new AtomicLong();
  private final ThreadPoolExecutor writer;
  private final ThreadPoolExecutor readers;

  private JdbcYjsStore(DSLContext db, YjsTable table, Clock clock) {
    this.db = db;
    this.table = table;
    this.clock = clock;
    this.writerName = Long.toString(new SecureRandom().nextLong() >>> 1, Character.MAX_RADIX);
    writer = StoreThreads.workers("tidewire-yjs-writer-", 1, Integer.MAX_VALUE);
    readers = StoreThreads.workers("tidewire-yjs-reader-", READERS, MAX_WAITING_READS);
  }

  /** Begins a store on a database that jOOQ knows: H2, PostgreSQL, MariaDB, SQLite and others. */
  public static Builder on(DataSource dataSource) {
    return new Builder(dataSource);
  }

  @Override
  public CompletionStage<Map<String, byte[]>> load(String room) {
    return run("a document cannot be loaded", () -> table.load(db, room));
  }

  private <T> CompletionStage<T> run(String failure, Supplier<T> task) {
    CompletableFuture<T> done = new CompletableFuture<>();
    try {
      readers.execute(
          () -> {
            T result;
            try {
              result = task.get();
            } catch (RuntimeException | Error e) {
              done.completeExceptionally(FailureKind.failure(failure, e));
              return;
            }
            done.complete(result);
          });
    } catch (RejectedExecutionException e) {
      done.completeExceptionally(new RealtimeException("the store is closed or overrun", e));
    }
    return done;
  }

  /**
   * {@inheritDoc}
   *
   * <p>The stage fails with a {@link RealtimeException} if the database refuses the update or
   * cannot be reached, or if too many wait.
   */
  @Override
  public CompletionStage<String> append(String room, byte[] update) {
    CompletableFuture<String> done = new CompletableFuture<>();
    if (waitingBytes.addAndGet(update.length) > MAX_WAITING_BYTES) {
      waitingBytes.addAndGet(-update.length);
      done.completeExceptionally(new RealtimeException("too many updates wait", null));
      return done;
    }
    waiting.add(new Waiting(row(room, update), done));
    try {
      writer.execute(this::write);
    } catch (RejectedExecutionException e) {
      done.completeExceptionally(new RealtimeException("the store is closed", e));
    }
    return done;
  }

  private Update row(String room, byte[] update) {
    String key = String.format(Locale.ROOT, "%s-%012d", writerName, count.incrementAndGet());
    return new Update(room, key, update, clock.millis());
  }

  /** On the writer's thread: all that wait, in one transaction. */
  private void write() {
    List<Waiting> batch = new ArrayList<>();
    while (batch.size() < MAX_BATCH && waiting.peek() != null) {
      Waiting next = waiting.remove();
      waitingBytes.addAndGet(-next.update().data().length);
      batch.add(next);
    }
    if (batch.isEmpty()) {
      return; // a task before this one took it along
    }
    RuntimeException failure = tryAll(batch);
    if (failure == null || batch.size() == 1) {
      batch.forEach(each -> answer(each, failure));
    } else { // one of them may be at fault
      batch.forEach(each -> answer(each, tryAll(List.of(each))));
    }
  }

  /** Stores all of them or none; returns why none. */
  private @Nullable RuntimeException tryAll(List<Waiting> batch) {
    List<Update> updates = batch.stream().map(Waiting::update).toList();
    for (int attempt = 1; ; attempt++) {
      try {
        db.transaction(tx -> table.insert(tx.dsl(), updates));
        return null;
      } catch (RuntimeException e) {
        if (attempt == ATTEMPTS || !isTransient(e)) {
          return e;
        }
      }
    }
  }

  private static boolean isTransient(RuntimeException e) {
    return e instanceof DataAccessException failure && StoreDatabase.isTransient(failure);
  }

  private static void answer(Waiting each, @Nullable RuntimeException failure) {
    if (failure == null) {
      each.done().complete(each.update().key());
    } else {
      each.done().completeExceptionally(FailureKind.failure("not stored", failure));
    }
  }

  @Override
  public CompletionStage<String> replace(String room, Collection<String> keys, byte[] update) {
    Update row = row(room, update);
    return run(
        "the updates of a room are not replaced",
        () -> {
          db.transaction(
              tx -> {
                if (table.delete(tx.dsl(), room, keys) != keys.size()) {
                  throw new IllegalStateException("somebody else replaced some of them");
                }
                table.insert(tx.dsl(), List.of(row));
              });
          return row.key();
        });
  }

  @Override
  public CompletionStage<Void> delete(String room) {
    return run(
            "a document cannot be deleted",
            () -> {
              db.transaction(tx -> table.delete(tx.dsl(), room));
              return true;
            })
        .thenApply(done -> null);
  }

  /**
   * Stores what waits, for at most ten seconds, and ends the threads. The data source stays open.
   */
  @Override
  public void close() {
    for (ThreadPoolExecutor pool : List.of(writer, readers)) {
      pool.shutdown();
      try {
        if (!pool.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
          pool.shutdownNow();
        }
      } catch (InterruptedException e) {
        pool.shutdownNow();
        Thread.currentThread().interrupt();
      }
    }
    for (Waiting left = waiting.poll(); left != null; left = waiting.poll()) {
      left.done().completeExceptionally(new RealtimeException("the store is closed", null));
    }
  }

  /**
   * Describes a store.
   *
   * <p>For one thread.
   */
  public static final class Builder {

    private final DataSource dataSource;
    private String tableName = "tidewire_yjs";

    private Builder(DataSource dataSource) {
      this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
    }

    /**
     * Name of the table, bare or with its schema; default {@code tidewire_yjs}. Letters, digits and
     * underscores.
     */
    public Builder table(String name) {
      tableName = name;
      return this;
    }

    /**
     * Opens the store; creates the table if it is missing.
     *
     * @throws IllegalArgumentException if the table's name is none, or the database is not known
     * @throws RealtimeException if the database cannot be reached or the table not be created
     */
    public JdbcYjsStore build() {
      DSLContext db = StoreDatabase.open(dataSource, "documents");
      YjsTable table = new YjsTable(tableName, db.dialect());
      try {
        table.create(db);
      } catch (DataAccessException e) {
        throw new RealtimeException("the table of the documents cannot be created", e);
      }
      return new JdbcYjsStore(db, table, Clock.systemUTC());
    }
  }
}
