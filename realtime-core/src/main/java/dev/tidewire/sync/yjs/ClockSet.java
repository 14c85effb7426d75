package dev.tidewire.sync.yjs;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Ranges of clocks by client: what is deleted, or what somebody has. Not thread-safe. */
final class ClockSet {

  /** Clocks from and, excluded, to. */
  record Span(long from, long to) {}

  private final Map<Long, List<Span>> clients = new HashMap<>();

  /** Reads one and leaves it as it is: in its own order, joined with nothing. */
  static ClockSet read(ByteReader in) {
    ClockSet set = new ClockSet();
    long count = in.varUint();
    if (count > StateVector.MAX_CLIENTS) {
      throw new BadUpdate("deletions of " + count + " clients");
    }
    for (long i = 0; i < count; i++) {
      long client = in.varUint();
      long spans = in.varUint();
      for (long j = 0; j < spans; j++) {
        long from = in.varUint();
        long length = in.varUint();
        if (length == 0 || from + length > ByteReader.MAX_SAFE) {
          throw new BadUpdate("a deletion of " + length + " from " + from);
        }
        set.clients
            .computeIfAbsent(client, c -> new ArrayList<>(2))
            .add(new Span(from, from + length));
      }
    }
    return set;
  }

  boolean isEmpty() {
    return clients.isEmpty();
  }

  void addAll(ClockSet other) {
    other.clients.forEach(
        (client, spans) ->
            clients.computeIfAbsent(client, c -> new ArrayList<>(spans.size())).addAll(spans));
  }

  void add(long client, Span span) {
    List<Span> spans = clients.computeIfAbsent(client, c -> new ArrayList<>(1));
    Span last = spans.isEmpty() ? null : spans.get(spans.size() - 1);
    if (last != null && last.to() == span.from()) {
      spans.set(spans.size() - 1, new Span(last.from(), span.to()));
    } else {
      spans.add(span);
    }
  }

  /** Adds to a normalized set, which stays one. */
  void join(ClockSet other) {
    other.clients.forEach(
        (client, spans) -> {
          List<Span> all = new ArrayList<>(clients.getOrDefault(client, List.of()));
          all.addAll(spans);
          clients.put(client, normalized(all));
        });
  }

  /** How far a normalized set goes without a gap. */
  StateVector stateVector() {
    StateVector vector = new StateVector();
    clients.forEach(
        (client, spans) -> {
          if (spans.get(0).from() == 0) {
            vector.set(client, spans.get(0).to());
          }
        });
    return vector;
  }

  /** Whether a normalized set has a gap in one of the clients that {@code other} is about. */
  boolean hasGapsWhere(ClockSet other) {
    return other.clients.keySet().stream()
        .map(client -> clients.getOrDefault(client, List.of()))
        .anyMatch(spans -> !spans.isEmpty() && (spans.size() > 1 || spans.get(0).from() > 0));
  }

  /** Whether a normalized set has nothing beyond the vector. */
  boolean isWithin(StateVector vector) {
    return clients.entrySet().stream()
        .allMatch(e -> e.getValue().get(e.getValue().size() - 1).to() <= vector.clock(e.getKey()));
  }

  /** Sorts, and joins what touches. */
  void normalize() {
    clients.replaceAll((client, spans) -> normalized(spans));
  }

  private static List<Span> normalized(List<Span> spans) {
    List<Span> sorted = new ArrayList<>(spans);
    sorted.sort(Comparator.comparingLong(Span::from));
    List<Span> joined = new ArrayList<>(sorted.size());
    for (Span span : sorted) {
      Span last = joined.isEmpty() ? null : joined.get(joined.size() - 1);
      if (last != null && last.to() >= span.from()) {
        joined.set(joined.size() - 1, new Span(last.from(), Math.max(last.to(), span.to())));
      } else {
        joined.add(span);
      }
    }
    return joined;
  }

  /** Whether it contains all of {@code other}; only of a normalized set. */
  boolean containsAll(ClockSet other) {
    return other.clients.entrySet().stream()
        .allMatch(
            entry -> entry.getValue().stream().allMatch(span -> contains(entry.getKey(), span)));
  }

  /** Whether the span is in one of the client's; only of a normalized set. */
  private boolean contains(long client, Span span) {
    List<Span> spans = clients.getOrDefault(client, List.of());
    int low = 0;
    int high = spans.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      Span found = spans.get(middle);
      if (found.to() <= span.from()) {
        low = middle + 1;
      } else if (found.from() > span.from()) {
        high = middle - 1;
      } else {
        return found.to() >= span.to();
      }
    }
    return false;
  }

  void write(ByteWriter out) {
    out.varUint(clients.size());
    clients.entrySet().stream()
        .sorted(Map.Entry.comparingByKey(Comparator.reverseOrder()))
        .forEach(
            entry -> {
              out.varUint(entry.getKey()).varUint(entry.getValue().size());
              for (Span span : entry.getValue()) {
                out.varUint(span.from()).varUint(span.to() - span.from());
              }
            });
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ClockSet set && clients.equals(set.clients);
  }

  @Override
  public int hashCode() {
    return clients.hashCode();
  }
}
