package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Position;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Judges what clients of several nodes were told: what publishers meant to publish and what was
 * acknowledged to them, what each reader handed out. It sees no server from inside, so that it does
 * not die with one. Safe for any thread.
 */
final class StreamOracle {
  /** How many of each; all must be zero. */
  record Verdict(
      int lost, int doubled, int reordered, int phantom, int falseRecovered, int resets) {
    static final Verdict CLEAN = new Verdict(0, 0, 0, 0, 0, 0);

    @Override
    public String toString() {
      return "lost %d, doubled %d, reordered %d, phantom %d, false-recovered %d, resets %d"
          .formatted(lost, doubled, reordered, phantom, falseRecovered, resets);
    }
  }

  private record Accepted(String topic, Position position, String data) {}

  private record Heard(Position position, String data) {}

  /** What one reader handed out of one channel, after dropping what it had. */
  static final class Story {
    private final String reader;
    private final String topic;
    private final List<Heard> heard = new ArrayList<>();
    private Position first;
    private Position last;
    private int repeats;
    private int gaps;
    private int resets;
    private int falseRecovered;

    private Story(String reader, String topic) {
      this.reader = reader;
      this.topic = topic;
    }

    synchronized Position last() {
      return last;
    }

    /** False if something before it is missing, which the reader asks for then. */
    synchronized boolean heard(Position position, String data) {
      if (last != null && position.epoch().equals(last.epoch())) {
        if (position.offset() <= last.offset()) {
          repeats++;
          return true;
        }
        if (position.offset() > last.offset() + 1) {
          gaps++;
          return false;
        }
      } else if (last != null) {
        resets++; // a new life of the stream that nobody announced
      }
      heard.add(new Heard(position, data));
      last = position;
      return true;
    }

    /** After the messages of the answer were heard. */
    synchronized void subscribed(Position position, boolean recovered) {
      if (last == null) {
        first = position;
        last = position;
      } else if (recovered
          && (!position.epoch().equals(last.epoch()) || position.offset() > last.offset())) {
        falseRecovered++;
      }
    }

    synchronized void reset(Position position, String reason) {
      resets++;
      last = position;
      System.out.println(reader + ": reset of " + topic + ", " + reason + ", at " + position);
    }
  }

  private final Set<String> intended = ConcurrentHashMap.newKeySet();
  private final ConcurrentLinkedQueue<Accepted> accepted = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Accepted> written = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Map.Entry<String, String>> committed =
      new ConcurrentLinkedQueue<>();
  private final List<Story> stories = new CopyOnWriteArrayList<>();
  private final List<String> complaints = new CopyOnWriteArrayList<>();
  private final Map<String, Position> ends = new ConcurrentHashMap<>();

  Story story(String reader, String topic) {
    Story story = new Story(reader, topic);
    stories.add(story);
    return story;
  }

  void intended(String data) {
    intended.add(data);
  }

  void accepted(String topic, Position position, String data) {
    accepted.add(new Accepted(topic, position, data));
    ends.merge(topic, position, (a, b) -> a.offset() > b.offset() ? a : b);
  }

  /** Whoever has heard the channel up to the position has heard this, there or before. */
  void written(String topic, Position upTo, String data) {
    written.add(new Accepted(topic, upTo, data));
    ends.merge(topic, upTo, (a, b) -> a.offset() > b.offset() ? a : b);
  }

  /** A commit whose place nobody was told: it is to be heard all the same, by everybody. */
  void committed(String topic, String data) {
    committed.add(Map.entry(topic, data));
  }

  /** Whether everybody has heard of all that was committed. */
  boolean hasHeardCommits() {
    return commitsLost() == 0;
  }

  private int commitsLost() {
    int lost = 0;
    for (Story story : stories) {
      Set<Map.Entry<String, String>> heard = new HashSet<>();
      synchronized (story) {
        story.heard.forEach(each -> heard.add(Map.entry(story.topic, each.data())));
      }
      for (Map.Entry<String, String> each : committed) {
        lost += each.getKey().equals(story.topic) && !heard.contains(each) ? 1 : 0;
      }
    }
    return lost;
  }

  void complain(String what) {
    complaints.add(what);
  }

  /** The newest position of each channel that was acknowledged to anybody. */
  Map<String, Position> ends() {
    return ends;
  }

  int accepted() {
    return accepted.size() + written.size();
  }

  Verdict verdict() {
    int lost = 0;
    int doubled = 0;
    int reordered = 0;
    int phantom = 0;
    int falseRecovered = 0;
    int resets = 0;
    Map<String, Map<Long, String>> log = new TreeMap<>();
    for (Story story : stories) {
      Map<Long, String> all = log.computeIfAbsent(story.topic, topic -> new HashMap<>());
      long next = story.first.offset() + 1;
      for (Heard each : story.heard) {
        String known = all.putIfAbsent(each.position().offset(), each.data());
        reordered += known != null && !known.equals(each.data()) ? 1 : 0;
        doubled += each.position().offset() < next ? 1 : 0;
        lost += (int) Math.max(0, each.position().offset() - next);
        next = each.position().offset() + 1;
      }
      Position end = ends.get(story.topic);
      lost += end == null ? 0 : (int) Math.max(0, end.offset() - next + 1);
      falseRecovered += story.falseRecovered;
      resets += story.resets;
    }
    for (Map<Long, String> all : log.values()) {
      List<String> messages = all.values().stream().filter(data -> !data.equals("reset")).toList();
      doubled += messages.size() - new HashSet<>(messages).size();
      phantom += (int) messages.stream().filter(data -> !intended.contains(data)).count();
    }
    for (Accepted each : accepted) {
      String there = log.get(each.topic()).get(each.position().offset());
      lost += each.data().equals(there) ? 0 : 1;
    }
    for (Accepted each : written) {
      boolean there =
          log.get(each.topic()).entrySet().stream()
              .anyMatch(
                  heard ->
                      heard.getKey() <= each.position().offset()
                          && heard.getValue().equals(each.data()));
      lost += there ? 0 : 1;
    }
    lost += commitsLost();
    return new Verdict(lost, doubled, reordered, phantom, falseRecovered, resets);
  }

  /** Fails unless something was delivered and nothing went wrong. */
  void isSatisfied(String run) {
    Verdict verdict = verdict();
    int delivered = stories.stream().mapToInt(story -> story.heard.size()).sum();
    System.out.printf(
        "%s: %d intended, %d acknowledged, %d delivered to %d readers (%d repeats dropped, %d gaps asked for): %s%n",
        run,
        intended.size(),
        accepted(),
        delivered,
        stories.stream().map(story -> story.reader).distinct().count(),
        stories.stream().mapToInt(story -> story.repeats).sum(),
        stories.stream().mapToInt(story -> story.gaps).sum(),
        verdict);
    assertThat(complaints).as(run).isEmpty();
    assertThat(delivered).as(run).isPositive();
    assertThat(verdict).as(run).isEqualTo(Verdict.CLEAN);
  }
}
