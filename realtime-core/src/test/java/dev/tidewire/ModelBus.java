package dev.tidewire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.WrappedBroker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A bus, its readers, and the model of its channels, moved on step by step by the numbers of a
 * generated chain: no thread, no clock but its own, so the same numbers give the same story.
 */
final class ModelBus {

  private static final int READERS = 10;
  private static final int QUEUE_BYTES = 4_000;
  private static final int READ_LIMIT = 60;

  /** What a run has shown. */
  static final class Counts {
    int publications;
    int deliveries;
    int repeats;
    int repeatedKeys;
    int recoveries;
    int evictions;
    int epochs;
    int turns;
    int slowCloses;
    int switches;
    int midSend;
    int newLives;

    void add(Counts other) {
      publications += other.publications;
      deliveries += other.deliveries;
      repeats += other.repeats;
      repeatedKeys += other.repeatedKeys;
      recoveries += other.recoveries;
      evictions += other.evictions;
      epochs += other.epochs;
      turns += other.turns;
      slowCloses += other.slowCloses;
      switches += other.switches;
      midSend += other.midSend;
      newLives += other.newLives;
    }

    @Override
    public String toString() {
      return ("%d publications (%d keys repeated), %d deliveries (%d repeats dropped), %d transport"
              + " switches, %d recoveries, refused: %d evicted, %d of another epoch; %d read"
              + " later for want of room; %d slow readers closed, %d links cut in the middle of"
              + " a send, %d channels forgotten")
          .formatted(
              publications,
              repeatedKeys,
              deliveries,
              repeats,
              switches,
              recoveries,
              evictions,
              epochs,
              turns,
              slowCloses,
              midSend,
              newLives);
    }
  }

  final Counts counts = new Counts();
  final Realtime realtime;
  private final ManualClock clock = new ManualClock();
  private final SteppedThreads threads = new SteppedThreads();
  private final WrappedBroker broker = new WrappedBroker(clock);
  private final Map<String, ModelTopic> topics = new LinkedHashMap<>();
  private final List<ModelReader> readers = new ArrayList<>();
  private final List<ModelLink> abandoned = new ArrayList<>();

  ModelBus() {
    topic("long", ChannelOptions.DEFAULT);
    topic("few", ChannelOptions.DEFAULT.retain(5, Duration.ofHours(1)));
    topic("brief", ChannelOptions.DEFAULT.retain(1_000, Duration.ofSeconds(10)));
    topic("none", ChannelOptions.DEFAULT.retain(0, Duration.ZERO));
    Realtime.Builder builder = Realtime.builder();
    builder.threads = () -> threads;
    realtime =
        builder
            .access(AccessPolicy.open())
            .clock(clock)
            .broker(broker)
            .limits(
                l ->
                    l.frames(0, 0)
                        .userConnections(0)
                        .queueBytes(QUEUE_BYTES)
                        .recovery(READ_LIMIT, 0))
            .heartbeat(Duration.ZERO, Duration.ZERO)
            .channels("few", c -> c.retain(5, Duration.ofHours(1)))
            .channels("brief", c -> c.retain(1_000, Duration.ofSeconds(10)))
            .channels("none", c -> c.retain(0, Duration.ZERO))
            .build();
    for (int i = 0; i < READERS; i++) {
      readers.add(new ModelReader(this, "u" + i));
    }
  }

  private void topic(String name, ChannelOptions options) {
    topics.put(name, new ModelTopic(name, options, READ_LIMIT));
  }

  ModelTopic topic(String name) {
    return topics.get(name);
  }

  private String name(int which) {
    return List.copyOf(topics.keySet()).get(which % topics.size());
  }

  private ModelReader reader(int which) {
    return readers.get(which % READERS);
  }

  private ModelTopic touched(String name) {
    ModelTopic topic = topic(name);
    int before = topic.lives();
    topic.touch(broker.position(name), clock.millis());
    counts.newLives += before > 0 ? topic.lives() - before : 0;
    return topic;
  }

