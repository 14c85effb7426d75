package dev.tidewire.benchmarks.codec;

import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.channel.RowChange;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.FrameIds;
import dev.tidewire.protocol.Inbound;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** A publication with 200 bytes of data, from the publisher's frame to the subscribers'. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class CodecBenchmark {

  private final FrameCodec codec = new FrameCodec(new FrameIds("bench"), 100);
  private final Position position = new Position("k3f9a1b2c3", 123_456);
  private final String data = "{\"text\":\"" + "x".repeat(189) + "\"}";
  private final String publish =
      "{\"id\":\"c4\",\"type\":\"publish\",\"topic\":\"chat/general\",\"event\":\"message\",\"data\":"
          + data
          + "}";
  private final RowChange change =
      new RowChange(
          "orders",
          dev.tidewire.channel.Operation.UPDATE,
          Map.of("id", 4711, "status", "shipped", "total", 129.95),
          Map.of("id", 4711, "status", "open", "total", 129.95),
          "ada",
          "k3f9-1",
          null);

  /** Reads a publish command. */
  @Benchmark
  public List<Inbound> decodePublish() {
    return codec.decode(publish);
  }

  /** Encodes an event and gives it its place. */
  @Benchmark
  public Publication encodeEvent() {
    Draft draft = codec.event("chat/general", "message", data, "ada", false, null);
    return draft.at(position, 1_760_000_000_000L);
  }

  /** Encodes a changed row, old and new, and gives it its place. */
  @Benchmark
  public Publication encodeChange() {
    return codec.change(change).at(position, 1_760_000_000_000L);
  }
}
