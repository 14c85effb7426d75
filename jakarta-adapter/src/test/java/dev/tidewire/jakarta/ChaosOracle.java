package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.Realtime;
import dev.tidewire.channel.Position;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Knows what was published, from inside the server, and judges in the end what publishers were
 * acknowledged and what every reader handed out. Safe for any thread.
 */
final class ChaosOracle {

  /** A message that was handed out, or, without data, a reset: the reader goes on after it. */
  record Heard(Position at, @Nullable String data) {}

  /** What an acknowledgement said. */
  private record Acked(String topic, Position at, String data) {}

  /** How many of each; all must be zero. */
  record Verdict(
      int lost, int doubled, int reordered, int phantom, int falseRecovered, int unanswered) {

    static final Verdict CLEAN = new Verdict(0, 0, 0, 0, 0, 0);

    @Override
    public String toString() {
      return "lost %d, doubled %d, reordered %d, phantom %d, false-recovered %d, acks without message %d"
          .formatted(lost, doubled, reordered, phantom, falseRecovered, unanswered);
    }
  }

  /** What one reader handed out of one channel. */
  static final class Story {
    final String topic;
    final List<Heard> heard = new ArrayList<>();

    /** Places behind which the server said that recovery was complete. */
    final Set<Position> recovered = new HashSet<>();

    Story(String topic) {
      this.topic = topic;
    }

    synchronized void add(Heard what) {
      heard.add(what);
    }

    synchronized void recovered(Position since) {
      recovered.add(since);
    }

    synchronized int size() {
      return heard.size();
    }
  }

  private final Map<String, Map<Long, String>> log = new ConcurrentHashMap<>();
  private final Map<String, Position> ends = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<Acked> acked = new ConcurrentLinkedQueue<>();
  private final List<Story> stories = new CopyOnWriteArrayList<>();

  /** Listens to these channels inside the server. */
  ChaosOracle(Realtime realtime, List<String> topics) {
    for (String topic : topics) {
      Map<Long, String> all = new ConcurrentHashMap<>();
      log.put(topic, all);
      realtime
          .channel(topic)
          .on(
              "*",
              message -> {
                all.put(message.position().offset(), message.json());
                ends.put(topic, message.position());
              });
    }
  }

  Story story(String topic) {
    Story story = new Story(topic);
    stories.add(story);
    return story;
  }

  void acknowledged(String topic, Position at, String data) {
    acked.add(new Acked(topic, at, data));
  }

  /** The newest position of a channel, or null before the first. */
  @Nullable Position end(String topic) {
    return ends.get(topic);
  }

  /** Number of publications. */
  int published() {
    return log.values().stream().mapToInt(Map::size).sum();
  }

  /** Number of messages that readers handed out. */
  int delivered() {
    return stories.stream().mapToInt(Story::size).sum();
  }

  Verdict verdict() {
    int lost = 0;
    int doubled = 0;
    int reordered = 0;
    int phantom = 0;
    int falseRecovered = 0;
    int unanswered = 0;
    for (Map<Long, String> all : log.values()) {
      doubled += all.size() - new HashSet<>(all.values()).size(); // a repeated publication
    }
    for (Acked ack : acked) {
      unanswered += ack.data().equals(log.get(ack.topic()).get(ack.at().offset())) ? 0 : 1;
    }
    for (Story story : stories) {
      Map<Long, String> all = log.get(story.topic);
      Map<Position, Integer> times = new HashMap<>();
      @Nullable Position last = null;
      for (Heard heard : story.heard) {
        Position at = heard.at();
        if (heard.data() != null) {
          phantom += heard.data().equals(all.get(at.offset())) ? 0 : 1;
          doubled += times.merge(at, 1, Integer::sum) > 1 ? 1 : 0;
          reordered += last != null && at.offset() < last.offset() ? 1 : 0;
          boolean hole = last != null && at.offset() > last.offset() + 1;
          lost += hole ? (int) (at.offset() - last.offset() - 1) : 0;
          falseRecovered += hole && story.recovered.contains(last) ? 1 : 0;
        }
        last = at;
      }
      Position end = ends.get(story.topic);
      lost += last != null && end != null ? (int) (end.offset() - last.offset()) : 0;
    }
    return new Verdict(lost, doubled, reordered, phantom, falseRecovered, unanswered);
  }

  /** Fails unless something was delivered and nothing went wrong. */
  void isSatisfied(String run) {
    Verdict verdict = verdict();
    System.out.printf(
        "%s: %d published, %d acknowledged to clients, %d delivered: %s%n",
        run, published(), acked.size(), delivered(), verdict);
    assertThat(delivered()).as(run).isPositive();
    assertThat(verdict).as(run).isEqualTo(Verdict.CLEAN);
  }
}
