package dev.tidewire.broker;

import static dev.tidewire.testing.Drafts.await;
import static dev.tidewire.testing.Drafts.event;
import static dev.tidewire.testing.Drafts.persisted;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.broker.Broker.ReadLimit;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.Parallel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every broker keeps to. */
public abstract class BrokerContract {

  protected static final ReadLimit UNLIMITED = new ReadLimit(Integer.MAX_VALUE, Integer.MAX_VALUE);
  protected static final ChannelOptions KEEP =
      ChannelOptions.DEFAULT.retain(1_000_000, Duration.ofDays(1));

  protected final ManualClock clock = new ManualClock();
  protected final Heard heard = new Heard();
  protected Broker broker;

  /** A broker that tells the time by {@link #clock}; not started. */
  protected abstract Broker create();

  /** What the listener heard, and whether it was called as promised. */
  protected static final class Heard implements BrokerListener {
    private final Map<String, List<Publication>> byTopic = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> inside = new ConcurrentHashMap<>();
    private final AtomicBoolean overlapped = new AtomicBoolean();
    public final List<String> lost = new CopyOnWriteArrayList<>();

    @Override
    public void onPublication(Publication publication) {
      AtomicInteger calls = inside.computeIfAbsent(publication.topic(), t -> new AtomicInteger());
      if (calls.incrementAndGet() > 1) {
        overlapped.set(true);
      }
      byTopic
          .computeIfAbsent(publication.topic(), t -> new CopyOnWriteArrayList<>())
          .add(publication);
      calls.decrementAndGet();
    }

    @Override
    public void onLost(String topic, Tail.Outcome why, Position position) {
      lost.add(topic + ' ' + why + ' ' + position);
    }

    @Override
    public void onReady(String topic) {}

    public List<Publication> of(String topic) {
      assertThat(overlapped).isFalse();
      return byTopic.getOrDefault(topic, List.of());
    }
  }

  @BeforeEach
  void start() {
    broker = create();
    broker.start(heard);
  }

  @AfterEach
  void stop() {
    broker.close();
  }

  protected Appended append(String topic, Object data) {
    return append(event(topic, data), KEEP, null);
  }

  protected Appended append(Draft draft, ChannelOptions options, String key) {
    return await(broker.append(draft, options, key));
  }

  protected Tail read(String topic, Position since) {
    return await(broker.read(topic, since, UNLIMITED));
  }

  private static List<Long> offsets(List<Publication> publications) {
    return publications.stream().map(p -> p.position().offset()).toList();
  }

  private static List<Long> upTo(long from, long to) {
    List<Long> offsets = new ArrayList<>();
    for (long i = from; i <= to; i++) {
      offsets.add(i);
    }
    return offsets;
  }

  @Test
  void offsetsAreDenseAndBeginAtOne() {
    for (int i = 1; i <= 5; i++) {
      assertThat(append("t", i).position().offset()).isEqualTo(i);
      assertThat(append("other", i).position().offset()).isEqualTo(i);
    }
    assertThat(append("t", 6).position().epoch()).isEqualTo(read("t", null).position().epoch());
  }

  @Test
  void theListenerHasHeardWhenAnAppendCompletes() {
    broker.subscribe("t");
    for (int i = 1; i <= 20; i++) {
      Appended appended = append("t", i);

      assertThat(heard.of("t"))
          .last()
          .extracting(Publication::position)
          .isEqualTo(appended.position());
      assertThat(heard.of("t"))
          .last()
          .extracting(Publication::timestamp)
          .isEqualTo(appended.timestamp());
      assertThat(heard.of("t")).last().extracting(Publication::dataJson).isEqualTo("" + i);
    }
  }

  @Test
  void concurrentAppendsAreHeardOneAtATimeInOrder() {
    broker.subscribe("t");
    broker.subscribe("u");
    Map<Position, String> answers = new ConcurrentHashMap<>();
    AtomicInteger number = new AtomicInteger();
    Parallel.times(
        4,
        () -> {
          for (int i = 0; i < 500; i++) {
            int data = number.incrementAndGet();
            answers.put(append("t", data).position(), "" + data);
            append("u", data);
          }
        });

    assertThat(offsets(heard.of("t"))).isEqualTo(upTo(1, 2_000));
    assertThat(offsets(heard.of("u"))).isEqualTo(upTo(1, 2_000));
    assertThat(answers).hasSize(2_000);
    Tail tail = read("t", new Position(read("t", null).position().epoch(), 0));
    assertThat(offsets(tail.publications())).isEqualTo(upTo(1, 2_000));
    for (Publication publication : tail.publications()) {
      assertThat(publication.dataJson()).isEqualTo(answers.get(publication.position()));
    }
  }

