package dev.tidewire;

import dev.tidewire.protocol.CloseCode;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The frames that wait for one connection: bounded in bytes, with one send in flight. While a send
 * is under way frames gather, and its completion takes all of them as one message, so a busy or
 * slow client costs fewer, larger writes.
 *
 * <p>Frames are shared between subscribers; the queue holds references. Safe for any thread; the
 * connection is never called under the monitor.
 */
final class OutboundQueue implements Connection.Completion {

  /** A thread that sends so often in a row has other channels to deliver to. */
  private static final int MAX_SENDS = 16;

  /** A client that takes longer for one message is as good as gone; it resumes later. */
  private static final long SEND_PATIENCE_MS = 30_000;

  private final Connection connection;
  private final int maxBytes;
  private final Executor executor;
  private final Runnable onBroken;

  // All below is guarded by the queue's own monitor: with thousands of connections each object more
  // on the way of a frame is one more miss of the processor's cache.
  private @Nullable Backlog backlog; // made when the first frame has to wait
  private @Nullable Queue<Runnable> line; // of those who wait for room to tell what was missed
  private @Nullable Thread gatherer;
  // What that thread has gathered so far, as long as nothing else waits and nothing is in flight:
  // an own copy and its acknowledgement need no backlog.
  private @Nullable Frame held;
  private @Nullable Frame inFlight; // as one message
  // True while a thread is in the loop of pump(); a completion then leaves the next send to it.
  private boolean pumping;
  private boolean completed;
  private @Nullable CloseCode closing;
  private boolean closed;
  // How many messages were begun, and how many when isStuck() looked last at something new.
  private int sends;
  private int seenSends;
  private long seenAt;
  // Written by the one thread that sends, and seen by others when it enters the monitor again.
  private long messages;
  private long bytes;

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
   * Sends the frame now or when those before it are sent; or leaves it out, if it is one that a
   * client that is behind may miss.
   *
   * @return false if so much waits already that the client must be given up
   */
  boolean offer(Frame frame) {
    Frame first = frame;
    synchronized (this) {
      if (closed || closing != null) {
        return true;
      }
      if (inFlight != null) {
        return backlog().add(frame);
      }
      boolean gathers = gatherer == Thread.currentThread();
      if (gathers && holds(frame)) {
        return true;
      }
      settle();
      gathers = gathers && backlog().fits(frame.size(), maxBytes);
      if (gathers || somethingWaits()) {
        backlog().append(frame);
        if (gathers) {
          return true;
        }
        first = take(); // what another thread has gathered goes with it
      }
      begin(first);
    }
    pump(first);
    return true;
  }

  /**
   * Sends what the client missed, which does not count among what may wait; {@link #admits} was
   * asked before.
   */
  void offerRecovered(List<Frame> missed) {
    if (missed.isEmpty()) {
      return;
    }
    Frame first = missed.get(0);
    synchronized (this) {
      if (closed || closing != null) {
        return;
      }
      settle();
      boolean direct = inFlight == null && !somethingWaits();
      List<Frame> rest = direct ? missed.subList(1, missed.size()) : missed;
      rest.forEach(frame -> backlog().appendRecovered(frame));
      if (inFlight != null) {
        return;
      }
      first = direct ? first : take(); // what a thread has gathered goes first
      begin(first);
    }
    pump(first);
  }

  /**
   * Whether the client may be told now of so much that it missed. Half of what may wait, or one
   * recovery of any size: recoveries take turns, so that a client may resume many channels at once.
   *
   * @param later called once, by a delivery thread, when it is to be asked again; not if it is true
   */
  boolean admits(long bytes, Runnable later) {
    synchronized (this) {
      long before = backlog == null ? 0 : backlog.recoveredBytes();
      if (closed || maxBytes == 0 || before == 0 || before + bytes <= maxBytes / 2) {
        return true;
      }
      line = line == null ? new ArrayDeque<>() : line;
      line.add(later);
      return false;
    }
  }

  /** Asks the next that waits for room, if there is room; comes after every recovery. */
  synchronized void admitNext() {
    Runnable next = line == null || recoveryWaits() ? null : line.poll();
    if (next != null) {
      try {
        executor.execute(next);
      } catch (RejectedExecutionException e) {
        line = null; // shutting down: nobody is told any more
      }
    }
  }

  private boolean recoveryWaits() {
    return backlog != null && backlog.recoveredBytes() > 0;
  }

  /** Until {@link #release}, frames that this thread offers wait for one another. */
  synchronized void gather() {
    gatherer = Thread.currentThread();
  }

