package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import dev.tidewire.history.HistoryStore;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Reply;
import dev.tidewire.protocol.Topics;
import dev.tidewire.rows.RowSource;
import dev.tidewire.sync.DocumentOptions;
import dev.tidewire.sync.yjs.YjsOptions;
import dev.tidewire.sync.yjs.YjsRooms;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Session;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The event bus of one application: its channels, who may use them, and everybody connected. Build
 * one, install it with an adapter, close it when the application ends.
 *
 * <p>Safe for any thread.
 */
public final class Realtime implements AutoCloseable {

  private final Broker broker;
  private final Limits limits;
  private final Admission admission;
  private final SharedDocuments documents;
  private final Requests requests;
  private final Sessions sessions;
  private final ChannelPorts ports;
  private final Map<String, TableRows> tables = new ConcurrentHashMap<>();
  private final Streams streams;
  private final @Nullable YjsRooms yjs;
  private final Operations operations;
  private final Shutdown shutdown;

  private Realtime(Builder settings) {
    RandomIds ids = new RandomIds(new SecureRandom());
    limits = settings.limits;
    FrameCodec codec = Backends.codec(settings, ids);
    broker = Backends.broker(settings, ids);
    admission = new Admission(limits, broker, settings.clock);
    WatchedHistory history = Backends.history(settings);
    PresenceTracker presence = Backends.presence(settings, broker);
    Threads threads = settings.threads.get();
    ChannelSettings channels = new ChannelSettings(settings.channels);
    Hub hub = new Hub(broker, presence, codec, channels, threads, settings);
    AccessControl access = new AccessControl(settings.access);
    Publisher publisher = new Publisher(broker, history, codec, channels, settings);
    ports = new ChannelPorts(publisher, hub, codec, threads, presence, history);
    documents = new SharedDocuments(settings, broker, publisher, codec, access, ids, threads);
    requests =
        new Requests(
            access, admission, publisher, history, presence, codec, limits, ids, documents);
    sessions = new Sessions(ports, requests, access, admission, tables, settings, ids);
    streams = new Streams(sessions);
    yjs = YjsPart.open(settings, access, sessions, threads, broker, codec, ids);
    operations =
        new Operations(settings, broker, history, hub, sessions, publisher, admission, yjs);
    shutdown =
        new Shutdown(sessions, publisher, threads, broker, presence, history, documents, yjs);
    broker.start(YjsPart.listener(yjs, hub));
    presence.start(hub);
    operations.begin(threads, documents);
  }

  /** Starts to describe a bus. Without further settings nobody may do anything. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * The channel of this name; it need not exist yet.
   *
   * @throws IllegalArgumentException if the name is no topic
   */
  public Channel channel(String topic) {
    return new Channel(ports, Topics.require(topic));
  }

  /** The documents that pages and this server edit together. */
  public SharedDocuments documents() {
    return documents;
  }

  /** Publishes an event to a channel: {@code channel(topic).publish(event, data)}. */
  public CompletionStage<Position> emit(String event, @Nullable Object data, String topic) {
    return channel(topic).publish(event, data);
  }

  /**
   * Makes {@code topic} a table channel: only row changes are published there from now on, through
   * the returned object.
   */
  public TableChannel tableChannel(String topic) {
    ports.publisher().registerTable(Topics.require(topic));
    return new TableChannel(ports.publisher(), broker, topic);
  }

  /** The same with rows that clients may choose and read; without a policy everybody all. */
  public TableChannel tableChannel(String topic, RowSource source, @Nullable RowPolicy policy) {
    TableChannel channel = tableChannel(topic);
    tables.put(topic, new TableRows(source, policy));
    return channel;
  }

  /**
   * Lets {@code handler} answer the clients' calls of {@code method} until that is closed.
   *
   * @throws IllegalStateException if the method has a handler
   */
  public Subscription onCall(String method, CallHandler handler) {
    return requests.onCall(method, handler);
  }

