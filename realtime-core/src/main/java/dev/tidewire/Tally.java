package dev.tidewire;

import dev.tidewire.transport.Transport;
import java.util.EnumMap;
import java.util.Map;

/**
 * What sessions hold and have sent, summed up. So connections count for themselves, without a
 * shared counter on the way of every message. Not thread-safe.
 */
final class Tally {

  private final Map<Transport, Integer> connections = new EnumMap<>(Transport.class);
  private int present;
  private long messages;
  private long bytes;
  private long waiting;
  private long longest;

  Tally() {
    for (Transport transport : Transport.values()) {
      connections.put(transport, 0);
    }
  }

  /** So many connections more. */
  void connected(Transport transport, int count) {
    connections.merge(transport, count, Integer::sum);
  }

  /** So many channels in which a connection is present. */
  void present(int channels) {
    present += channels;
  }

  /**
   * One connection's queue.
   *
   * @param waitingBytes what is in it now
   */
  void queue(long sentMessages, long sentBytes, long waitingBytes) {
    messages += sentMessages;
    bytes += sentBytes;
    waiting += waitingBytes;
    longest = Math.max(longest, waitingBytes);
  }

  /** What those have sent that are gone. */
  void ended(Tally gone) {
    messages += gone.messages;
    bytes += gone.bytes;
  }

  Map<Transport, Integer> connections() {
    return connections;
  }

  int present() {
    return present;
  }

  long messages() {
    return messages;
  }

  long bytes() {
    return bytes;
  }

  long waiting() {
    return waiting;
  }

  long longest() {
    return longest;
  }
}
