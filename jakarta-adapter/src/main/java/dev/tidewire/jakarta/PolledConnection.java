package dev.tidewire.jakarta;

import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Push;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A link whose client asks again and again what has come. While it is not asking one message is
 * kept here and the others wait in the session's queue, whose bound is theirs. Safe for any thread.
 */
final class PolledConnection implements Connection {

  /** Seconds in which the client may still ask why it was closed. */
  private static final int MAX_CLOSING_TICKS = 3;

  private static final byte[] NOTHING = {};

  private final FrameCodec codec;
  private final String address;

  private final ReentrantLock lock = new ReentrantLock();
  private final ByteArrayOutputStream events = new ByteArrayOutputStream(0);
  private @Nullable Completion unfinished;
  private @Nullable Poll asked;
  private boolean closed;
  private int ticksSinceClose;
  private Runnable whenOver = () -> {};

  /**
   * One request of the client; it is answered with a piece of an event stream, empty if nothing
   * came.
   */
  static final class Poll {
    private final Consumer<byte[]> answer;
    private final long deadline;

    Poll(int waitSeconds, Consumer<byte[]> answer) {
      this.answer = answer;
      this.deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(waitSeconds);
    }
  }

  PolledConnection(FrameCodec codec, String address, byte[] greeting) {
    this.codec = codec;
    this.address = address;
    events.writeBytes(greeting);
  }

  /** What to do when the client was told of the end, or has stopped asking. */
  void whenOver(Runnable action) {
    lock.lock();
    try {
      whenOver = action;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Answers when something has come, or when its time is up; one that waits already gets nothing.
   */
  void ask(Poll poll) {
    Poll before;
    lock.lock();
    try {
      before = asked;
      asked = poll;
    } finally {
      lock.unlock();
    }
    if (before != null) {
      before.answer.accept(NOTHING);
    }
    settle();
  }

  /** The request has ended without an answer. */
  void forget(Poll poll) {
    lock.lock();
    try {
      if (asked == poll) {
        asked = null;
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void send(Frame frame, Completion completion) {
    boolean late;
    lock.lock();
    try {
      late = closed;
      if (!late) {
        events.writeBytes(HttpLinks.event(frame));
        unfinished = completion;
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      completion.failed(new IOException("the link is closed"));
    } else {
      settle();
    }
  }

  @Override
  public void close(int code, String reason) {
    String frame = codec.encode(new Push.Closing(code, reason), System.currentTimeMillis());
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      events.writeBytes(EventStream.last("close", frame));
    } finally {
      lock.unlock();
    }
    settle();
  }

  @Override
  public void tick() {
    boolean over;
    lock.lock();
    try {
      over = closed && ++ticksSinceClose > MAX_CLOSING_TICKS;
    } finally {
      lock.unlock();
    }
    settle();
    if (over) {
      whenOver.run();
    }
  }

  /** Answers who asks, if there is something to tell or the time is up. */
  private void settle() {
    Poll to;
    byte[] told;
    Completion completion;
    boolean last;
    lock.lock();
    try {
      to = asked;
      boolean due = to != null && System.nanoTime() - to.deadline >= 0;
      if (to == null || (events.size() == 0 && !due)) {
        return;
      }
      asked = null;
      told = events.toByteArray();
      events.reset();
      completion = unfinished;
      unfinished = null;
      last = closed;
    } finally {
      lock.unlock();
    }
    to.answer.accept(told);
    if (completion != null) {
      completion.sent();
    }
    if (last) {
      whenOver.run();
    }
  }

  @Override
  public String remoteAddress() {
    return address;
  }

  @Override
  public Transport transport() {
    return Transport.POLL;
  }
}
