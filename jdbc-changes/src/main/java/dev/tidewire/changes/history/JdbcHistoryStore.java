package dev.tidewire.changes.history;

import dev.tidewire.RealtimeException;
import dev.tidewire.changes.store.StoreDatabase;
import dev.tidewire.changes.store.StoreThreads;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.history.HistoryQuery;
import dev.tidewire.history.HistoryStore;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jooq.DSLContext;
import org.jooq.exception.DataAccessException;

/**
 * Keeps persisted messages in one table of a database, which it creates if it is missing. They
 * survive what the database's commit survives; several nodes may share the table.
 *
 * <pre>{@code
 * Realtime realtime = Realtime.builder()
 *     .history(JdbcHistoryStore.on(dataSource).maxAge(Duration.ofDays(90)).build())
 *     .build();
 * }</pre>
 *
 * <p>Messages that arrive while a transaction commits are written together by the next one. A
 * channel keeps as many as its {@code keepHistory} says (above 1,000, up to an eighth more), none
 * older than {@link Builder#maxAge}. The data source is the caller's to close, after the bus.
 *
 * <p>Safe for any thread. No call waits for the database, except {@link Builder#build} and {@link
 * #close}; stages complete on threads of the store.
 */
public final class JdbcHistoryStore implements HistoryStore {

  private static final int READERS = 4;
  private static final int MAX_WAITING_PAGES = 1_000;
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final DSLContext db;
  private final HistoryTable table;
  private final Duration maxAge;
  private final Clock clock;
  private final HistoryWriter writer;
  private final ThreadPoolExecutor readers;
  private final ThreadPoolExecutor answers;

  private JdbcHistoryStore(Builder builder, DSLContext db, HistoryTable table) {
    this.db = db;
    this.table = table;
    maxAge = builder.maxAge;
    clock = builder.clock;
    readers = StoreThreads.workers("tidewire-history-reader-", READERS, MAX_WAITING_PAGES);
    answers = StoreThreads.answers("tidewire-history-answer-");
    writer = new HistoryWriter(db, table, maxAge, builder.maxWaiting, clock, answers);
  }

  /** Begins a store on a database that jOOQ knows: H2, PostgreSQL, MariaDB, SQLite and others. */
  public static Builder on(DataSource dataSource) {
    return new Builder(dataSource);
  }

  /**
   * {@inheritDoc}
   *
   * <p>The stage fails with a {@link RealtimeException}, and the message was not reported as
   * stored, if the database refuses it or cannot be reached, or if too many wait.
   */
  @Override
  public CompletionStage<Void> append(HistoryMessage message, int limit) {
    return limit > 0 ? writer.append(message, limit) : CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletionStage<List<HistoryMessage>> page(HistoryQuery query) {
    CompletableFuture<List<HistoryMessage>> page = new CompletableFuture<>();
    try {
      readers.execute(() -> read(query, page));
    } catch (RejectedExecutionException e) {
      page.completeExceptionally(
          new RealtimeException(
              readers.isShutdown()
                  ? "the history is closed"
                  : "too many pages of the history are waited for",
              e));
    }
    return page;
  }

  private void read(HistoryQuery query, CompletableFuture<List<HistoryMessage>> page) {
    List<HistoryMessage> messages;
    try {
      Long after = maxAge.isZero() ? null : clock.millis() - maxAge.toMillis();
      messages = table.page(db, query, after);
    } catch (RuntimeException | Error e) {
      page.completeExceptionally(new RealtimeException("the history cannot be read", e));
      return;
    }
    page.complete(messages);
  }

  /**
   * Stores what waits, for at most ten seconds, and ends the threads. The data source stays open.
   */
  @Override
  public void close() {
    writer.close();
    readers.shutdown();
    answers.shutdown();
    try {
      if (!readers.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
          || !answers.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        readers.shutdownNow();
        answers.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Describes a store.
   *
   * <p>For one thread.
   */
  public static final class Builder {

    private static final int DEFAULT_MAX_WAITING = 10_000;

    private final DataSource dataSource;
    private String tableName = "tidewire_history";
    private Duration maxAge = Duration.ZERO;
    private int maxWaiting = DEFAULT_MAX_WAITING;
    private Clock clock = Clock.systemUTC();

    private Builder(DataSource dataSource) {
      this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
    }

    /**
     * Name of the table, bare or with its schema; default {@code tidewire_history}. Letters, digits
     * and underscores.
     */
    public Builder table(String name) {
      tableName = name;
      return this;
    }

    /**
     * Age up to which messages are kept, by {@code created_at}; default zero, which keeps them
     * until their channel has too many. Older ones are deleted about once a minute, and not shown
     * meanwhile.
     */
    public Builder maxAge(Duration age) {
      if (age.isNegative()) {
        throw new IllegalArgumentException("maxAge is negative: " + age);
      }
      maxAge = age;
      return this;
    }

    /**
     * Messages that may wait to be written, default 10,000 (and 64 million characters of them);
     * beyond, {@link JdbcHistoryStore#append} fails.
     */
    public Builder maxWaiting(int messages) {
      if (messages < 1) {
        throw new IllegalArgumentException("maxWaiting must be 1 or more: " + messages);
      }
      maxWaiting = messages;
      return this;
    }

    /** For tests. */
    Builder clock(Clock newClock) {
      clock = newClock;
      return this;
    }

    /**
     * Opens the store; creates the table if it is missing.
     *
     * @throws IllegalArgumentException if the table's name is none, or the database is not known
     * @throws RealtimeException if the database cannot be reached or the table not be created
     */
    public JdbcHistoryStore build() {
      DSLContext db = StoreDatabase.open(dataSource, "history");
      HistoryTable table = new HistoryTable(tableName, db.dialect());
      try {
        table.create(db);
      } catch (DataAccessException e) {
        throw new RealtimeException("the table of the history cannot be created", e);
      }
      return new JdbcHistoryStore(this, db, table);
    }
  }
}
