package dev.tidewire.sync.yjs;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.Identity;
import dev.tidewire.Rejection;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.transport.BinaryConnection;
import java.time.Clock;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Yjs documents of a bus: its open rooms and everybody in them. A room is opened by its first
 * client and forgotten, but for what is stored, after its last. Safe for any thread.
 */
public final class YjsRooms implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(YjsRooms.class);

  /** What the policy is asked about begins so. */
  static final String TOPIC = "yjs/";

  private static final int MAX_NAME = 255;
  private static final long SWEEP_MS = 3_000;

  /** So much later than a second, a tick tells that this JVM stood still. */
  private static final long STANDSTILL_MS = 5_000;

  private static final long FORGIVENESS_MS = 60_000;

  /** A room that another node asked for is kept open so long. */
  private static final long VISIT_MS = 15_000;

  /** Asks the application's policy; throws a {@link Rejection} if the answer is no. */
  @FunctionalInterface
  public interface Access {
    void require(Identity identity, String topic, Action action);
  }

  /** A room held open for another node's sake. */
  private record Visit(YjsRoom room, long until) {}

  private final YjsOptions options;
  private final @Nullable YjsNodes nodes;
  private final Access access;
  private final UnaryOperator<@Nullable Identity> orGuest;
  private final Executor executor;
  private final Clock clock;
  private final ConcurrentHashMap<String, YjsRoom> rooms = new ConcurrentHashMap<>();
  private final Set<YjsClient> clients = ConcurrentHashMap.newKeySet();
  private final AtomicInteger connections = new AtomicInteger();
  private final Queue<Visit> visits = new ConcurrentLinkedQueue<>();
  private final Mailbox calls;
  private volatile boolean stopping;
  // Touched by the timer alone.
  private long lastTick;
  private long lastSweep;
  private long forgivenUntil;
  private boolean hearsCalls;

  /**
   * For the bus.
   *
   * @param nodes where other nodes are told, or null if there are none
   * @param orGuest the identity itself, or a guest's if there is none and guests are let in
   */
  public YjsRooms(
      YjsOptions options,
      @Nullable YjsNodes nodes,
      Access access,
      UnaryOperator<@Nullable Identity> orGuest,
      Executor executor,
      Clock clock) {
    this.options = options;
    this.nodes = nodes;
    this.calls = new Mailbox(executor);
    this.access = access;
    this.orGuest = orGuest;
    this.executor = executor;
    this.clock = clock;
    this.lastTick = clock.millis();
  }

  /**
   * Whether a room may be called so: 1 to 255 characters, no control characters, no blanks at the
   * ends.
   */
  public static boolean isName(String name) {
    return !name.isEmpty()
        && name.length() <= MAX_NAME
        && name.strip().length() == name.length()
        && name.codePoints()
            .noneMatch(c -> Character.isISOControl(c) || (c >= 0xd800 && c <= 0xdfff));
  }

  /**
   * The whole document of a room as one update, for {@code Y.applyUpdate} or to keep elsewhere;
   * {@code 0, 0} for one that nobody wrote to.
   *
   * @throws IllegalArgumentException if the room cannot be called so
   */
  public CompletionStage<byte[]> read(String name) {
    YjsRoom room = hold(requireName(name), 0);
    if (room == null) {
      return CompletableFuture.failedStage(
          new Rejection(ErrorCode.UNAVAILABLE, "the server stops: try again"));
    }
    CompletableFuture<byte[]> read = room.read();
    room.leave();
    return read;
  }

  private static String requireName(String name) {
    if (!isName(name)) {
      throw new IllegalArgumentException("not the name of a room: '" + name + "'");
    }
    return name;
  }

  /** Rooms that are open now. */
  public int roomCount() {
    return rooms.size();
  }

  /** Connections to all rooms. */
  public int connectionCount() {
    return clients.size();
  }

  /** For adapters: bytes that one incoming message may have, 0 for unlimited. */
  public int maxMessageBytes() {
    return options.messageBytes();
  }

  YjsOptions options() {
    return options;
  }

  long now() {
    return clock.millis();
  }

  /** Why the policy says no, or null. */
  @Nullable String refusal(Identity identity, String topic, Action action) {
    try {
      access.require(identity, topic, action);
      return null;
    } catch (Rejection e) {
      return String.valueOf(e.getMessage());
    }
  }

  void malformed(String topic, BadUpdate why) {
    log.debug("A client of {} sent what is malformed: {}", topic, why.getMessage());
  }

  /**
   * For adapters: somebody has connected to a room.
   *
   * @param identity who, or null; then a guest, if guests are let in
   * @return null if it is refused; the connection is then being closed
   * @throws IllegalArgumentException if the room cannot be called so
   */
  public @Nullable YjsClient connect(
      String name, BinaryConnection connection, @Nullable Identity identity) {
    String topic = TOPIC + requireName(name);
    YjsOutlet outlet = new YjsOutlet(connection, options.queueBytes());
    Identity who = orGuest.apply(identity);
    if (who == null) {
      return refused(outlet, "log in first", CloseCode.YJS_UNAUTHORIZED);
    }
    String refusal = refusal(who, topic, Action.SUBSCRIBE);
    if (refusal != null) {
      return refused(outlet, refusal, CloseCode.YJS_FORBIDDEN);
    }
    YjsRoom room = admit(name);
    if (room == null) {
      outlet.close(stopping ? CloseCode.GOING_AWAY : CloseCode.TRY_AGAIN);
      return null;
    }
    YjsClient client = new YjsClient(this, room, topic, outlet, who);
    clients.add(client);
    room.join(client);
    if (stopping) {
      client.dismiss();
    }
    return client;
  }

  /** For adapters: tells a client why it is not let in, and closes its connection. */
  public void refuse(BinaryConnection connection, String reason, boolean forbidden) {
    refused(
        new YjsOutlet(connection, 0),
        reason,
        forbidden ? CloseCode.YJS_FORBIDDEN : CloseCode.YJS_UNAUTHORIZED);
  }

  private static @Nullable YjsClient refused(YjsOutlet outlet, String reason, CloseCode code) {
    outlet.send(YjsMessages.denied(reason));
    outlet.closeAfterFlush(code);
    return null;
  }

  private @Nullable YjsRoom admit(String name) {
    int most = options.connections();
    if (connections.incrementAndGet() > most && most > 0) {
      connections.decrementAndGet();
      return null;
    }
    YjsRoom room = hold(name, options.connectionsPerRoom());
    if (room == null) {
      connections.decrementAndGet();
    }
    return room;
  }

  /**
   * @param most how many may hold it, 0 for any number
   */
  private @Nullable YjsRoom hold(String name, int most) {
    if (stopping) {
      return null;
    }
    boolean[] held = new boolean[1];
    YjsRoom room =
        rooms.compute(
            name,
            (key, known) -> {
              YjsRoom open = known == null ? open(key) : known;
              held[0] = most == 0 || open.holders < most;
              open.holders += held[0] ? 1 : 0;
              return open;
            });
    return held[0] ? room : null;
  }

  private YjsRoom open(String name) {
    Mailbox mailbox = new Mailbox(executor);
    YjsRoom room = new YjsRoom(name, options, mailbox, nodes, count -> release(name, count));
    if (nodes != null) {
      nodes.follow(YjsNodes.topic(name), room);
    }
    return room;
  }

  /** True if nobody holds it any more. */
  private boolean release(String name, int count) {
    YjsRoom left =
        rooms.computeIfPresent(
            name,
            (key, room) -> {
              room.holders -= count;
              if (room.holders > 0) {
                return room;
              }
              if (nodes != null) {
                nodes.ignore(YjsNodes.topic(name));
              }
              return null;
            });
    return left == null;
  }

  /** For the bus: hears what other nodes tell of rooms, and leaves all else to {@code others}. */
  public BrokerListener listener(BrokerListener others) {
    return nodes == null
        ? others
        : nodes.listener(others, name -> calls.add(() -> called(name.get())));
  }

  /** Another node has opened a room: what is kept of it here is to be told. */
  private void called(String name) {
    if (!isName(name) || rooms.containsKey(name)) {
      return; // an open room hears of it by itself
    }
    YjsLog.call(() -> options.store().load(name))
        .thenAccept(
            kept -> {
              YjsRoom room = kept.isEmpty() ? null : hold(name, 0);
              if (room != null) {
                visits.add(new Visit(room, now() + VISIT_MS));
                var unused = room.read();
              }
            });
  }

  void gone(YjsClient client) {
    if (clients.remove(client)) {
      connections.decrementAndGet();
    }
  }

  /** For the bus: about once a second, by one thread. */
  public void tick() {
    long now = now();
    if (now - lastTick > STANDSTILL_MS) {
      forgivenUntil = now + FORGIVENESS_MS; // nobody could be heard meanwhile
    }
    lastTick = now;
    clients.forEach(client -> client.tick(now, now < forgivenUntil));
    if (now - lastSweep >= SWEEP_MS) {
      lastSweep = now;
      rooms.values().forEach(room -> room.sweep(now));
    }
    if (nodes != null) {
      follow(nodes, now);
    }
  }

  private void follow(YjsNodes others, long now) {
    if (!hearsCalls) {
      hearsCalls = true;
      others.hearCalls();
    }
    rooms.values().forEach(room -> room.tick(now));
    Visit oldest = visits.peek();
    while (oldest != null && (oldest.until() <= now || stopping)) {
      visits.remove();
      oldest.room().leave();
      oldest = visits.peek();
    }
  }

  /** For the bus: closes the connections whose identity the predicate picks. */
  public void revoke(Predicate<Identity> whose) {
    clients.forEach(
        client -> {
          if (client.is(whose)) {
            client.revoked();
          }
        });
  }

  /** For the bus: asks again what those may whom the predicate picks. */
  public void recheck(Predicate<Identity> whose, UnaryOperator<Identity> change) {
    clients.forEach(
        client -> {
          if (client.is(whose)) {
            client.recheck(change.apply(client.identity()));
          }
        });
  }

  /** For the bus: tells everybody to come back later, also those still to come. */
  public void dismiss() {
    stopping = true;
    clients.forEach(YjsClient::dismiss);
  }

  /** For the bus: tells some to come back later, so that so many stay. */
  public void dismissAllBut(long mayStay) {
    long excess = clients.size() - mayStay;
    for (YjsClient client : clients) { // always in the same order: who was told comes first again
      if (excess-- <= 0) {
        return;
      }
      client.dismiss();
    }
  }

  /** For the bus: cuts what is still connected and closes the store. */
  @Override
  public void close() {
    dismiss();
    clients.forEach(client -> client.close(CloseCode.GOING_AWAY));
    options.store().close();
  }
}
