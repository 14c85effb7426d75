package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.protocol.ErrorCode;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * For adapters: who may come in, asked before anything is spent on them. Counts connections and
 * requests of the bus, of each network address and of each user. IPv6 addresses of one /64 network
 * count as one: a single client has all of them.
 *
 * <p>Safe for any thread; nothing here waits.
 */
public final class Admission {

  private static final Logger log = LoggerFactory.getLogger(Admission.class);

  /** A flood of addresses is not to fill the memory; far more than connections are possible. */
  private static final int MAX_ADDRESSES = 100_000;

  private static final int MAX_ADDRESS_LENGTH = 64;
  private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:][0-9a-fA-F.]*:[0-9a-fA-F:.]*");
  private static final int NETWORK_BYTES = 8;

  /** A handshake that was begun and came to nothing gives its place back after this. */
  private static final Duration HANDSHAKE_TIME = Duration.ofSeconds(30);

  private static final long SECOND = 1_000;
  private static final long FULL_WAIT_MS = 5_000;
  private static final long DRAINING_WAIT_MS = 2_000;
  private static final long CHANNELS_WAIT_MS = 60_000;

  private final Limits limits;
  private final Broker broker;
  private final Clock clock;
  private final Usage addresses;
  private final Usage users;
  private final AtomicInteger connections = new AtomicInteger();
  private final Set<Place> unopened = ConcurrentHashMap.newKeySet();
  private final TokenBucket handshakes; // guarded by itself
  private final AtomicBoolean saidAddress = new AtomicBoolean();
  private final LongAdder turnedAway = new LongAdder();
  private volatile boolean draining;

  Admission(Limits limits, Broker broker, Clock clock) {
    this.limits = limits;
    this.broker = broker;
    this.clock = clock;
    this.addresses =
        new Usage(
            limits.addressConnections(),
            limits.addressRequestsPerSecond(),
            limits.addressRequestBurst(),
            MAX_ADDRESSES);
    this.users =
        new Usage(
            limits.userConnections(),
            limits.userPublishesPerSecond(),
            limits.userPublishBurst(),
            Integer.MAX_VALUE); // they are known: a flood of them is not a stranger's doing
    this.handshakes = new TokenBucket(limits.handshakes(), limits.handshakes(), clock.millis());
  }

  /**
   * Lets in a handshake, of a WebSocket or a stream, and keeps a place for its connection. The
   * place must be {@linkplain Place#open opened} within thirty seconds, and closed in the end.
   *
   * @param address the client's, without a port; of a proxy only if nothing better is known
   * @throws Rejection {@code RATE_LIMITED} if the address has or asks too much, {@code UNAVAILABLE}
   *     if the bus is full
   */
  public Place handshake(String address) {
    requireOpen();
    String key = key(address);
    ask(key);
    boolean inTime;
    synchronized (handshakes) {
      inTime = handshakes.take(clock.millis()) == 0;
    }
    if (!inTime) {
      limits.met(Limit.HANDSHAKES);
      throw new Rejection(ErrorCode.UNAVAILABLE, "too many new connections: try again")
          .retryAfter(SECOND);
    }
    return place(key);
  }

  /** Lets in a poll: a request, and a connection until it is answered; else as a handshake. */
  public Place poll(String address) {
    requireOpen();
    String key = key(address);
    ask(key);
    return place(key);
  }

  /**
   * Lets in a request that is answered at once.
   *
   * @throws Rejection {@code RATE_LIMITED} if the address asks too much
   */
  public void request(String address) {
    ask(key(address));
  }

  /** Nobody is let in any more; those who are in stay until they are told to go. */
  void drain() {
    draining = true;
  }

  /** Refuses whoever is new while the bus is drained. */
  void requireOpen() {
    if (draining) {
      turnedAway.increment();
      throw new Rejection(ErrorCode.UNAVAILABLE, "the server is about to stop: try again")
          .retryAfter(DRAINING_WAIT_MS);
    }
  }

  /** Counts a body of a request that is larger than a message may be; what to answer. */
  public Rejection bodyTooLarge() {
    limits.met(Limit.FRAME_BYTES);
    return new Rejection(
        ErrorCode.TOO_LARGE, "a body is at most " + limits.frameBytes() + " bytes");
  }

  private void ask(String key) {
    long wait = addresses.ask(key, clock.millis());
    if (wait > 0) {
      refuse(Limit.ADDRESS_REQUESTS, key, "too many requests", wait);
    }
  }

  private Place place(String key) {
    int max = limits.connections();
    if (connections.incrementAndGet() > max && max > 0) {
      connections.decrementAndGet();
      limits.met(Limit.CONNECTIONS);
      throw new Rejection(ErrorCode.UNAVAILABLE, "the server is full: try again")
          .retryAfter(FULL_WAIT_MS);
    }
    if (!addresses.enter(key, clock.millis())) {
      connections.decrementAndGet();
      refuse(
          Limit.ADDRESS_CONNECTIONS,
          key,
          "at most " + limits.addressConnections() + " connections of one address",
          FULL_WAIT_MS);
    }
    Place place = new Place(key, clock.millis());
    unopened.add(place);
    return place;
  }

  private void refuse(Limit limit, String key, String why, long wait) {
    limits.met(limit);
    if (saidAddress.compareAndSet(false, true)) {
      log.atWarn()
          .addKeyValue("address", key)
          .addKeyValue("limit", limit)
          .log(
              "Address {} has reached its limit of {}. If that is your own proxy, the adapter must"
                  + " be told to trust what it forwards (HandshakePolicy.trustForwardedHeaders);"
                  + " see also Limits. Said once.",
              key,
              limit);
    }
    throw new Rejection(ErrorCode.RATE_LIMITED, why).retryAfter(wait);
  }

  /** What addresses are counted by. */
  static String key(String address) {
    String plain = address.split("%", 2)[0]; // IPv6 interfaces
    if (plain.length() <= MAX_ADDRESS_LENGTH && IPV6.matcher(plain).matches()) {
      try {
        InetAddress parsed = InetAddress.getAllByName(plain)[0]; // a literal: nobody is asked
        return parsed instanceof Inet6Address
            ? HexFormat.of().formatHex(Arrays.copyOf(parsed.getAddress(), NETWORK_BYTES))
            : parsed.getHostAddress();
      } catch (UnknownHostException e) {
        log.trace("Not an address: {}", plain, e);
      }
    }
    return address.length() <= MAX_ADDRESS_LENGTH
        ? address
        : address.substring(0, MAX_ADDRESS_LENGTH);
  }

  /** Takes one of the user's places; a guest has but one connection. */
  void enter(Identity who) {
    if (!who.guest() && !users.enter(who.userId(), clock.millis())) {
      limits.met(Limit.USER_CONNECTIONS);
      throw new Rejection(
              ErrorCode.RATE_LIMITED,
              "at most " + limits.userConnections() + " connections of one user")
          .retryAfter(FULL_WAIT_MS);
    }
  }

  void leave(Identity who) {
    if (!who.guest()) {
      users.leave(who.userId());
    }
  }

  /** Counts a publication of a user, over whatever connection or none. */
  void publish(Identity who) {
    long wait = who.guest() ? 0 : users.ask(who.userId(), clock.millis());
    if (wait > 0) {
      limits.met(Limit.USER_PUBLISHES);
      throw new Rejection(ErrorCode.RATE_LIMITED, "too many messages of one user").retryAfter(wait);
    }
  }

  /** Lets a client use a channel, which then may have to be kept in memory. */
  void channel(String topic) {
    if (!broker.hasRoomFor(topic)) {
      limits.met(Limit.CHANNELS);
      throw new Rejection(ErrorCode.LIMIT_EXCEEDED, "too many channels are in use")
          .retryAfter(CHANNELS_WAIT_MS);
    }
  }

  /** Connections that are let in now, those still in their handshake included. */
  public int connectionCount() {
    return connections.get();
  }

  /** How often somebody was refused because the bus is drained. */
  long turnedAway() {
    return turnedAway.sum();
  }

  /** How many addresses and users are remembered. */
  int remembered() {
    return addresses.size() + users.size();
  }

  /** Called about once a second: frees and forgets. */
  void housekeep() {
    long now = clock.millis();
    unopened.forEach(place -> place.closeUnlessOpened(now - HANDSHAKE_TIME.toMillis()));
    addresses.forgetIdle(now);
    users.forgetIdle(now);
  }

  /** The place of one connection. Safe for any thread. */
  public final class Place implements AutoCloseable {

    private final String key;
    private final long since;
    private final AtomicBoolean closed = new AtomicBoolean();

    Place(String key, long since) {
      this.key = key;
      this.since = since;
    }

    /** The connection stands; false if that took so long that the place was given away. */
    public boolean open() {
      return unopened.remove(this) && !closed.get();
    }

    /** Gives the place back. Later calls have no effect. */
    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        unopened.remove(this);
        addresses.leave(key);
        connections.decrementAndGet();
      }
    }

    private void closeUnlessOpened(long begunBefore) {
      if (since <= begunBefore && unopened.remove(this)) {
        close();
      }
    }
  }
}
