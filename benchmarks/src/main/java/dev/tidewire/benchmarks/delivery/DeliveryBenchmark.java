package dev.tidewire.benchmarks.delivery;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A message with publications, from the publisher's text to the acknowledgement of the last, which
 * comes when every connection has got them: decode, append, shared run, walk, queue. The
 * connections are in memory and done at once.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
@SuppressWarnings("NullAway.Init") // set up by the harness
public class DeliveryBenchmark {

  private static final String TOPIC = "c";
  private static final int PAYLOAD = 189;
  private static final int GOING_AWAY = 1001;

  /** Subscribers. */
  @Param({"1", "100", "1000"})
  public int subscribers;

  /** Publications in the message. */
  @Param({"1", "8"})
  public int publications;

  private Realtime realtime;
  private Session publisher;
  private final List<Session> sessions = new ArrayList<>();
  private String message;
  private final Semaphore acknowledged = new Semaphore(0);
  private final List<Counting> connections = new ArrayList<>();
  private long published;

  /** Connects everybody. */
  @Setup
  public void connect() {
    realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .limits(limits -> limits.frames(0, 0))
            .heartbeat(Duration.ZERO, Duration.ZERO)
            .build();
    publisher = realtime.connect(new Acknowledged(acknowledged), Identity.of("publisher"));
    for (int i = 0; i < subscribers; i++) {
      Counting connection = new Counting();
      connections.add(connection);
      Session session = realtime.connect(connection, Identity.of("u" + i));
      sessions.add(session);
      session.receive(
          "{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"" + TOPIC + "\",\"presence\":false}");
    }
    StringBuilder frames = new StringBuilder();
    for (int i = 1; i <= publications; i++) {
      String id = i == publications ? "\"id\":\"last\"," : "";
      frames
          .append("{" + id + "\"type\":\"publish\",\"topic\":\"" + TOPIC + "\",\"event\":\"e\",")
          .append("\"data\":{\"text\":\"" + "x".repeat(PAYLOAD) + "\"}}\n");
    }
    message = frames.toString();
  }

  /** Publishes and waits for the acknowledgement. */
  @Benchmark
  public void publish() {
    publisher.receive(message);
    acknowledged.acquireUninterruptibly();
    published += publications;
  }

  /** Nothing may be missing. */
  @TearDown(Level.Iteration)
  public void check() {
    for (Counting connection : connections) {
      if (connection.events != published) {
        throw new IllegalStateException(connection.events + " instead of " + published);
      }
    }
  }

  /** Ends the bus. */
  @TearDown
  public void close() {
    publisher.closed(GOING_AWAY);
    sessions.forEach(session -> session.closed(GOING_AWAY));
    realtime.close();
  }

  private abstract static class InMemory implements Connection {
    @Override
    public void close(int code, String reason) {}

    @Override
    public String remoteAddress() {
      return "";
    }
  }

  /** Counts frames of events; its fields are the draining thread's until the acknowledgement. */
  private static final class Counting extends InMemory {
    private long events;

    @Override
    public void send(Frame frame, Completion completion) {
      String text = frame.text();
      for (int at = text.indexOf("\"type\":\"event\""); at >= 0; ) {
        events++;
        at = text.indexOf("\"type\":\"event\"", at + PAYLOAD);
      }
      completion.sent();
    }
  }

  private static final class Acknowledged extends InMemory {
    private final Semaphore acknowledged;

    Acknowledged(Semaphore acknowledged) {
      this.acknowledged = acknowledged;
    }

    @Override
    public void send(Frame frame, Completion completion) {
      String text = frame.text();
      if (text.contains("\"messageId\":\"last\"")) {
        if (text.contains("\"type\":\"error\"")) {
          throw new IllegalStateException(text);
        }
        acknowledged.release();
      }
      completion.sent();
    }
  }
}
