package dev.tidewire;

import dev.tidewire.protocol.CloseCode;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The frames that wait for one connection: bounded in bytes, with one send in flight. While a send
 * is under way frames gather, and its completion takes all of them as one message, so a busy or
 * slow client costs fewer, larger writes.
 *
 * <p>Frames are shared between subscribers; the queue holds references. Safe for any thread; the
 * connection is never called under the lock.
 */
final class OutboundQueue implements Connection.Completion {

  /** Frames that gathered are joined up to this size; larger runs go as several messages. */
  private static final int MAX_JOINED_BYTES = 64 * 1024;

  private final Connection connection;
  private final int maxBytes;
  private final Runnable onBroken;

  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Frame> waiting = new ArrayDeque<>(2);
  private long waitingBytes;
  private boolean inFlight;
  // True while a thread is in the loop of pump(); a completion then leaves the next send to it.
  private boolean pumping;
  private boolean completed;
  private @Nullable CloseCode closing;
  private boolean closed;

  /**
   * @param maxBytes bytes that may wait, 0 for no bound
   * @param onBroken called when a send failed
   */
  OutboundQueue(Connection connection, int maxBytes, Runnable onBroken) {
    this.connection = connection;
    this.maxBytes = maxBytes;
    this.onBroken = onBroken;
  }

  /**
   * Sends the frame now or when those before it are sent.
   *
   * @return false if so much waits already that the client must be given up
   */
  boolean offer(Frame frame) {
    Frame first;
    lock.lock();
    try {
      if (closed || closing != null) {
        return true;
      }
      if (maxBytes > 0 && waitingBytes > maxBytes) {
        return false;
      }
      waiting.add(frame);
      waitingBytes += frame.size();
      if (inFlight) {
        return true;
      }
      inFlight = true;
      pumping = true;
      first = take();
    } finally {
      lock.unlock();
    }
    pump(first);
    return true;
  }

  /** Sends what waits, then closes. Frames offered from now on are dropped. */
  void closeAfterFlush(CloseCode code) {
    lock.lock();
    try {
      if (closed || closing != null) {
        return;
      }
      closing = code;
      if (inFlight) {
        return; // the last completion closes
      }
      closed = true;
    } finally {
      lock.unlock();
    }
    connection.close(code.code(), code.reason());
  }

  /** Drops what waits and closes at once. */
  void close(CloseCode code) {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      drop();
    } finally {
      lock.unlock();
    }
    connection.close(code.code(), code.reason());
  }

  /** The link is gone: drops what waits. */
  void discard() {
    lock.lock();
    try {
      closed = true;
      drop();
    } finally {
      lock.unlock();
    }
  }

  long waitingBytes() {
    lock.lock();
    try {
      return waitingBytes;
    } finally {
      lock.unlock();
    }
  }

  private void drop() {
    waiting.clear();
    waitingBytes = 0;
  }

  @Override
  public void sent() {
    Frame next;
    lock.lock();
    try {
      if (pumping) {
        completed = true; // the send call has not returned yet: no recursion, its thread goes on
        return;
      }
      next = take();
      pumping = next != null;
    } finally {
      lock.unlock();
    }
    pump(next);
  }

  @Override
  public void failed(Throwable cause) {
    discard();
    onBroken.run();
  }

  private void pump(@Nullable Frame first) {
    Frame next = first;
    while (next != null) {
      connection.send(next, this);
      lock.lock();
      try {
        next = completed ? take() : null;
        completed = false;
        pumping = next != null;
      } finally {
        lock.unlock();
      }
    }
    closeIfFlushed();
  }

  private void closeIfFlushed() {
    CloseCode code;
    lock.lock();
    try {
      code = closing;
      if (code == null || closed || inFlight) {
        return;
      }
      closed = true;
    } finally {
      lock.unlock();
    }
    connection.close(code.code(), code.reason());
  }

  /** Under the lock: the next message, or null and the connection is idle. */
  private @Nullable Frame take() {
    Frame first = waiting.poll();
    if (first == null || closed) {
      inFlight = false;
      return null;
    }
    int count = 1;
    int bytes = first.size();
    for (Frame frame : waiting) {
      if (bytes + 1 + frame.size() > MAX_JOINED_BYTES) {
        break;
      }
      bytes += 1 + frame.size();
      count++;
    }
    if (count == 1) {
      waitingBytes -= bytes;
      return first;
    }
    byte[] joined = new byte[bytes];
    int at = first.copyTo(joined, 0);
    waitingBytes -= first.size();
    for (int i = 1; i < count; i++) {
      Frame frame = waiting.remove();
      waitingBytes -= frame.size();
      joined[at++] = '\n';
      at = frame.copyTo(joined, at);
    }
    return new Frame(joined);
  }
}