  /** What the model answers to who reads now. */
  ModelTopic.Answer read(String name, @Nullable Position since) {
    return touched(name).read(since, clock.millis());
  }

  void hold(ModelLink link, String name) {
    if (link.holds.add(name)) {
      topic(name).hold(1, clock.millis());
    }
  }

  void release(ModelLink link, String name) {
    if (link.holds.remove(name)) {
      topic(name).hold(-1, clock.millis());
    }
  }

  /** No more goes over the link. */
  void ended(ModelLink link) {
    counts.slowCloses += link.closeCode() > 0 ? 1 : 0;
    List.copyOf(link.holds).forEach(name -> release(link, name));
  }

  // What may happen. Every step takes three numbers and makes of them what it needs.

  void publish(int which, int size, int howMany) {
    for (int i = 0; i <= howMany % 12; i++) {
      publishOne(null, name(which), size, null, true);
    }
  }

  /** Fewer keys than publications: many are the second attempt of one. */
  void publishWithKey(int which, int size, int key) {
    publishOne(null, name(which), size, "k" + key % 3, true);
  }

  void publishByReader(int who, int which, int how) {
    publishOne(reader(who), name(which), how * 3, how % 2 == 0 ? "k" + how % 3 : null, true);
  }

  void publishWithoutEcho(int who, int which, int how) {
    publishOne(reader(who), name(which), how, how % 3 == 0 ? "k" + how % 3 : null, false);
  }

  private void publishOne(
      @Nullable ModelReader by, String name, int size, @Nullable String key, boolean echo) {
    boolean canSpeak =
        by == null || (by.isLive() && (by.via() == ModelReader.Via.SOCKET || by.secret() != null));
    if (!canSpeak) {
      return;
    }
    ModelTopic topic = touched(name);
    long before = topic.position().offset();
    String data = counts.publications + ":" + "x".repeat(size * 3);
    String scope = key == null ? null : (by == null ? "server " : by.user + " ") + key;
    ModelTopic.Entry entry =
        topic.publish(data, scope, echo ? null : by == null ? null : by.link(), clock.millis());
    boolean repeated = entry.at().offset() <= before;
    counts.publications += repeated ? 0 : 1;
    counts.repeatedKeys += repeated ? 1 : 0;
    if (by == null) {
      PublishOptions options = key == null ? PublishOptions.NONE : PublishOptions.NONE.withKey(key);
      assertThat(realtime.channel(name).publish("e", data, options).toCompletableFuture())
          .isCompletedWithValue(entry.at());
    } else {
      by.publish(
          name,
          entry,
          repeated,
          "'data':'"
              + data
              + "'"
              + (key == null ? "" : ",'key':'" + key + "'")
              + (echo ? "" : ",'echo':false"));
    }
  }

  void subscribe(int who, int which, int how) {
    ModelReader reader = reader(who);
    String name = name(which);
    if (!reader.isLive() || reader.via() != ModelReader.Via.SOCKET) {
      return;
    }
    reader.subscribe(name, how % 4 == 0 ? null : since(reader, name, how));
  }

  /** A position: where the reader is, before that, after the end, or of no life of the channel. */
  private @Nullable Position since(ModelReader reader, String name, int how) {
    Position last = reader.last(name);
    Position end = touched(name).position();
    return switch (how % 7) {
      case 0 -> new Position(end.epoch(), end.offset() + 1 + how);
      case 1 -> new Position("never", how);
      case 2 -> last == null ? end : new Position(last.epoch(), Math.max(0, last.offset() - how));
      default -> last;
    };
  }

  void unsubscribe(int who, int which, int how) {
    ModelReader reader = reader(who);
    if (reader.holds(name(which)) && reader.via() == ModelReader.Via.SOCKET) {
      reader.unsubscribe(name(which));
    }
  }

  void sync(int who, int which, int how) {
    ModelReader reader = reader(who);
    Position after = since(reader, name(which), how);
    boolean possible = reader.holds(name(which)) && reader.via() == ModelReader.Via.SOCKET;
    if (possible && after != null) {
      reader.sync(name(which), after);
    }
  }

