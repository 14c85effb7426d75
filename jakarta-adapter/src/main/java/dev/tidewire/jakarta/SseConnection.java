package dev.tidewire.jakarta;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Push;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Transport;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** A stream of server-sent events under a session. Safe for any thread. */
final class SseConnection implements Connection {

  private static final long HEARTBEAT_NANOS = TimeUnit.SECONDS.toNanos(15);

  /** A client that takes longer for one write is as good as gone; it resumes later. */
  private static final long SEND_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(20);

  /** Seconds to take the last event; then it is cut off. */
  private static final int MAX_CLOSING_TICKS = 2;

  private final AsyncOutput output;
  private final Function<Frame, byte[]> events;
  private final FrameCodec codec;
  private final String address;
  private volatile boolean closing;
  // Touched by the bus's timer alone.
  private int ticksSinceClose;
  private long heartbeatAt = System.nanoTime() + HEARTBEAT_NANOS;
  private boolean afterHeartbeat;
  private long progress;
  private long progressAt = System.nanoTime();

  /**
   * @param events what is written for a message
   */
  SseConnection(
      AsyncOutput output, Function<Frame, byte[]> events, FrameCodec codec, String address) {
    this.output = output;
    this.events = events;
    this.codec = codec;
    this.address = address;
    output.write(EventStream.RETRY.getBytes(UTF_8), null);
  }

  @Override
  public void send(Frame frame, Completion completion) {
    output.write(events.apply(frame), completion);
  }

  @Override
  public void close(int code, String reason) {
    closing = true;
    String frame = codec.encode(new Push.Closing(code, reason), System.currentTimeMillis());
    output.end(EventStream.last("close", frame));
  }

  /**
   * A client that has gone is noticed by writing to it, twice: its machine answers the first write
   * with a reset, which the next one meets. So a heartbeat is followed by a little more.
   */
  @Override
  public void tick() {
    if (closing && ++ticksSinceClose > MAX_CLOSING_TICKS) {
      output.abort(new IOException("the client does not take its last event"));
    }
    long now = System.nanoTime();
    long written = output.progress();
    if (written != progress || !output.isBlocked()) {
      progress = written;
      progressAt = now;
    } else if (now - progressAt > SEND_TIMEOUT_NANOS) {
      output.abort(new IOException("the client takes nothing"));
    }
    boolean due = now - heartbeatAt >= 0;
    heartbeatAt += due ? HEARTBEAT_NANOS : 0;
    if (!output.isBlocked()) {
      if (due) {
        output.write(EventStream.HEARTBEAT.getBytes(UTF_8), null);
      } else if (afterHeartbeat) {
        output.write(EventStream.ECHO.getBytes(UTF_8), null);
      }
    }
    afterHeartbeat = due;
  }

  @Override
  public String remoteAddress() {
    return address;
  }

  @Override
  public Transport transport() {
    return Transport.EVENT_STREAM;
  }
}
