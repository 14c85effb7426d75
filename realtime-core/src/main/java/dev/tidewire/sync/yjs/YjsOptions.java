package dev.tidewire.sync.yjs;

import java.util.Objects;

/**
 * How Yjs documents are kept and what they may cost. Bounds of 0 mean unlimited.
 *
 * <pre>{@code
 * Realtime.builder().yjs(YjsOptions.on(JdbcYjsStore.on(dataSource).build()))
 * }</pre>
 *
 * <p>A room is the topic {@code yjs/} and its name to the {@link dev.tidewire.AccessPolicy}: {@code
 * SUBSCRIBE} is reading it, {@code PUBLISH} editing, {@code PRESENCE_READ} and {@code
 * PRESENCE_WRITE} seeing others' cursors and showing one's own.
 *
 * <p>Not thread-safe while being set; read-only and safe once the bus is built.
 */
public final class YjsOptions {

  private final YjsStore store;
  private int messageBytes = 4 * 1024 * 1024;
  private long roomBytes = 32L * 1024 * 1024;
  private int awarenessBytes = 16 * 1024;
  private long queueBytes = 8L * 1024 * 1024;
  private int connectionsPerRoom = 500;
  private int connections = 10_000;

  private YjsOptions(YjsStore store) {
    this.store = Objects.requireNonNull(store, "store");
  }

  /**
   * Keeps documents in {@code store}, which belongs to the bus from then on and is closed with it.
   */
  public static YjsOptions on(YjsStore store) {
    return new YjsOptions(store);
  }

  YjsStore store() {
    return store;
  }

  /**
   * Bytes of one message from a client, default 4 MiB; a larger one closes the connection 4413. A
   * client that was offline sends all it did meanwhile in one.
   */
  public YjsOptions messageBytes(int bytes) {
    messageBytes = count(bytes);
    return this;
  }

  int messageBytes() {
    return messageBytes;
  }

  /**
   * Bytes of one document, deleted text included, default 32 MiB; an edit beyond it is refused and
   * its connection closed 4413.
   */
  public YjsOptions roomBytes(long bytes) {
    roomBytes = count(bytes);
    return this;
  }

  long roomBytes() {
    return roomBytes;
  }

  /** Bytes of one client's awareness state, default 16 KiB; a larger one closes it 4400. */
  public YjsOptions awarenessBytes(int bytes) {
    awarenessBytes = count(bytes);
    return this;
  }

  int awarenessBytes() {
    return awarenessBytes;
  }

  /** Bytes waiting for one client, default 8 MiB; a slower one is closed 4008 and comes back. */
  public YjsOptions queueBytes(long bytes) {
    queueBytes = count(bytes);
    return this;
  }

  long queueBytes() {
    return queueBytes;
  }

  /**
   * Connections of one room and of all rooms together, defaults 500 and 10,000; one more is closed
   * 1013 and tries again later.
   */
  public YjsOptions connections(int perRoom, int altogether) {
    connectionsPerRoom = count(perRoom);
    connections = count(altogether);
    return this;
  }

  int connectionsPerRoom() {
    return connectionsPerRoom;
  }

  int connections() {
    return connections;
  }

  private static <N extends Number> N count(N value) {
    if (value.longValue() < 0) {
      throw new IllegalArgumentException("a bound is 0 or more: " + value);
    }
    return value;
  }
}
