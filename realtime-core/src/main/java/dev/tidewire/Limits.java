package dev.tidewire;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bounds of what one client may cost, and how often they were met. All are on by default; 0 (or a
 * zero duration) means unlimited. Not thread-safe while being set; read-only and safe once the
 * {@link Realtime} is built.
 */
public final class Limits {

  private static final Logger log = LoggerFactory.getLogger(Limits.class);
  private static final int AS_FRAMES = -1;

  private final Set<Limit> said = ConcurrentHashMap.newKeySet();
  private final Map<Limit, LongAdder> met = new EnumMap<>(Limit.class);
  private int connections = FileDescriptors.connections();
  private int userConnections = 20;
  private int addressConnections = 200;
  private int handshakes = 2_000;
  private int addressRequestsPerSecond = 200;
  private int addressRequestBurst = 400;
  private int publishesPerSecond;
  private int publishBurst;
  private int userPublishesPerSecond = AS_FRAMES;
  private int userPublishBurst = AS_FRAMES;
  private int channels = 100_000;
  private long retainedBytes = Runtime.getRuntime().maxMemory() / 4;
  private int frameBytes = 64 * 1024;
  private int publicationBytes = 256 * 1024;
  private int queueBytes = 1024 * 1024;
  private int subscriptions = 100;
  private int framesPerSecond = 50;
  private int frameBurst = 100;
  private int framesPerMessage = 100;
  private int badFrames = 10;
  private int historyPage = 300;
  private int recoveryMessages = 1_000;
  private int recoveryBytes = 1024 * 1024;
  private int presenceStateBytes = 4 * 1024;
  private int members = 1_000;
  private Duration authenticationTime = Duration.ofSeconds(10);

  Limits() {
    for (Limit limit : Limit.values()) {
      met.put(limit, new LongAdder());
    }
  }

  /** Something was refused for this limit. */
  void met(Limit limit) {
    adder(limit).increment();
    if (said.add(limit)) {
      log.atInfo()
          .addKeyValue("limit", limit)
          .log("The limit {} was met for the first time; from now on it is only counted", limit);
    }
  }

  long timesMet(Limit limit) {
    return adder(limit).sum();
  }

  private LongAdder adder(Limit limit) {
    return Objects.requireNonNull(met.get(limit));
  }

  /**
   * Connections of the bus, whatever their transport; a poll is one until it is answered. Default:
   * what the process may open less 1,000 (at least half of it), at most 19,000. More are refused
   * before the upgrade, with {@code UNAVAILABLE} (HTTP 503): a server that has no file descriptor
   * left would let them hang.
   */
  public Limits connections(int count) {
    connections = count(count);
    return this;
  }

  int connections() {
    return connections;
  }

  /**
   * Connections of one user, default 20; counted by user id, guests not at all. {@code
   * RATE_LIMITED}: a WebSocket is closed 4029, HTTP answers 429.
   */
  public Limits userConnections(int count) {
    userConnections = count(count);
    return this;
  }

  int userConnections() {
    return userConnections;
  }

  /** Connections of one network address, default 200; {@code RATE_LIMITED}, HTTP 429. */
  public Limits addressConnections(int count) {
    addressConnections = count(count);
    return this;
  }

  int addressConnections() {
    return addressConnections;
  }

  /**
   * New connections of the bus in a second, default 2,000; {@code UNAVAILABLE}, HTTP 503. Polls are
   * none.
   */
  public Limits handshakes(int perSecond) {
    handshakes = count(perSecond);
    return this;
  }

  int handshakes() {
    return handshakes;
  }

  /**
   * Requests of one network address, default 200 a second after a burst of 400: handshakes, polls,
   * and what is posted or asked by HTTP, each frame of a request without a session as one. {@code
   * RATE_LIMITED}, HTTP 429 with {@code Retry-After}.
   */
  public Limits addressRequests(int perSecond, int burst) {
    addressRequestsPerSecond = count(perSecond);
    addressRequestBurst = count(burst);
    return this;
  }

  int addressRequestsPerSecond() {
    return addressRequestsPerSecond;
  }

  int addressRequestBurst() {
    return addressRequestBurst;
  }

  /**
   * Publications of one connection, after a burst; default 0: as each is a frame, {@link #frames}
   * bounds them. {@code RATE_LIMITED}.
   */
  public Limits publishes(int perSecond, int burst) {
    publishesPerSecond = count(perSecond);
    publishBurst = count(burst);
    return this;
  }

  int publishesPerSecond() {
    return publishesPerSecond;
  }

  int publishBurst() {
    return publishBurst;
  }

  /**
   * Publications of one user over all connections and by HTTP, default twice {@link #frames}: 100 a
   * second after a burst of 200. {@code RATE_LIMITED}. Guests are bounded by connection.
   */
  public Limits userPublishes(int perSecond, int burst) {
    userPublishesPerSecond = count(perSecond);
    userPublishBurst = count(burst);
    return this;
  }

  int userPublishesPerSecond() {
    return userPublishesPerSecond == AS_FRAMES ? doubled(framesPerSecond) : userPublishesPerSecond;
  }

  int userPublishBurst() {
    return userPublishBurst == AS_FRAMES ? doubled(frameBurst) : userPublishBurst;
  }

  private static int doubled(int value) {
    return (int) Math.min(Integer.MAX_VALUE, 2L * value);
  }

