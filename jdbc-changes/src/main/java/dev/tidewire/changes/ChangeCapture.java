package dev.tidewire.changes;

import dev.tidewire.Realtime;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.jooq.Configuration;
import org.jooq.ConnectionProvider;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.jooq.impl.DataSourceConnectionProvider;
import org.jooq.impl.DefaultConfiguration;
import org.jooq.impl.DefaultConnectionProvider;
import org.jooq.impl.DefaultExecuteListenerProvider;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns committed SQL writes into change events: every INSERT, UPDATE and DELETE of a captured
 * table that goes through {@link #observe observed} connections is published on the table's
 * channel, with its new and old row, after the commit and in commit order; nothing is published of
 * what is rolled back. What cannot be told row by row is told as a reset of the channel, at its
 * place in the order.
 *
 * <pre>{@code
 * ChangeCapture capture = ChangeCapture.on(realtime)
 *     .tables("orders", "todos")
 *     .table("users", t -> t.exclude("password").channel("people"))
 *     .build();
 * DSLContext db = capture.using(dataSource, SQLDialect.POSTGRES);
 * DataSource observed = capture.observe(dataSource);
 * }</pre>
 *
 * <p>One capture serves one database; all data sources and configurations that it observes must
 * lead there, because they share one commit order. Publishing happens on a thread of its own; it
 * never fails, undoes or delays a commit.
 *
 * <p>Safe for any thread.
 */
public final class ChangeCapture implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ChangeCapture.class);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final List<CapturedTable> tables;
  private final int maxRows;
  private final Uncapturable uncapturable;
  private final CommitSequencer sequencer;
  private final RowReader reader;

  /** Who publishes; with an outbox it is that. */
  private final @Nullable ChangePublisher publisher;

  private final @Nullable Outbox outbox;

  /** Where changes come from, if not from observed connections. */
  private final @Nullable ReplicationSource replication;

  /** Of this capture and not static, so that nothing of it stays on the container's threads. */
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<@Nullable Actor> actors = new ThreadLocal<>();

  private final Set<String> unwrapped = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean toldOfUncommitted = new AtomicBoolean();
  private volatile @Nullable Engine engine;
  private final Queue<Runnable> parts = new ConcurrentLinkedQueue<>();
  private volatile boolean closed;

  ChangeCapture(
      ChangeCaptureBuilder builder, List<CapturedTable> tables, ChangeSink sink, RowReader reader) {
    this.reader = reader;
    this.tables = tables;
    this.maxRows = builder.maxRows;
    this.uncapturable = builder.uncapturable;
    sequencer = new CommitSequencer(builder.maxWaitingRows, PATIENCE, System::nanoTime);
    long random = ThreadLocalRandom.current().nextLong(1L << 40);
    DataSource kept = builder.outbox;
    outbox = kept == null ? null : new Outbox(kept, builder.outboxSettings(), tables, sink);
    publisher =
        outbox != null
            ? null
            : new ChangePublisher(sequencer, sink, Long.toString(random, Character.MAX_RADIX));
    PostgresReplication log = builder.replication;
    replication = log == null ? null : new ReplicationSource(log, tables, sequencer, this::engine);
    reader.serve(this);
  }

  /** Comes when nothing of this can fail any more. */
  void start() {
    if (replication != null) {
      replication.start();
    }
  }

  /** Begins a capture that publishes on {@code realtime}. */
  public static ChangeCaptureBuilder on(Realtime realtime) {
    return new ChangeCaptureBuilder((tables, reader) -> new RealtimeSink(realtime, tables, reader));
  }

  /** Begins a capture that hands its changes to {@code sink}. */
  static ChangeCaptureBuilder on(ChangeSink sink) {
    return new ChangeCaptureBuilder((tables, reader) -> sink);
  }

  /**
   * Returns a data source whose connections are captured. Wrap the driver's data source and give
   * the result to the pool, or wrap the pool: both work. One that this capture observes already is
   * returned as it is, as is every one if the changes come from the database's log.
   */
  public DataSource observe(DataSource dataSource) {
    reader.readFrom(dataSource);
    if (replication != null) {
      return dataSource;
    }
    return dataSource instanceof CapturingDataSource observed && observed.belongsTo(this)
        ? dataSource
        : new CapturingDataSource(this, dataSource);
  }

  /** Returns a connection that is captured; the same, if it is already, perhaps inside a pool's. */
  public Connection observe(Connection connection) throws SQLException {
    return replication != null || isObserved(connection)
        ? connection
        : new CapturingConnection(this, connection);
  }

  private boolean isObserved(Connection connection) throws SQLException {
    return connection.isWrapperFor(CapturingConnection.class)
        && connection.unwrap(CapturingConnection.class).isObservedBy(this);
  }

  /** Returns a jOOQ context on an observed {@code dataSource}. */
  public DSLContext using(DataSource dataSource, SQLDialect dialect) {
    return using(
        new DefaultConfiguration().set(new DataSourceConnectionProvider(dataSource)).set(dialect));
  }

  /**
   * Returns a jOOQ context with everything that {@code configuration} says, on observed connections
   * and with a {@link ChangeCaptureListener}.
   *
   * @throws IllegalArgumentException if the configuration holds one connection that is not
   *     observed: its commits would not be seen
   */
  public DSLContext using(Configuration configuration) {
    if (replication != null) {
      return DSL.using(configuration);
    }
    Configuration observed = configuration.derive(observe(configuration.connectionProvider()));
    return DSL.using(
        observed.deriveAppending(
            new DefaultExecuteListenerProvider(new ChangeCaptureListener(this))));
  }

  private ConnectionProvider observe(ConnectionProvider provider) {
    if (provider instanceof DataSourceConnectionProvider of) {
      return new DataSourceConnectionProvider(observe(of.dataSource()));
    }
    if (provider instanceof DefaultConnectionProvider of) {
      try {
        if (isObserved(of.acquire())) {
          return of;
        }
      } catch (SQLException e) {
        throw new IllegalArgumentException("cannot tell whether the connection is observed", e);
      }
      throw new IllegalArgumentException(
          "a configuration with one connection: give it the one from observe(connection)");
    }
    return new CapturingConnectionProvider(this, provider);
  }

  /**
   * Runs {@code work} with its writes on this thread attributed to a user and a cause. Calls may be
   * nested; the innermost holds.
   *
   * @param userId who writes, null if nobody known
   * @param cause why, for example the id of a client's mutation, null if there is nothing to say
   * @return what {@code work} returned
   * @throws E what {@code work} threw
   */
  public <T extends @Nullable Object, E extends Exception> T as(
      @Nullable String userId, @Nullable String cause, Work<T, E> work) throws E {
    Actor before = actor();
    act(new Actor(userId, cause));
    try {
      return work.run();
    } finally {
      act(before);
    }
  }

  /**
   * Work that gives a result.
   *
   * @param <T> the result
   * @param <E> what it may throw
   */
  @FunctionalInterface
  public interface Work<T extends @Nullable Object, E extends Exception> {
    T run() throws E;
  }

  /** Runs {@code work} with its writes on this thread attributed to a user and a cause. */
  public void as(@Nullable String userId, @Nullable String cause, Runnable work) {
    Actor before = actor();
    act(new Actor(userId, cause));
    try {
      work.run();
    } finally {
      act(before);
    }
  }

  /**
   * Asks the database how far reading its log has come; makes a connection for it.
   *
   * @throws IllegalStateException if the changes do not come from a log
   * @throws SQLException if the database cannot be asked
   */
  public ReplicationStatus replicationStatus() throws SQLException {
    if (replication == null) {
      throw new IllegalStateException("this capture does not follow a log");
    }
    return replication.status();
  }

  /**
   * Runs {@code work} and tells where the changes that it committed on this thread stand in their
   * channels, so that a page can be told when it has seen its own write. Calls may be nested.
   *
   * @throws IllegalStateException if the changes come from the database's log, which tells them
   *     later
   * @throws E what {@code work} threw
   */
  public <T extends @Nullable Object, E extends Exception> Written<T> written(Work<T, E> work)
      throws E {
    if (replication != null) {
      throw new IllegalStateException("the positions of a write are not known from a log");
    }
    Set<CapturedTable> changed = new LinkedHashSet<>();
    T result = sequencer.watch().during(work, changed);
    return new Written<>(
        result,
        changed.isEmpty()
            ? CompletableFuture.completedFuture(Map.of())
            : order().positions(changed));
  }

  Actor actor() {
    Actor actor = actors.get();
    return actor == null ? Actor.UNKNOWN : actor;
  }

  void act(Actor actor) {
    if (actor.equals(Actor.UNKNOWN)) {
      actors.remove();
    } else {
      actors.set(actor);
    }
  }

  /** What is shared by all connections, found out by the first. */
  Engine engine(Connection connection) throws SQLException {
    Engine known = engine;
    if (known == null) {
      DatabaseMetaData meta = connection.getMetaData();
      Dialect dialect = Dialect.of(meta);
      if (dialect.getClass() == Dialect.class) {
        String product = meta.getDatabaseProductName();
        log.atWarn()
            .addKeyValue("database", product)
            .log(
                "Rows are not captured on {}: every write of a captured table is a reset", product);
      }
      known = install(dialect);
    }
    return known;
  }

  private synchronized Engine install(Dialect dialect) {
    Engine known = engine;
    if (known == null) {
      Catalog catalog = new Catalog(dialect, tables, System::nanoTime);
      known =
          new Engine(
              dialect, catalog, sequencer, outbox, uncapturable, maxRows, sequencer.maxRows());
      engine = known;
    }
    return known;
  }

  /** In which changes are published. */
  PublishedOrder order() {
    return outbox != null ? outbox.order() : Objects.requireNonNull(publisher).outlet();
  }

  CaptureCounters counters() {
    return outbox != null
        ? outbox.counters()
        : Objects.requireNonNull(publisher).outlet().counters();
  }

  /** What this capture has done and has still to do; for counters, charts and alarms. */
  public CaptureStatistics statistics() {
    return outbox != null ? outbox.statistics() : counters().statistics(sequencer.waitingRows(), 0);
  }

  /** Has something run when this is closed. */
  void closeWith(Runnable part) {
    parts.add(part);
  }

  /** Whether a commit has its place in the order when it returns; the log tells it later. */
  boolean knowsCommitsAtOnce() {
    return replication == null;
  }

  boolean isClosed() {
    return closed;
  }

  void noteUncommitted(Set<CapturedTable> written) {
    if (!toldOfUncommitted.getAndSet(true)) {
      log.atWarn()
          .addKeyValue("tables", written)
          .log(
              "A connection was closed with writes to {} neither committed nor rolled back. They"
                  + " are taken for rolled back; if something else commits them, such as a"
                  + " transaction manager, it is that which must be given the observed data source",
              written);
    }
  }

  void noteUnwrapped(Class<?> type) {
    if (unwrapped.add(type.getName())) {
      log.atWarn()
          .addKeyValue("type", type.getName())
          .log(
              "{} was taken out of a captured connection; what is written through it is not"
                  + " captured",
              type.getName());
    }
  }

  /**
   * Publishes what is committed by now, waiting at most ten seconds, and stops. Observed
   * connections go on to work; what they write from now on is not captured.
   */
  @Override
  public void close() {
    closed = true;
    if (replication != null) {
      replication.close();
    }
    reader.close();
    if (outbox != null) {
      outbox.close();
    }
    if (publisher != null) {
      publisher.close();
    }
    for (Runnable part = parts.poll(); part != null; part = parts.poll()) {
      part.run();
    }
  }
}