  @Test
  void aReadAfterAnAppendSeesIt() {
    for (int i = 0; i < 50; i++) {
      Position before = read("t", null).position();
      Appended appended = append("t", i);

      Tail tail = read("t", before);
      assertThat(tail.position()).isEqualTo(appended.position());
      assertThat(offsets(tail.publications())).containsExactly(appended.position().offset());
    }
  }

  @Test
  void aReadWithoutPositionGivesThePresentOne() {
    assertThat(read("t", null))
        .isEqualTo(new Tail(read("t", null).position(), Tail.Outcome.COMPLETE, List.of()));
    assertThat(read("t", null).position().offset()).isZero();
    append("t", 1);
    assertThat(read("t", null).position().offset()).isEqualTo(1);
  }

  @Test
  void aReadGivesAllThatCameAfterOldestFirst() {
    for (int i = 1; i <= 10; i++) {
      append("t", i);
    }
    String epoch = read("t", null).position().epoch();

    for (int since = 0; since <= 10; since++) {
      Tail tail = read("t", new Position(epoch, since));
      assertThat(tail.outcome()).isEqualTo(Tail.Outcome.COMPLETE);
      assertThat(tail.position()).isEqualTo(new Position(epoch, 10));
      assertThat(offsets(tail.publications())).isEqualTo(upTo(since + 1, 10));
    }
  }

  @Test
  void aPositionOfAnotherLifeOrOfTheFutureIsToldAsSuch() {
    append("t", 1);
    Position now = read("t", null).position();

    for (Position since :
        List.of(new Position("other", 1), new Position("other", 0), new Position(now.epoch(), 2))) {
      assertThat(read("t", since)).isEqualTo(new Tail(now, Tail.Outcome.EPOCH, List.of()));
    }
  }

  @Test
  void whatTheCountEvictedIsToldAsSuch() {
    ChannelOptions three = ChannelOptions.DEFAULT.retain(3, Duration.ofDays(1));
    for (int i = 1; i <= 10; i++) {
      append(event("t", i), three, null);
    }
    Position now = read("t", null).position();

    assertThat(offsets(read("t", new Position(now.epoch(), 7)).publications()))
        .isEqualTo(upTo(8, 10));
    assertThat(read("t", new Position(now.epoch(), 6)))
        .isEqualTo(new Tail(now, Tail.Outcome.EVICTED, List.of()));
    assertThat(read("t", now)).isEqualTo(new Tail(now, Tail.Outcome.COMPLETE, List.of()));
  }

  @Test
  void whatIsTooOldIsToldAsEvicted() {
    ChannelOptions minute = ChannelOptions.DEFAULT.retain(100, Duration.ofMinutes(1));
    append(event("t", 1), minute, null);
    clock.advance(Duration.ofSeconds(30));
    append(event("t", 2), minute, null);
    Position now = read("t", null).position();
    assertThat(read("t", new Position(now.epoch(), 0)).publications()).hasSize(2);

    clock.advance(Duration.ofSeconds(30));
    broker.housekeep();

    assertThat(read("t", new Position(now.epoch(), 0)).outcome()).isEqualTo(Tail.Outcome.EVICTED);
    assertThat(offsets(read("t", new Position(now.epoch(), 1)).publications())).containsExactly(2L);
  }

  @Test
  void aChannelThatRetainsNothingRecoversOnlyWhoMissedNothing() {
    for (ChannelOptions none :
        List.of(
            ChannelOptions.DEFAULT.retain(0, Duration.ofDays(1)),
            ChannelOptions.DEFAULT.retain(100, Duration.ZERO))) {
      append(event("t", 1), none, null);
      Position now = read("t", null).position();

      assertThat(read("t", now).outcome()).isEqualTo(Tail.Outcome.COMPLETE);
      assertThat(read("t", new Position(now.epoch(), now.offset() - 1)).outcome())
          .isEqualTo(Tail.Outcome.EVICTED);
    }
  }