  /** Closes the connections that the predicate picks, with 4001; for logouts and changed roles. */
  public void revoke(Predicate<Identity> whose) {
    sessions.revoke(whose);
    YjsPart.revoke(yjs, whose);
  }

  /**
   * Asks all policies again about what the clients are subscribed to and present in whom the
   * predicate picks. What is not allowed any more is over when this returns, the rest goes on
   * without a hole. Policies are called on this thread, or on that of a client's command.
   */
  public void recheck(Predicate<Identity> whose) {
    recheck(whose, who -> who);
  }

  /**
   * The same for policies that go by roles: {@code change} makes of an identity that of the same
   * user from now on.
   */
  public void recheck(Predicate<Identity> whose, UnaryOperator<Identity> change) {
    sessions.recheck(whose, change);
    YjsPart.recheck(yjs, whose, change);
  }

  /** The Yjs documents; null if there is no store for them. */
  public @Nullable YjsRooms yjs() {
    return yjs;
  }

  /** Number of live connections. */
  public int connectionCount() {
    return sessions.count();
  }

  /** What this node holds now and has done so far; for counters, charts and alarms. */
  public Statistics statistics() {
    return operations.statistics();
  }

  /** How it does, for load balancers and alarms. */
  public Health health() {
    return operations.health();
  }

  /**
   * Lets nobody in any more and sends the clients elsewhere, a share of them each second until
   * {@code over} has passed; then {@link #close} is quick. Completes when all have gone, at most
   * ten seconds later. A second call changes nothing.
   */
  public CompletionStage<Void> drain(Duration over) {
    return operations.drain(over);
  }

  /** Has something closed as soon as the bus is; at once, if that has happened. */
  public void closeWith(AutoCloseable part) {
    operations.closeWith(part);
  }

  /** How often something was refused since the start for this limit; of {@link Limits}. */
  public long refusals(Limit limit) {
    return limits.timesMet(limit);
  }

  /** Looks at what happens here, for people and tools that run the application. */
  public Inspector inspector() {
    return new Inspector(sessions, broker, ports);
  }

  /** For adapters: who may come in. */
  public Admission admission() {
    return admission;
  }

  /**
   * For adapters: a client has connected.
   *
   * @param identity who, if the handshake settled it; null if the first frame is to
   */
  public Session connect(Connection connection, @Nullable Identity identity) {
    return sessions.open(connection, identity);
  }

  /** For adapters: clients that hear on one request and speak on others. */
  public Streams streams() {
    return streams;
  }

  /** For adapters: verifies a token; null if it is not valid. Fails with {@link Rejection}. */
  public @Nullable Identity verify(String token) {
    return sessions.verify(token);
  }

  /** For adapters: whether connections without an identity are let in as guests. */
  public boolean admitsGuests() {
    return sessions.orGuest(null) != null;
  }

  /**
   * For adapters: carries out a publish, history, members or call command of an HTTP request, with
   * the checks of a frame. The stage never fails; a failure is a {@link Reply.Failure}.
   *
   * @param identity who asks, or null; then a guest, if guests are let in
   */
  public CompletionStage<Reply> request(@Nullable Identity identity, Command command) {
    return sessions.request(identity, command);
  }

  /** For adapters: how long somebody may be present without a connection. */
  public Duration presenceGrace() {
    return sessions.absences().grace();
  }

  /** For adapters: the encoding of frames. */
  public FrameCodec codec() {
    return ports.codec();
  }

  /** For adapters: bytes that one incoming message may have, 0 for unlimited. */
  public int maxFrameBytes() {
    return limits.frameBytes();
  }

  Hub hub() {
    return ports.hub();
  }

  /**
   * Sends what waits, tells every client to come back within fifteen seconds, closes the
   * connections and ends all threads; takes ten seconds at most. A second call has no effect.
   */
  @Override
  public void close() {
    if (operations.close()) {
      shutdown.run();
    }
  }

  /** Describes a bus. Not thread-safe; {@link #build} may be called once. */
  public static final class Builder {

