package dev.tidewire.changes.postgres;

import dev.tidewire.RealtimeException;
import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.broker.SharedStreams;
import dev.tidewire.broker.StreamStore;
import dev.tidewire.broker.Tail;
import dev.tidewire.changes.store.StoreThreads;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.FrameIds;
import dev.tidewire.protocol.StoredDraft;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps all streams in tables of a PostgreSQL database and tells of them by NOTIFY: every node that
 * is given the same database shares channels, positions, recovery and idempotency keys. For two or
 * three nodes that have no Redis.
 *
 * <pre>{@code
 * Realtime.builder().broker(PostgresBroker.on(dataSource).build())
 * }</pre>
 *
 * <p>While the database cannot be reached, publishing and subscribing fail; what is connected stays
 * so, and goes on without a hole when it is back, or is told to reload. The broker keeps three
 * connections of the data source for itself, and one for presence. The data source is the caller's
 * to close, after the bus.
 *
 * <p>Safe for any thread. No call waits for the database, except {@link Builder#build} and {@link
 * #close}; stages are completed by threads that may be blocked.
 */
public final class PostgresBroker implements Broker {

  private static final Logger log = LoggerFactory.getLogger(PostgresBroker.class);
  private static final Duration TICK = Duration.ofMillis(100);
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final PostgresSettings settings;
  private final ThreadPoolExecutor answers = StoreThreads.answers("tidewire-postgres-answer-");
  private final ScheduledThreadPoolExecutor timer;
  private final Lane<Appends.Step> appends;
  private final Lane<Reads.Read> reads;
  private final SharedStreams streams;
  private final Listening listening;
  private final PostgresPresenceTracker presence;
  private final AtomicBoolean sweeping = new AtomicBoolean();
  private final AtomicLong lastSweep;

  private PostgresBroker(PostgresSettings settings) {
    this.settings = settings;
    lastSweep = new AtomicLong(System.nanoTime() - settings.sweepInterval().toNanos());
    timer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "tidewire-postgres-timer");
              thread.setDaemon(true);
              return thread;
            });
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    StreamRows rows = new StreamRows(settings);
    streams =
        new SharedStreams(
            new Tables(),
            task -> answers.execute(guarded(task)),
            settings.checkInterval(),
            () -> new RealtimeException("the connection to PostgreSQL was lost", null));
    appends = new Lane<>("append", settings, new Appends(settings, rows), reachable -> {});
    reads = new Lane<>("read", settings, new Reads(settings, rows), this::weather);
    presence = new PostgresPresenceTracker(settings, task -> answers.execute(guarded(task)));
    listening = new Listening(settings, new FromNodes());
  }

  /** Begins a broker on a PostgreSQL database, version 13 or newer. */
  public static Builder on(DataSource dataSource) {
    return new Builder(dataSource);
  }

  private static Runnable guarded(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException e) {
        log.atError()
            .addKeyValue("part", "broker")
            .setCause(e)
            .log("A task of the PostgreSQL broker failed");
      }
    };
  }

  private void open() {
    try (Session first =
        Session.open(settings.dataSource(), settings.schema(), settings.timeout())) {
      log.debug("The nodes meet at {}", first.channel());
    } catch (SQLException e) {
      throw new RealtimeException("PostgreSQL cannot be reached, or is not as it must be", e);
    }
    appends.start();
    reads.start();
    listening.start();
    var unused =
        timer.scheduleWithFixedDelay(
            guarded(this::tick), TICK.toMillis(), TICK.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void tick() {
    appends.expire();
    reads.expire();
    streams.tick();
    presence.tick();
  }

  private void weather(boolean reachable) {
    if (!reachable) {
      streams.lost();
    }
  }

  @Override
  public void start(BrokerListener listener) {
    streams.start(listener);
  }

  @Override
  public CompletionStage<Appended> append(
      Draft draft, ChannelOptions options, @Nullable String idempotencyKey) {
    return streams.append(draft, options, idempotencyKey);
  }

  @Override
  public CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit) {
    return streams.read(topic, since, limit);
  }

  @Override
  public void subscribe(String topic) {
    streams.subscribe(topic);
  }

  @Override
  public void unsubscribe(String topic) {
    streams.unsubscribe(topic);
  }

  /** Who is where, in tables of the same database; it keeps one connection more. */
  @Override
  public PresenceTracker presence() {
    return presence;
  }

  @Override
  public boolean isReachable() {
    return listening.isOpen() && appends.isReachable() && reads.isReachable();
  }

  @Override
  public void housekeep() {
    long now = System.nanoTime();
    long last = lastSweep.get();
    if (now - last >= settings.sweepInterval().toNanos()
        && reads.isReachable()
        && sweeping.compareAndSet(false, true)) {
      lastSweep.set(now);
      reads.submit(new Sweep(settings, streams::topics, sweeping));
    }
  }

  /** Channels that this node subscribes to. */
  @Override
  public int channelCount() {
    return streams.topics().size();
  }

  /** Ends the threads and gives the connections back; takes a few seconds at most. */
  @Override
  public void close() {
    timer.shutdownNow();
    appends.close();
    listening.close();
    reads.close();
    streams.close();
    answers.shutdown();
    try {
      if (!answers.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        answers.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The tables, as the streams use them. */
  private final class Tables implements StreamStore {
    @Override
    public CompletionStage<Appended> append(
        Draft draft, ChannelOptions options, @Nullable String key, @Nullable Position known) {
      Appends.Append append = new Appends.Append(draft, options, key, known);
      appends.submit(append);
      return append.answer();
    }

    @Override
    public CompletionStage<Position> check(String topic, @Nullable Position known) {
      if (known != null) {
        return submitted(new Reads.Check(topic, known));
      }
      Appends.Look look = new Appends.Look(topic);
      appends.submit(look);
      return look.answer();
    }

    @Override
    public CompletionStage<Tail> read(String topic, @Nullable Position since, ReadLimit limit) {
      return submitted(new Reads.Since(topic, since, limit, false));
    }

    @Override
    public CompletionStage<Tail> repair(String topic, Position since, ReadLimit limit) {
      return submitted(new Reads.Since(topic, since, limit, true));
    }

    private <A> CompletionStage<A> submitted(Reads.Asked<A> asked) {
      reads.submit(asked);
      return asked.answer;
    }

    @Override
    public void listen(String topic) {} // everything is heard

    @Override
    public void ignore(String topic) {}

    @Override
    public boolean isReachable() {
      return reads.isReachable();
    }
  }

  /** What the nodes say, on the thread that listens. */
  private final class FromNodes implements Listening.Listener {
    private final FrameCodec codec = new FrameCodec(new FrameIds("postgres"), 1);

    @Override
    public void opened() {
      streams.topics().forEach(streams::stands);
      presence.opened();
    }

    @Override
    public void heard(Message message) {
      if (message.kind() == Message.PRESENCE) {
        presence.heard(message);
        return;
      }
      if (message.kind() != Message.PUBLISHED || !streams.isNews(message.topic(), message.at())) {
        return;
      }
      byte[] content = message.content();
      if (content == null) {
        streams.announced(message.topic(), message.at());
      } else {
        streams.told(
            StoredDraft.read(message.topic(), content, 0, codec).at(message.at(), message.stamp()));
      }
    }
  }

  /**
   * Describes a broker.
   *
   * <p>For one thread.
   */
  public static final class Builder {

    private static final Duration LEAST = Duration.ofMillis(100);

    private final DataSource dataSource;
    private String tables = "tidewire";
    private Duration timeout = Duration.ofSeconds(5);
    private Duration checkInterval = Duration.ofSeconds(3);
    private Duration sweepInterval = Duration.ofSeconds(5);
    private long maxWaitingBytes = 64L << 20;
    private @Nullable Clock clock;

    private Builder(DataSource dataSource) {
      this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
    }

    /**
     * What the names of the tables begin with, bare or with their schema; default {@code tidewire}.
     * Lower-case letters, digits, underscores, at most 40. Nodes of one application share it.
     *
     * @throws IllegalArgumentException for another name
     */
    public Builder tables(String prefix) {
      var unused = new Schema(prefix);
      tables = prefix;
      return this;
    }

    /**
     * How long a statement may take, and a publication may wait for its turn, before it fails;
     * default 5 s. The server ends a transaction whose node stands still for so long.
     *
     * @throws IllegalArgumentException if it is shorter than 100 ms
     */
    public Builder timeout(Duration limit) {
      timeout = atLeast("timeout", limit);
      return this;
    }

    /**
     * How often a node asks how far its quiet channels are, default 3 s: within that time it
     * notices what it did not hear.
     *
     * @throws IllegalArgumentException if it is shorter than 100 ms
     */
    public Builder checkInterval(Duration interval) {
      checkInterval = atLeast("check interval", interval);
      return this;
    }

    /**
     * Bytes that may wait for the database, default 64 MiB; beyond, publishing fails at once.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder maxWaitingBytes(long bytes) {
      if (bytes < 1) {
        throw new IllegalArgumentException("not a number of bytes: " + bytes);
      }
      maxWaitingBytes = bytes;
      return this;
    }

    /** For tests. */
    Builder clock(Clock newClock) {
      clock = newClock;
      return this;
    }

    /** For tests. */
    Builder sweepInterval(Duration interval) {
      sweepInterval = interval;
      return this;
    }

    private static Duration atLeast(String what, Duration given) {
      if (given.compareTo(LEAST) < 0) {
        throw new IllegalArgumentException("a " + what + " is at least 100 ms: " + given);
      }
      return given;
    }

    /**
     * Connects, and creates the tables if they are missing.
     *
     * @throws IllegalArgumentException if the data source does not lead to PostgreSQL
     * @throws RealtimeException if the database cannot be reached or the tables not be created
     */
    public PostgresBroker build() {
      PostgresBroker broker =
          new PostgresBroker(
              new PostgresSettings(
                  dataSource,
                  new Schema(tables),
                  timeout,
                  checkInterval,
                  maxWaitingBytes,
                  clock,
                  sweepInterval));
      try {
        broker.open();
      } catch (RuntimeException e) {
        broker.close();
        throw e;
      }
      return broker;
    }
  }
}