  /**
   * Channels that the broker of this JVM keeps in memory, default 100,000. Beyond it those that
   * nobody uses are forgotten early, first those nothing was published to; if all are in use,
   * clients get {@code LIMIT_EXCEEDED} for further ones. What the server itself publishes is not
   * refused. A broker of the application's own counts for itself.
   */
  public Limits channels(int count) {
    channels = count(count);
    return this;
  }

  int channels() {
    return channels;
  }

  /**
   * Bytes that the broker of this JVM retains for recovery in all channels together, about; default
   * a quarter of the memory that the JVM may use. Beyond it the largest channels forget their
   * oldest publications early, down to one size: a client that missed those is told to load again.
   * Nothing is refused. A broker of the application's own counts for itself.
   */
  public Limits retainedBytes(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("a limit is 0 or more: " + bytes);
    }
    retainedBytes = bytes;
    return this;
  }

  long retainedBytes() {
    return retainedBytes;
  }

  /** Bytes of one incoming message, default 64 KiB; a larger one closes the connection 1009. */
  public Limits frameBytes(int bytes) {
    frameBytes = count(bytes);
    return this;
  }

  int frameBytes() {
    return frameBytes;
  }

  /**
   * Bytes of one publication from the server, default 256 KiB. A larger one is refused; a row
   * change of that size becomes a reset.
   */
  public Limits publicationBytes(int bytes) {
    publicationBytes = count(bytes);
    return this;
  }

  int publicationBytes() {
    return publicationBytes;
  }

  /** Bytes waiting for one client, default 1 MiB; a slower client is closed 4008 and resumes. */
  public Limits queueBytes(int bytes) {
    queueBytes = count(bytes);
    return this;
  }

  int queueBytes() {
    return queueBytes;
  }

  /**
   * Subscriptions, and tracked channels, of one connection, default 100; {@code LIMIT_EXCEEDED}.
   */
  public Limits subscriptions(int count) {
    subscriptions = count(count);
    return this;
  }

  int subscriptions() {
    return subscriptions;
  }

  /**
   * Frames of one connection, default 50 a second after a burst of 100. A frame too many is
   * answered {@code RATE_LIMITED}; a further burst of them closes the connection 4029.
   */
  public Limits frames(int perSecond, int burst) {
    framesPerSecond = count(perSecond);
    frameBurst = count(burst);
    return this;
  }

  int framesPerSecond() {
    return framesPerSecond;
  }

  int frameBurst() {
    return frameBurst;
  }

  /** Frames in one message, default 100; the rest is refused with {@code LIMIT_EXCEEDED}. */
  public Limits framesPerMessage(int count) {
    framesPerMessage = count(count);
    return this;
  }

  int framesPerMessage() {
    return framesPerMessage == 0 ? Integer.MAX_VALUE : framesPerMessage;
  }

  /** Malformed frames within ten seconds, default 10; one more closes the connection 4509. */
  public Limits badFrames(int count) {
    badFrames = count(count);
    return this;
  }

  int badFrames() {
    return badFrames;
  }

  /** Messages in a page of history, default 300; {@code LIMIT_EXCEEDED}. */
  public Limits historyPage(int messages) {
    historyPage = count(messages);
    return this;
  }

  int historyPage() {
    return historyPage == 0 ? Integer.MAX_VALUE : historyPage;
  }

  /** What one recovery carries, default 1,000 messages and 1 MiB; beyond it the client reloads. */
  public Limits recovery(int messages, int bytes) {
    recoveryMessages = count(messages);
    recoveryBytes = count(bytes);
    return this;
  }

  int recoveryMessages() {
    return recoveryMessages == 0 ? Integer.MAX_VALUE : recoveryMessages;
  }

  int recoveryBytes() {
    return recoveryBytes == 0 ? Integer.MAX_VALUE : recoveryBytes;
  }

  /** Bytes of one presence state, default 4 KiB; {@code TOO_LARGE}. */
  public Limits presenceStateBytes(int bytes) {
    presenceStateBytes = count(bytes);
    return this;
  }

  int presenceStateBytes() {
    return presenceStateBytes;
  }

  /** Members told in one presence state, default 1,000; {@code count} still tells them all. */
  public Limits members(int count) {
    members = count(count);
    return this;
  }

  int members() {
    return members;
  }

  /** Time to authenticate, default 10 seconds; then the connection is closed 4001. */
  public Limits authenticationTime(Duration time) {
    authenticationTime = requireTime(time);
    return this;
  }

  Duration authenticationTime() {
    return authenticationTime;
  }

  /**
   * Whether the text is more than so many bytes of UTF-8; never if they are 0, which is no limit.
   * Counts only where it may matter: a character is three bytes at most.
   */
  static boolean isLonger(String text, int bytes) {
    return bytes > 0
        && text.length() > bytes / 3
        && text.getBytes(StandardCharsets.UTF_8).length > bytes;
  }

  static Duration requireTime(Duration time) {
    if (time.isNegative() || time.compareTo(Duration.ofDays(365)) > 0) {
      throw new IllegalArgumentException("a time is zero to a year: " + time);
    }
    return time;
  }

  private static int count(int value) {
    if (value < 0) {
      throw new IllegalArgumentException("a limit is 0 or more: " + value);
    }
    return value;
  }
}
