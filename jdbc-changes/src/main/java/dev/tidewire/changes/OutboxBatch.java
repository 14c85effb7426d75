package dev.tidewire.changes;

import dev.tidewire.RealtimeException;
import dev.tidewire.changes.OutboxRow.Item;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends the changes of some transactions, each with its key, without waiting for one another, and
 * learns where each stands. After the first failure nothing more is sent; what is sent again later
 * keeps its place if it had one.
 *
 * <p>For one thread, which is kept until all answers are there.
 */
final class OutboxBatch {

  private static final int MAX_IN_FLIGHT = 1_024;
  private static final long SLICE_MILLIS = 200;

  /** What lets the sender go on. */
  interface Pace {

    /** Whether anything more may be sent; asked before each. */
    boolean maySend();

    /** Called again and again while answers are waited for. */
    void waiting();
  }

  /** A change under way. */
  private static final class Sent {
    final long number;
    final String topic;
    final String key;
    final boolean reset;
    volatile @Nullable Position position;
    volatile @Nullable Throwable failure;

    Sent(long number, String topic, String key, boolean reset) {
      this.number = number;
      this.topic = topic;
      this.key = key;
      this.reset = reset;
    }
  }

  private final ChangeSink sink;
  private final String name;
  private final Set<String> refused;
  private final Pace pace;
  private final Semaphore inFlight = new Semaphore(MAX_IN_FLIGHT);
  private final List<Sent> sent = new ArrayList<>();
  private volatile @Nullable Throwable failure;

  /**
   * @param name what keys begin with
   * @param refused keys of changes that can never be published, to which this adds
   */
  OutboxBatch(ChangeSink sink, String name, Set<String> refused, Pace pace) {
    this.sink = sink;
    this.name = name;
    this.refused = refused;
    this.pace = pace;
  }

  /** Sends transactions in order; returns how many of them, when all that was sent is answered. */
  int send(List<OutboxRow> rows) throws InterruptedException {
    int whole = 0;
    for (OutboxRow row : rows) {
      String transaction = OutboxRelay.transaction(name, row);
      String key = name + '-' + Long.toString(row.number(), Character.MAX_RADIX) + '-';
      int index = 0;
      for (Item item : row.items()) {
        RowChange change = item.change(transaction);
        if (!send(row.number(), item.topic(), key + index++, change)) {
          awaitAnswers();
          return whole;
        }
      }
      whole++;
    }
    awaitAnswers();
    return whole;
  }

  /**
   * Resets channels.
   *
   * @param number of the last transaction that this is for
   * @return where; null if that did not go through for all
   */
  @Nullable Map<String, Position> reset(Collection<String> topics, long number)
      throws InterruptedException {
    String key = name + '-' + Long.toString(number, Character.MAX_RADIX) + "-reset";
    boolean all = true;
    for (String topic : topics) {
      all = all && send(number, topic, key, null);
    }
    awaitAnswers();
    return all && failure == null ? places(number) : null;
  }

  private boolean send(long number, String topic, String key, @Nullable RowChange change)
      throws InterruptedException {
    while (!inFlight.tryAcquire(SLICE_MILLIS, TimeUnit.MILLISECONDS)) {
      pace.waiting();
    }
    if (failure != null || !pace.maySend()) {
      inFlight.release();
      return false;
    }
    boolean reset = change == null || refused.contains(key);
    Sent each = new Sent(number, topic, key, reset);
    sent.add(each);
    Supplier<CompletionStage<Position>> sending =
        change == null || reset ? () -> sink.reset(topic, key) : () -> sink.publish(change, key);
    try {
      sending.get().whenComplete((position, why) -> answered(each, position, why));
    } catch (RuntimeException e) {
      answered(each, null, e);
    }
    return true;
  }

  private void answered(Sent each, @Nullable Position position, @Nullable Throwable why) {
    if (why == null) {
      each.position = position;
    } else {
      each.failure = why;
      failure = why;
    }
    inFlight.release();
  }

  private void awaitAnswers() throws InterruptedException {
    while (!inFlight.tryAcquire(MAX_IN_FLIGHT, SLICE_MILLIS, TimeUnit.MILLISECONDS)) {
      pace.waiting();
    }
    inFlight.release(MAX_IN_FLIGHT);
    for (Sent each : sent) {
      Throwable why = each.failure;
      if (why != null && !each.reset && !isOfBroker(why)) {
        refused.add(each.key); // the change itself is to blame: it is told as a reset
      }
    }
  }

  /** Whether it may help to try again. */
  private static boolean isOfBroker(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause instanceof RealtimeException;
  }

  /** The last failure. */
  @Nullable Throwable failure() {
    return failure;
  }

  /** Up to which transaction, of those that were sent whole, everything has its place. */
  long confirmed(List<OutboxRow> whole, long before) {
    long firstOpen = Long.MAX_VALUE;
    for (Sent each : sent) {
      if (each.position == null) {
        firstOpen = each.number;
        break;
      }
    }
    long confirmed = before;
    for (OutboxRow row : whole) {
      if (row.number() < firstOpen) {
        confirmed = row.number();
      }
    }
    return confirmed;
  }

  /** Where each channel stood after transaction {@code number}. */
  Map<String, Position> places(long number) {
    Map<String, Position> places = new LinkedHashMap<>();
    for (Sent each : sent) {
      Position position = each.position;
      if (each.number <= number && position != null) {
        places.put(each.topic, position);
      }
    }
    return places;
  }

  /**
   * The channels in which changes up to {@code number} do not follow one another as they were
   * committed: one was sent again after a later one had gone through.
   *
   * @param before where channels stood before this
   */
  Set<String> disordered(long number, Map<String, Position> before) {
    Map<String, Position> last = new LinkedHashMap<>(before);
    Set<String> disordered = new LinkedHashSet<>();
    for (Sent each : sent) {
      Position position = each.position;
      if (each.number <= number && position != null) {
        Position previous = last.put(each.topic, position);
        if (previous != null
            && previous.epoch().equals(position.epoch())
            && previous.offset() >= position.offset()) {
          disordered.add(each.topic);
        }
      }
    }
    return disordered;
  }

  /** Counts what has its place now. */
  void count(long number, CaptureCounters counters) {
    for (Sent each : sent) {
      if (each.number <= number) {
        if (each.reset) {
          counters.reset(null);
        } else {
          counters.change(null);
        }
      }
    }
  }
}