  /** Comes, or comes back, on some transport; the link before it may still hang about. */
  void connect(int who, int how, int which) {
    ModelReader reader = reader(who);
    ModelLink before = reader.link();
    if (before != null && !before.isEnded()) {
      if (how % 2 == 0) {
        drop(who, how, which);
      } else {
        abandoned.add(before);
      }
    }
    ModelReader.Via via = ModelReader.Via.values()[how % 3];
    counts.switches += before != null && via != reader.via() ? 1 : 0;
    if (via == ModelReader.Via.SOCKET) {
      reader.connect();
    } else {
      open(reader, via, how, which);
    }
  }

  private void open(ModelReader reader, ModelReader.Via via, int how, int which) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < topics.size(); i++) {
      if ((which & 1 << i) != 0 || (i == 0 && which % 16 == 0)) {
        names.add(name(i + how));
      }
    }
    if (how % 5 == 1) {
      reader.forget(names.get(0), since(reader, names.get(0), which));
    }
    reader.open(via, names, how % 7 != 0);
    if (via == ModelReader.Via.POLL) {
      settle();
      reader.hear();
      reader.link().drop(1000, false, false);
    }
  }

  void drop(int who, int how, int more) {
    ModelLink link = reader(who).link();
    if (link != null && !link.isEnded()) {
      counts.midSend += link.isBusy() ? 1 : 0;
      link.drop(more % 3 == 0 ? 1000 : 1006, how % 2 == 0, how % 3 == 0);
    }
  }

  /** The links that were left behind are noticed. */
  void noticeAbandoned(int a, int b, int c) {
    abandoned.forEach(link -> link.drop(1006, a % 2 == 0, b % 2 == 0));
    abandoned.clear();
  }

  void slow(int who, int how, int more) {
    ModelLink link = reader(who).link();
    if (link != null) {
      link.slow(how % 3 != 0);
    }
  }

  void arrive(int who, int how, int more) {
    ModelLink link = reader(who).link();
    for (int i = 0; link != null && i <= how % 4; i++) {
      link.arrive();
    }
  }

  /** From now on the broker's answers to readers wait. */
  void holdReads(int a, int b, int c) {
    broker.holdReads();
  }

  void work(int how, int which, int more) {
    for (int i = 0; i <= how % 8; i++) {
      if (broker.held() > 0 && (which + i) % 3 == 0) {
        if (more % 2 == 0) {
          broker.answerFirst();
        } else {
          broker.answerLast();
        }
      }
      threads.step(which + i);
    }
  }

  void pass(int seconds, int more, int rarely) {
    while (threads.step(more)) {
      // time passes only over idle threads, so that the model knows what happened when
    }
    clock.advance(Duration.ofSeconds(rarely % 4 == 0 ? seconds * 12L : seconds % 12));
    threads.tick();
    topics.values().forEach(topic -> topic.housekeep(clock.millis()));
  }

  /** What arrived is read after every step. */
  void hear() {
    readers.forEach(ModelReader::hear);
  }

  private void settle() {
    boolean more = true;
    while (more) {
      more = threads.step(0);
      if (broker.held() > 0) {
        broker.answerFirst();
        more = true;
      }
    }
  }

  /** Everybody comes back, everything arrives: then nobody may lack anything. */
  void finish() {
    noticeAbandoned(0, 0, 0);
    for (ModelReader reader : readers) {
      if (!reader.isLive()) {
        reader.connect();
      }
    }
    boolean more = true;
    while (more) {
      settle();
      more = false;
      for (ModelReader reader : readers) {
        more |= reader.link().arrive();
        reader.hear();
        if (!reader.isLive()) {
          reader.connect(); // it was too slow
          more = true;
        }
      }
    }
    readers.forEach(ModelReader::isUpToDate);
    readers.forEach(reader -> reader.link().drop(1000, false, false));
    settle();
    assertThat(realtime.connectionCount()).isZero();
  }
}
