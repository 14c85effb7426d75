package dev.tidewire;

import dev.tidewire.protocol.CloseCode;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
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

  /** A thread that sends so often in a row has other channels to deliver to. */
  private static final int MAX_SENDS = 16;

  private final Connection connection;
  private final int maxBytes;
  private final Executor executor;
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
   * @param executor goes on with sending when a thread has done its share
   * @param onBroken called once if a send failed; the connection is closed then
   */
  OutboundQueue(Connection connection, int maxBytes, Executor executor, Runnable onBroken) {
    this.connection = connection;
    this.maxBytes = maxBytes;
    this.executor = executor;
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
      if (inFlight && maxBytes > 0 && waitingBytes + frame.size() > maxBytes) {
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

  /**
   * Whether so many bytes at once leave enough room for what is published meanwhile. Where they do
   * not, a recovery is better refused than answered by closing: the client would come back with the
   * same wish.
   */
  boolean hasRoomFor(long bytes) {
    lock.lock();
    try {
      return maxBytes == 0 || !inFlight || waitingBytes + bytes <= maxBytes / 2;
    } finally {
      lock.unlock();
    }
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

  /** Drops what waits and closes at once, with the code of a close that waits already. */
  void close(CloseCode code) {
    CloseCode as = shut(code);
    if (as != null) {
      connection.close(as.code(), as.reason());
    }
  }

  /** The link is gone: drops what waits. */
  void discard() {
    shut(CloseCode.NORMAL);
  }

  /** Returns the code to close with, or null if it was closed before. */
  private @Nullable CloseCode shut(CloseCode code) {
    lock.lock();
    try {
      if (closed) {
        return null;
      }
      closed = true;
      waiting.clear();
      waitingBytes = 0;
      return closing == null ? code : closing;
    } finally {
      lock.unlock();
    }
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
    CloseCode code = shut(CloseCode.POSITION_LOST); // what was in flight may have arrived or not
    if (code != null) {
      connection.close(code.code(), code.reason());
      onBroken.run();
    }
  }

  private void pump(@Nullable Frame first) {
    Frame next = first;
    for (int sends = 0; next != null; sends++) {
      if (sends == MAX_SENDS && handedOver(next)) {
        return;
      }
      send(next);
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

  private boolean handedOver(Frame next) {
    try {
      executor.execute(() -> pump(next));
      return true;
    } catch (RejectedExecutionException e) {
      return false; // shutting down: this thread flushes
    }
  }

  private void send(Frame frame) {
    try {
      connection.send(frame, this);
    } catch (RuntimeException | Error e) { // it must not, but a delivery depends on it
      failed(e);
    }
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
    waitingBytes -= first.size();
    if (waiting.isEmpty() || first.size() + 1 + waiting.element().size() > MAX_JOINED_BYTES) {
      return first;
    }
    List<Frame> joined = new ArrayList<>(waiting.size() + 1);
    joined.add(first);
    int bytes = first.size();
    while (!waiting.isEmpty() && bytes + 1 + waiting.element().size() <= MAX_JOINED_BYTES) {
      Frame next = waiting.remove();
      joined.add(next);
      bytes += 1 + next.size();
      waitingBytes -= next.size();
    }
    return Frame.join(joined);
  }
}
