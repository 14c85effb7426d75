package dev.tidewire;

import java.time.Duration;

/**
 * Bounds of what one client may cost. All are on by default; 0 (or a zero duration) means
 * unlimited. Not thread-safe while being set; read-only and safe once the {@link Realtime} is
 * built.
 */
public final class Limits {

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

  Limits() {}

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
    if (time.isNegative()) {
      throw new IllegalArgumentException("a limit is 0 or more: " + time);
    }
    authenticationTime = time;
    return this;
  }

  Duration authenticationTime() {
    return authenticationTime;
  }

  private static int count(int value) {
    if (value < 0) {
      throw new IllegalArgumentException("a limit is 0 or more: " + value);
    }
    return value;
  }
}
