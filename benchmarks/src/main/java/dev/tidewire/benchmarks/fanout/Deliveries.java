package dev.tidewire.benchmarks.fanout;

import java.util.Arrays;

/**
 * Counts and checks every delivery: each member of a channel must get that channel's publications
 * 1, 2, 3 … each once and in this order. Anything else ends the measurement. For one thread.
 */
final class Deliveries {

  private final Scenario scenario;
  private final long[] published;
  private final long[] received;
  private final int[][] copies;
  private final int[] inFlightOf;
  private int inFlight;
  private long total;
  private long[] latencies = new long[0];
  private int recorded;
  private boolean recording;

  Deliveries(Scenario scenario) {
    this.scenario = scenario;
    published = new long[scenario.channels()];
    received = new long[scenario.connections()];
    inFlightOf = new int[scenario.channels()];
    copies = new int[scenario.channels()][scenario.bound()];
  }

  /** The number of the next publication of the channel, which counts as in flight from now on. */
  long publish(int channel) {
    if (inFlight == scenario.bound()) {
      throw new IllegalStateException("the server is behind by " + inFlight + " publications");
    }
    inFlight++;
    inFlightOf[channel]++;
    return ++published[channel];
  }

  /**
   * A publication came in.
   *
   * @param connection its number, counted through the channels
   * @param due when it was to be published
   */
  void receive(int connection, long number, long due) {
    int channel = connection / scenario.members();
    long expected = received[connection] + 1;
    if (number != expected || number > published[channel]) {
      throw new IllegalStateException(
          "connection %d of channel %d got publication %d, expected %d of %d"
              .formatted(connection, channel, number, expected, published[channel]));
    }
    received[connection] = number;
    total++;
    if (recording) {
      record(System.nanoTime() - due);
    }
    int[] ring = copies[channel];
    int at = (int) (number % ring.length);
    if (++ring[at] == scenario.members()) {
      ring[at] = 0;
      inFlight--;
      inFlightOf[channel]--;
    }
  }

  private void record(long nanos) {
    if (recorded == latencies.length) {
      latencies = Arrays.copyOf(latencies, Math.max(1024, 2 * recorded));
    }
    latencies[recorded++] = nanos;
  }

  int inFlight() {
    return inFlight;
  }

  /** Whether everybody in the channel has everything. */
  boolean isIdle(int channel) {
    return inFlightOf[channel] == 0;
  }

  /** Deliveries so far. */
  long total() {
    return total;
  }

  /** Keeps the times from now on. */
  void startRecording() {
    recording = true;
    recorded = 0;
  }

  /** The time that so many percent of the deliveries took at most, in milliseconds. */
  double percentileMillis(double percent) {
    long[] sorted = Arrays.copyOf(latencies, recorded);
    Arrays.sort(sorted);
    int rank = (int) Math.ceil(sorted.length * percent / 100);
    return sorted[Math.max(0, rank - 1)] / 1e6;
  }
}