    private boolean built;
    AccessPolicy access = AccessPolicy.denyAll();
    final Map<String, ChannelOptions> channels = new LinkedHashMap<>();
    final List<PublishInterceptor> interceptors = new ArrayList<>();
    final Limits limits = new Limits();
    final Counters counters = new Counters();
    @Nullable TokenVerifier tokens;
    @Nullable Broker broker;
    @Nullable HistoryStore history;
    @Nullable PresenceTracker presence;
    @Nullable DocumentOptions documents;
    @Nullable YjsOptions yjs;
    Supplier<Threads> threads = () -> new Threads(Runtime.getRuntime().availableProcessors());
    boolean guests;
    Duration pingInterval = Duration.ofSeconds(25);
    Duration pongTimeout = Duration.ofSeconds(5);
    Duration presenceGrace = Duration.ZERO;
    Clock clock = Clock.systemUTC();

    Builder() {}

    /** Who may do what; default: nobody anything. */
    public Builder access(AccessPolicy policy) {
      access = Objects.requireNonNull(policy, "policy");
      return this;
    }

    /** Lets in connections without any login, as guests; default no. */
    public Builder guests() {
      guests = true;
      return this;
    }

    /** How tokens become identities; default: none are taken. */
    public Builder tokens(TokenVerifier verifier) {
      tokens = verifier;
      return this;
    }

    /**
     * Options of the channels whose name matches: a name, or a beginning followed by {@code *}. A
     * name counts before a pattern, a longer pattern before a shorter one.
     *
     * @throws IllegalArgumentException if the pattern can match no topic
     */
    public Builder channels(String pattern, UnaryOperator<ChannelOptions> options) {
      channels.put(ChannelSettings.requirePattern(pattern), options.apply(ChannelOptions.DEFAULT));
      return this;
    }

    /** Adds an interceptor after those there are. */
    public Builder intercept(PublishInterceptor interceptor) {
      interceptors.add(Objects.requireNonNull(interceptor, "interceptor"));
      return this;
    }

    /** Changes limits. */
    public Builder limits(Consumer<Limits> change) {
      change.accept(limits);
      return this;
    }

    /**
     * How often a client pings (default 25 s, zero for never) and how long it waits for the answer
     * (default 5 s). A client that is silent for both and five seconds more is closed 4000.
     */
    public Builder heartbeat(Duration interval, Duration timeout) {
      pingInterval = Limits.requireTime(interval);
      pongTimeout = Limits.requireTime(timeout);
      return this;
    }

    /** Where streams live; default in this JVM. Closed with the bus. */
    public Builder broker(Broker newBroker) {
      broker = newBroker;
      return this;
    }

    /** Where persisted messages live; default in this JVM. Closed with the bus. */
    public Builder history(HistoryStore store) {
      history = store;
      return this;
    }

    /** Where presence lives; default with the broker, or in this JVM. Closed with the bus. */
    public Builder presence(PresenceTracker tracker) {
      presence = tracker;
      return this;
    }

    /**
     * How long somebody whose connection was lost stays present, so that a short drop is neither
     * leave nor join; default zero: not at all. Counted from the end of the connection, checked
     * every second; who closes in order, or is revoked, leaves at once.
     */
    public Builder presenceGrace(Duration window) {
      presenceGrace = Limits.requireTime(window);
      return this;
    }

    /** How shared documents are kept; default in this JVM. Their store is closed with the bus. */
    public Builder documents(DocumentOptions options) {
      documents = options;
      return this;
    }

    /** Where Yjs documents live and what they may cost; default: there are none. */
    public Builder yjs(YjsOptions options) {
      yjs = options;
      return this;
    }

    /** The time; for tests. */
    public Builder clock(Clock newClock) {
      clock = newClock;
      return this;
    }

    /**
     * Starts the bus.
     *
     * @throws IllegalStateException at the second call: broker, history and presence belong to one
     */
    public Realtime build() {
      if (built) {
        throw new IllegalStateException("built already");
      }
      built = true;
      return new Realtime(this);
    }
  }
}