  @Test
  void aReadIsBoundedByCountAndNeverPartial() {
    for (int i = 1; i <= 10; i++) {
      append("t", i);
    }
    Position now = read("t", null).position();
    Position since = new Position(now.epoch(), 5);

    assertThat(await(broker.read("t", since, new ReadLimit(5, Integer.MAX_VALUE))).publications())
        .hasSize(5);
    assertThat(await(broker.read("t", since, new ReadLimit(4, Integer.MAX_VALUE))))
        .isEqualTo(new Tail(now, Tail.Outcome.EVICTED, List.of()));
  }

  @Test
  void aReadIsBoundedByBytesAndNeverPartial() {
    broker.subscribe("t");
    for (int i = 1; i <= 3; i++) {
      append("t", i);
    }
    Position now = read("t", null).position();
    Position since = new Position(now.epoch(), 0);
    int bytes = heard.of("t").stream().mapToInt(p -> p.frame().length).sum();

    assertThat(await(broker.read("t", since, new ReadLimit(100, bytes))).publications()).hasSize(3);
    assertThat(await(broker.read("t", since, new ReadLimit(100, bytes - 1))))
        .isEqualTo(new Tail(now, Tail.Outcome.EVICTED, List.of()));
  }

  @Test
  void aRepeatedKeyAppendsNothingAndGetsTheFirstAnswer() {
    broker.subscribe("t");
    Appended first = append(event("t", 1), KEEP, "k");
    clock.advance(Duration.ofMinutes(4));
    append("t", 2);

    Appended again = append(event("t", 3), KEEP, "k");

    assertThat(first.repeated()).isFalse();
    assertThat(again).isEqualTo(new Appended(first.position(), first.timestamp(), true));
    assertThat(offsets(heard.of("t"))).isEqualTo(upTo(1, 2));
    assertThat(append(event("t", 4), KEEP, "K").repeated()).isFalse();
    assertThat(append(event("u", 4), KEEP, "k").repeated()).isFalse();
  }

  @Test
  void aKeyIsForgottenAfterFiveMinutes() {
    append(event("t", 1), KEEP, "k");
    clock.advance(Duration.ofMinutes(5).minusMillis(1));
    assertThat(append(event("t", 1), KEEP, "k").repeated()).isTrue();
    clock.advance(Duration.ofMillis(1));
    broker.housekeep();

    assertThat(append(event("t", 1), KEEP, "k").repeated()).isFalse();
    assertThat(append(event("t", 1), KEEP, "k").repeated()).isTrue();
  }

  @Test
  void aKeyUsedByManyAtOnceIsPublishedOnce() {
    broker.subscribe("t");
    List<Appended> answers = new ArrayList<>();
    for (int round = 0; round < 50; round++) {
      String key = "k" + round;
      Parallel.times(
          4,
          () -> {
            Appended answer = append(event("t", 1), KEEP, key);
            synchronized (answers) {
              answers.add(answer);
            }
          });
    }

    assertThat(heard.of("t")).hasSize(50);
    assertThat(answers.stream().filter(a -> !a.repeated())).hasSize(50);
    assertThat(answers.stream().map(Appended::position).distinct()).hasSize(50);
  }

  @Test
  void timeStampsNeverGoBackAndRiseStrictlyForPersistedMessages() {
    List<Long> persistedAt = new ArrayList<>();
    List<Long> stamps = new ArrayList<>();
    long[] steps = {0, 0, 5, -20, 0, 3, 100, -90, 0, 0};
    for (int i = 0; i < steps.length; i++) {
      clock.set(clock.millis() + steps[i]);
      boolean persist = i % 3 != 1;
      long stamp = append(persist ? persisted("t", i) : event("t", i), KEEP, null).timestamp();
      stamps.add(stamp);
      if (persist) {
        persistedAt.add(stamp);
      }
    }

    assertThat(stamps).isSorted();
    assertThat(persistedAt).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void aStreamSomebodySubscribesToIsNeverForgotten() {
    ChannelOptions nothing = ChannelOptions.DEFAULT.retain(0, Duration.ZERO);
    broker.subscribe("t");
    broker.subscribe("t");
    broker.unsubscribe("t");
    Position first = append(event("t", 1), nothing, null).position();

    for (int day = 0; day < 5; day++) {
      clock.advance(Duration.ofDays(1));
      broker.housekeep();
      assertThat(append(event("t", 1), nothing, null).position().epoch()).isEqualTo(first.epoch());
    }
    assertThat(read("t", null).position()).isEqualTo(new Position(first.epoch(), 6));
  }
}
