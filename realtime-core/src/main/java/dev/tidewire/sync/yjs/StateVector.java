package dev.tidewire.sync.yjs;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;

/** How much somebody has of each client without a gap: the next clock expected. Not thread-safe. */
final class StateVector {

  /** So many clients cost so much memory that it is not meant well. */
  static final int MAX_CLIENTS = 100_000;

  private final Map<Long, Long> clocks = new HashMap<>();

  /**
   * Reads a whole one.
   *
   * @throws BadUpdate if it is none
   */
  static StateVector read(byte[] bytes) {
    ByteReader in = new ByteReader(bytes);
    StateVector vector = new StateVector();
    long count = in.varUint();
    if (count > MAX_CLIENTS) {
      throw new BadUpdate("a state vector of " + count + " clients");
    }
    for (long i = 0; i < count; i++) {
      vector.clocks.put(in.varUint(), in.varUint());
    }
    in.requireEnd();
    return vector;
  }

  long clock(long client) {
    return clocks.getOrDefault(client, 0L);
  }

  void set(long client, long clock) {
    clocks.put(client, clock);
  }

  /** Whether it has all that {@code other} has. */
  boolean covers(StateVector other) {
    return other.clocks.entrySet().stream().allMatch(e -> clock(e.getKey()) >= e.getValue());
  }

  byte[] toBytes() {
    ByteWriter out = new ByteWriter();
    out.varUint(clocks.size());
    clocks.entrySet().stream()
        .sorted(Map.Entry.comparingByKey(Comparator.reverseOrder()))
        .forEach(entry -> out.varUint(entry.getKey()).varUint(entry.getValue()));
    return out.toBytes();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StateVector vector && clocks.equals(vector.clocks);
  }

  @Override
  public int hashCode() {
    return clocks.hashCode();
  }
}
