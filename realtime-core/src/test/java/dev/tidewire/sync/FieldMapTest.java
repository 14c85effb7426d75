package dev.tidewire.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FieldMapTest {

  private static final int REPLICAS = 10;
  private static final int EDITS = Integer.getInteger("sync.edits", 5_000);

  /** A stamp names one write, so what is written follows from it. */
  @Provide
  Arbitrary<List<FieldWrite>> writes() {
    Arbitrary<FieldWrite> write =
        Combinators.combine(
                Arbitraries.of("a", "b", "c", "__proto__"),
                Arbitraries.longs().between(0, 5),
                Arbitraries.integers().between(0, 1),
                Arbitraries.of("x", "y", "z"))
            .as(
                (field, time, count, replica) -> {
                  Stamp at = new Stamp(time, count, replica);
                  boolean removes = (field + at).hashCode() % 3 == 0;
                  return new FieldWrite(field, at, removes ? null : "\"" + field + at + '"');
                });
    return write.list().ofMaxSize(20);
  }

  private static Map<String, FieldWrite> known(FieldMap map) {
    Map<String, FieldWrite> known = new HashMap<>();
    map.writes().forEach(write -> known.put(write.field(), write));
    return known;
  }

  private static FieldMap merged(FieldMap one, FieldMap other) {
    FieldMap both = one.copy();
    other.writes().forEach(both::merge);
    return both;
  }

  private static FieldMap map(List<FieldWrite> writes) {
    return new FieldMap(writes, null);
  }

  @Property(tries = 500)
  void mergingIsCommutativeAssociativeAndIdempotent(
      @ForAll("writes") List<FieldWrite> first,
      @ForAll("writes") List<FieldWrite> second,
      @ForAll("writes") List<FieldWrite> third) {
    FieldMap a = map(first);
    FieldMap b = map(second);
    FieldMap c = map(third);

    assertThat(known(merged(a, b))).isEqualTo(known(merged(b, a)));
    assertThat(known(merged(merged(a, b), c))).isEqualTo(known(merged(a, merged(b, c))));
    assertThat(known(merged(a, a))).isEqualTo(known(a));
    assertThat(known(merged(merged(a, b), b))).isEqualTo(known(merged(a, b)));
  }

  @Property(tries = 500)
  void anyOrderAndRepetitionGivesTheSameMapAndTheSameCounts(
      @ForAll("writes") List<FieldWrite> writes, @ForAll Random random) {
    List<FieldWrite> shuffled = new ArrayList<>(writes);
    writes.stream().filter(write -> random.nextBoolean()).forEach(shuffled::add);
    Collections.shuffle(shuffled, random);

    FieldMap map = map(shuffled);

    assertThat(known(map)).isEqualTo(known(map(writes)));
    List<FieldWrite> there = map.writes().stream().filter(write -> !write.isRemoval()).toList();
    assertThat(map.fields()).isEqualTo(there.size());
    assertThat(map.bytes()).isEqualTo(there.stream().mapToInt(FieldWrite::bytes).sum());
  }

  @Property(tries = 500)
  void whatIsPurgedDoesNotComeBackWhateverIsRepeated(
      @ForAll("writes") List<FieldWrite> writes, @ForAll Random random) {
    FieldMap map = map(writes);
    Map<String, FieldWrite> before = known(map);
    FieldMap.Purge purge = map.purge(random.nextInt(2), random.nextInt(4));
    Map<String, FieldWrite> kept = known(map);

    for (FieldWrite again : writes) {
      map.merge(again);
    }

    assertThat(known(map)).isEqualTo(kept);
    if (purge != null) {
      before.keySet().removeAll(kept.keySet());
      assertThat(before.values())
          .containsExactlyInAnyOrderElementsOf(purge.removals())
          .allMatch(write -> write.isRemoval() && !write.at().isAfter(purge.floor()));
    }
  }

  private static final class Replica {
    final FieldMap map = new FieldMap();
    final List<FieldWrite> inbox = new ArrayList<>();
    final HybridClock clock;

    Replica(String name, AtomicLong now, long skew) {
      clock = new HybridClock(name, () -> now.get() + skew);
    }

    void receive(FieldWrite write) {
      clock.observe(write.at());
      map.merge(write);
    }
  }

  @Test
  void tenReplicasWithWrongClocksConvergeWhateverArrivesWhenAndHowOften() {
    long seed = Long.getLong("sync.seed", System.nanoTime());
    Random random = new Random(seed);
    AtomicLong now = new AtomicLong(1_760_000_000_000L);
    List<Replica> replicas = new ArrayList<>();
    for (int i = 0; i < REPLICAS; i++) {
      replicas.add(new Replica("r" + i, now, random.nextInt(120_000) - 60_000L));
    }
    int deliveries = 0;
    for (int edit = 0; edit < EDITS; edit++) {
      now.addAndGet(random.nextInt(4));
      Replica self = replicas.get(random.nextInt(REPLICAS));
      String field = "f" + random.nextInt(40);
      @Nullable String value = random.nextInt(5) == 0 ? null : String.valueOf(edit);
      FieldWrite write = new FieldWrite(field, self.clock.next(), value);
      assertThat(self.map.merge(write)).isEqualTo(FieldMap.Verdict.NEWER);
      for (Replica other : replicas) {
        for (int copy = 0; other != self && copy <= random.nextInt(2); copy++) {
          other.inbox.add(write);
        }
        while (!other.inbox.isEmpty() && random.nextInt(3) > 0) {
          other.receive(other.inbox.remove(random.nextInt(other.inbox.size())));
          deliveries++;
        }
      }
    }
    for (Replica replica : replicas) {
      deliveries += replica.inbox.size();
      replica.inbox.forEach(replica::receive);
    }
    System.out.printf(
        "sync: seed %d, %d replicas, %d edits, %d deliveries%n", seed, REPLICAS, EDITS, deliveries);
    assertThat(replicas)
        .as("seed %s", seed)
        .allSatisfy(
            replica -> assertThat(known(replica.map)).isEqualTo(known(replicas.get(0).map)));
  }
}
