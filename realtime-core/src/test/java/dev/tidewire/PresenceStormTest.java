package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.presence.Member;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceDiff.Change;
import dev.tidewire.presence.PresenceDiff.Reason;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.testing.Parallel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Many who come, change and go at once in one channel. */
class PresenceStormTest {

  private static final int CROWD = 1_000;

  private final Realtime realtime =
      Realtime.builder()
          .access(AccessPolicy.open())
          .limits(limits -> limits.frames(0, 0).members(0))
          .build();

  @AfterEach
  void close() {
    realtime.close();
  }

  private List<Client> crowd() {
    List<Client> crowd = new ArrayList<>();
    for (int i = 0; i < CROWD; i++) {
      Client client = connect(realtime, "u" + i);
      client.acked("'type':'subscribe','topic':'t','presence':true");
      crowd.add(client);
    }
    return crowd;
  }

  /** A client that follows the protocol: revisions without a hole, each change fits. */
  private static final class View {
    final Map<String, String> members = new TreeMap<>();
    long revision = -1;
    int frames;

    View(Client client, String label) {
      for (JsonNode frame : client.connection().frames()) {
        switch (frame.get("type").asString()) {
          case "presence_state" -> {
            members.clear();
            frame.get("members").forEach(m -> put(m));
            revision = frame.get("rev").asLong();
          }
          case "presence" -> {
            frames++;
            boolean several = frame.get("event").asString().equals("presence:diff");
            long from = several ? frame.get("from").asLong() : frame.get("rev").asLong() - 1;
            assertThat(from).as(label).isEqualTo(revision);
            revision = frame.get("rev").asLong();
            (several ? frame.get("changes") : List.of(frame)).forEach(this::change);
          }
          default -> {}
        }
      }
    }

    private void change(JsonNode change) {
      String user = change.get("userId").asString();
      String event = change.get("event").asString();
      assertThat(members.containsKey(user)).isEqualTo(!event.equals("presence:join"));
      if (event.equals("presence:leave")) {
        members.remove(user);
      } else {
        put(change);
      }
    }

    private void put(JsonNode member) {
      members.put(member.get("userId").asString(), member.get("data").toString());
    }
  }

  private static long revision(Client client) {
    List<String> messages = client.connection().messages();
    for (int i = messages.size() - 1; i >= 0; i--) {
      int at = messages.get(i).lastIndexOf("\"rev\":");
      if (at >= 0) {
        return Long.parseLong(messages.get(i).substring(at + 6).split("[^0-9]", 2)[0]);
      }
    }
    return -1;
  }

  @Test
  void aThousandWhoJoinCostEverybodyAFewFrames() {
    List<Client> crowd = crowd();
    long seed = new Random().nextLong();
    AtomicInteger next = new AtomicInteger();
    Parallel.times(
        2,
        () -> {
          for (int i = next.getAndIncrement(); i < CROWD; i = next.getAndIncrement()) {
            crowd.get(i).tell("'type':'track','topic':'t','data':{'n':" + i + "}");
          }
        });
    PresenceState end = await(realtime.channel("t").presence());
    assertThat(end.members()).hasSize(CROWD);
    Map<String, String> expected = new TreeMap<>();
    end.members().forEach(m -> expected.put(m.userId(), m.data()));

    long frames = 0;
    for (Client client : crowd) {
      Client.eventually().until(() -> revision(client) >= end.revision());
      View view = new View(client, "seed " + seed);
      assertThat(view.members).isEqualTo(expected);
      frames += view.frames;
    }
    System.out.println("1,000 joins told to 1,000 in " + frames + " frames");
    assertThat(frames).isLessThan(100L * CROWD);
  }

  @Test
  void whoeverSubscribesInTheMiddleOfAStormSeesTheSame() {
    List<Client> crowd = crowd().subList(0, 100);
    long seed = new Random().nextLong();
    AtomicInteger thread = new AtomicInteger();
    List<Client> late = new ArrayList<>();
    List<Parallel.Task> tasks = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      tasks.add(
          () -> {
            int me = thread.getAndIncrement();
            Random random = new Random(seed + me);
            for (int step = 0; step < 2_000; step++) {
              Client client = crowd.get(3 * random.nextInt(33) + me);
              client.tell(
                  random.nextInt(3) == 0
                      ? "'type':'untrack','topic':'t'"
                      : "'type':'track','topic':'t','data':{'n':" + step + "}");
            }
          });
    }
    tasks.add(
        () -> {
          for (int i = 0; i < 20; i++) {
            Client client = connect(realtime, "late" + i);
            late.add(client);
            client.acked("'type':'subscribe','topic':'t','presence':true");
          }
        });
    Parallel.run(tasks);

    PresenceState end = await(realtime.channel("t").presence());
    Map<String, String> expected = new TreeMap<>();
    end.members().forEach(m -> expected.put(m.userId(), m.data()));
    late.addAll(crowd);
    for (Client client : late) {
      Client.eventually().until(() -> revision(client) >= end.revision());
      assertThat(new View(client, "seed " + seed).members).as("seed %s", seed).isEqualTo(expected);
    }
  }

  @Test
  void whatIsToldTogetherIsWhatBecameOfEach() {
    Random random = new Random();
    long seed = random.nextLong();
    random.setSeed(seed);
    for (int round = 0; round < 200; round++) {
      Map<String, String> before = new HashMap<>();
      Map<String, String> now = new HashMap<>();
      List<PresenceDiff> diffs = new ArrayList<>();
      int known = random.nextInt(3);
      for (int i = 0; i < known; i++) {
        before.put("u" + i, "{}");
      }
      now.putAll(before);
      for (int step = 1; step < 20; step++) {
        String user = "u" + random.nextInt(5);
        String data = "{\"n\":" + step + "}";
        boolean isHere = now.containsKey(user);
        boolean leaves = isHere && random.nextBoolean();
        diffs.add(
            diff(step, leaves ? Change.LEAVE : isHere ? Change.UPDATE : Change.JOIN, user, data));
        if (leaves) {
          now.remove(user);
        } else {
          now.put(user, data);
        }
      }
      Map<String, String> applied = new HashMap<>(before);
      for (PresenceDiff change : PresenceRun.changes(diffs)) {
        String user = change.member().userId();
        assertThat(applied.containsKey(user))
            .as("seed %s", seed)
            .isEqualTo(change.change() != Change.JOIN);
        assertThat(change.reason() != null).isEqualTo(change.change() == Change.LEAVE);
        if (change.change() == Change.LEAVE) {
          applied.remove(user);
        } else {
          applied.put(user, change.member().data());
        }
      }
      assertThat(applied).as("seed %s", seed).isEqualTo(now);
    }
  }

  private static PresenceDiff diff(long revision, Change change, String user, String data) {
    Member member = new Member(user, data, Member.Status.ONLINE, List.of(), 0);
    return new PresenceDiff(
        "t", revision, change, member, change == Change.LEAVE ? Reason.LEFT : null);
  }
}