  /** Sends what {@link #gather} held back, as one message. */
  void release() {
    Frame first = null;
    synchronized (this) {
      gatherer = null;
      if (inFlight != null) {
        return; // the completion takes all that waits
      }
      if (held != null || somethingWaits()) {
        first = held != null ? held : take();
        held = null;
        begin(first);
      }
    }
    pump(first);
  }

  /** Adds what was sent so far and what waits now. */
  synchronized void addTo(Tally tally) {
    tally.queue(messages, bytes, waitingBytes());
  }

  /** Called about once a second: whether the client has not taken one message for too long. */
  synchronized boolean isStuck(long now) {
    if (inFlight == null || sends != seenSends) {
      seenSends = sends;
      seenAt = now;
      return false;
    }
    return now - seenAt > SEND_PATIENCE_MS;
  }

  /** What waits now, and whether a send is under way; for the inspector. */
  Waiting waiting(boolean withFrames) {
    synchronized (this) {
      return new Waiting(
          waitingBytes(),
          withFrames ? inFlight : null,
          closed || closing != null,
          withFrames ? waitingFrames() : List.of());
    }
  }

  /** Under the monitor. */
  private long waitingBytes() {
    Frame own = held;
    return own != null ? own.size() : backlog == null ? 0 : backlog.bytes();
  }

  /** Under the monitor. */
  private List<Frame> waitingFrames() {
    Frame own = held;
    return own != null ? List.of(own) : backlog == null ? List.of() : backlog.frames();
  }

  /**
   * Whether so many bytes at once leave enough room for what is published meanwhile. Where they do
   * not, a wish is better refused than answered by closing: the client would come back with it.
   */
  boolean hasRoomFor(long bytes) {
    synchronized (this) {
      return inFlight == null || backlog().fits(bytes, maxBytes / 2);
    }
  }

  /** Sends what waits, then closes. Frames offered from now on are dropped. */
  void closeAfterFlush(CloseCode code) {
    synchronized (this) {
      if (closed || closing != null) {
        return;
      }
      closing = code;
      if (inFlight != null || gatherer != null) {
        return; // the last completion closes, or what was gathered goes first
      }
      closed = true;
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
    synchronized (this) {
      if (closed) {
        return null;
      }
      closed = true;
      held = null;
      backlog = null;
      line = null;
      return closing == null ? code : closing;
    }
  }

  @Override
  public void sent() {
    Frame next;
    synchronized (this) {
      if (pumping) {
        completed = true; // the send call has not returned yet: no recursion, its thread goes on
        return;
      }
      next = take();
      pumping = next != null;
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
      synchronized (this) {
        next = completed ? take() : null;
        completed = false;
        pumping = next != null;
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
    messages++;
    bytes += frame.size();
    try {
      connection.send(frame, this);
    } catch (RuntimeException | Error e) { // it must not, but a delivery depends on it
      failed(e);
    }
  }

  private void closeIfFlushed() {
    CloseCode code;
    synchronized (this) {
      code = closing;
      if (code == null || closed || inFlight != null) {
        return;
      }
      closed = true;
    }
    connection.close(code.code(), code.reason());
  }

  /** Under the monitor. */
  private Backlog backlog() {
    Backlog known = backlog;
    if (known == null) {
      known = new Backlog(maxBytes);
      backlog = known;
    }
    return known;
  }

  private boolean somethingWaits() {
    return backlog != null && !backlog.isEmpty();
  }

  /** Under the monitor, with nothing in flight: whether the frame could be held until release. */
  private boolean holds(Frame frame) {
    Frame before = held;
    int size = frame.size() + (before == null ? 0 : before.size());
    boolean fits = size < Backlog.MAX_JOINED_BYTES && (maxBytes == 0 || size <= maxBytes);
    if (!fits || somethingWaits()) {
      return false;
    }
    held = before == null ? frame : Frame.join(List.of(before, frame));
    return true;
  }

  /** Under the monitor: something else comes, and what is held waits in front of it. */
  private void settle() {
    Frame before = held;
    if (before != null) {
      backlog().append(before);
      held = null;
    }
  }

  /** Under the monitor: from here on this thread sends. */
  private void begin(@Nullable Frame first) {
    inFlight = first;
    pumping = true;
    sends++;
  }

  /** Under the monitor: the next message, or null and the connection is idle. */
  private @Nullable Frame take() {
    Frame next = closed || backlog == null ? null : backlog.take();
    inFlight = next;
    sends += next == null ? 0 : 1;
    if (line != null) {
      admitNext();
    }
    return next;
  }
}
