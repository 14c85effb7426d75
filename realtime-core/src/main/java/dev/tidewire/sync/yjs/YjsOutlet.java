package dev.tidewire.sync.yjs;

import dev.tidewire.protocol.CloseCode;
import dev.tidewire.transport.BinaryConnection;
import dev.tidewire.transport.Connection;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The messages that wait for one client: bounded in bytes, one send in flight, each message on its
 * own as a stock client reads them. Safe for any thread; the connection is never called under the
 * lock.
 */
final class YjsOutlet implements Connection.Completion {

  private final BinaryConnection connection;
  private final long maxBytes;

  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<byte[]> waiting = new ArrayDeque<>(2);
  private long waitingBytes;
  private boolean inFlight;
  // True while a thread is in the loop of pump(); a completion then leaves the next send to it.
  private boolean pumping;
  private boolean completed;
  private @Nullable CloseCode closing;
  private boolean closed;

  /**
   * @param maxBytes bytes that may wait, 0 for no bound; one message always may
   */
  YjsOutlet(BinaryConnection connection, long maxBytes) {
    this.connection = connection;
    this.maxBytes = maxBytes;
  }

  /** Sends the message now or after those before it; closes a client that reads too slowly. */
  void send(byte[] message) {
    boolean tooMuch;
    lock.lock();
    try {
      if (closed || closing != null) {
        return;
      }
      tooMuch = !waiting.isEmpty() && maxBytes > 0 && waitingBytes + message.length > maxBytes;
      if (!tooMuch) {
        waiting.add(message);
        waitingBytes += message.length;
        if (inFlight) {
          return;
        }
        inFlight = true;
        pumping = true;
      }
    } finally {
      lock.unlock();
    }
    if (tooMuch) {
      close(CloseCode.SLOW_CONSUMER);
    } else {
      pump();
    }
  }

  /** Sends what waits, then closes; what is sent from now on is dropped. */
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
    if (discard()) {
      connection.close(code.code(), code.reason());
    }
  }

  /** The link is gone, or is to go: drops what waits. False if it was before. */
  boolean discard() {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      closed = true;
      waiting.clear();
      waitingBytes = 0;
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void sent() {
    lock.lock();
    try {
      if (pumping) {
        completed = true; // the send call has not returned yet: no recursion, its thread goes on
        return;
      }
      pumping = true;
    } finally {
      lock.unlock();
    }
    pump();
  }

  @Override
  public void failed(Throwable cause) {
    close(CloseCode.POSITION_LOST); // comes back and synchronizes
  }

  private void pump() {
    while (true) {
      byte[] next;
      CloseCode code = null;
      lock.lock();
      try {
        next = closed ? null : waiting.poll();
        if (next == null) {
          inFlight = false;
          pumping = false;
          if (closed || closing == null) {
            return;
          }
          closed = true;
          code = closing;
        } else {
          waitingBytes -= next.length;
          completed = false;
        }
      } finally {
        lock.unlock();
      }
      if (next == null) {
        if (code != null) {
          connection.close(code.code(), code.reason());
        }
        return;
      }
      try {
        connection.send(next, this);
      } catch (RuntimeException | Error e) { // it must not
        failed(e);
      }
      lock.lock();
      try {
        if (!completed) {
          pumping = false;
          return;
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
