package dev.tidewire.jakarta;

import dev.tidewire.StreamRequest;
import dev.tidewire.channel.Cursor;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Reply;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Transport;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one poll gathers: everything since the cursor, or, if that is nothing, the first that comes
 * before its time is up. Safe for any thread.
 */
final class PollConnection implements Connection {

  private static final int MAX_MESSAGES = 500;
  private static final int MAX_BYTES = 512 * 1024;

  /** A backend that takes longer to tell what was missed does not answer. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final String address;
  private final boolean mayWait;
  private final long deadline;
  private final CompletableFuture<Gathered> gathered = new CompletableFuture<>();

  private final ReentrantLock lock = new ReentrantLock();
  private final SortedMap<String, String> positions = new TreeMap<>();
  private final Set<String> awaited;
  private final List<Frame> messages = new ArrayList<>(0);
  private int bytes;
  private boolean full;

  /**
   * What a poll is answered with.
   *
   * @param failure why there is nothing to tell, or null
   * @param cursor where the next poll goes on
   * @param messages frames
   * @param more whether there is more to tell at once
   */
  record Gathered(
      Reply.@Nullable Failure failure, String cursor, List<Frame> messages, boolean more) {}

  /**
   * @param waitSeconds how long to wait for something to tell
   */
  PollConnection(StreamRequest request, int waitSeconds, String address) {
    this.address = address;
    this.awaited = new HashSet<>(request.topics());
    Cursor cursor = request.cursor();
    if (cursor != null) {
      for (String topic : request.topics()) {
        advance(topic, cursor.textOf(topic));
      }
    }
    // Without a cursor the answer is one: what comes while it is on its way would be lost else.
    this.mayWait = cursor != null && waitSeconds > 0;
    this.deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(waitSeconds);
  }

  /** Complete when there is something to tell, or nothing and the time is up. */
  CompletionStage<Gathered> gathered() {
    return gathered;
  }

  private void advance(@Nullable String topic, @Nullable String position) {
    if (topic != null && position != null) {
      positions.put(topic, position);
    }
  }

  @Override
  public void send(Frame frame, Completion completion) {
    boolean enough;
    lock.lock();
    try {
      frame.forEach(this::take);
      enough = awaited.isEmpty() && (!mayWait || full || !messages.isEmpty());
    } finally {
      lock.unlock();
    }
    completion.sent();
    if (enough) {
      finish();
    }
  }

  private void take(Frame frame) {
    Frame.Mark mark = frame.mark();
    String event = mark == null ? "" : mark.event();
    switch (event) {
      case "connected", "advice", "failure", "pong", "ack" -> {}
      case "subscribed" -> {
        awaited.remove(mark == null ? null : mark.topic());
        if (!full && mark != null) {
          advance(mark.topic(), mark.position());
        }
      }
      default -> {
        // Always one: it may be larger than what fits.
        full |= messages.size() == MAX_MESSAGES || (bytes + frame.size() > MAX_BYTES && bytes > 0);
        if (!full) {
          bytes += frame.size();
          messages.add(frame);
          if (mark != null) {
            advance(mark.topic(), mark.position());
          }
        }
      }
    }
  }

  private void finish() {
    Gathered all;
    lock.lock();
    try {
      all = new Gathered(null, Cursor.format(positions), List.copyOf(messages), full);
    } finally {
      lock.unlock();
    }
    gathered.complete(all);
  }

  private void fail(ErrorCode code, String message) {
    gathered.complete(new Gathered(Reply.Failure.of(code, message), "", List.of(), false));
  }

  @Override
  public void close(int code, String reason) {
    if (code == CloseCode.UNAUTHORIZED.code()) {
      fail(ErrorCode.UNAUTHORIZED, "logged out");
    } else {
      fail(ErrorCode.UNAVAILABLE, "ended (" + reason + "): ask again");
    }
  }

  @Override
  public void tick() {
    long late = System.nanoTime() - deadline;
    boolean ready;
    lock.lock();
    try {
      ready = awaited.isEmpty();
    } finally {
      lock.unlock();
    }
    if (ready && late >= 0) {
      finish();
    } else if (late > PATIENCE_NANOS) {
      fail(ErrorCode.UNAVAILABLE, "the channels cannot be read now");
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
