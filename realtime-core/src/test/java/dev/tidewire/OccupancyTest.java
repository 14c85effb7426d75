package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.Reply;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** How many are in a channel, for those who need not or may not know who. */
class OccupancyTest {

  private static final String COUNT = "'type':'subscribe','topic':'t','presence':'count'";

  private final Set<Action> denied = ConcurrentHashMap.newKeySet();
  private final Realtime realtime =
      Realtime.builder()
          .access((who, topic, action) -> !denied.contains(action))
          .limits(limits -> limits.frames(0, 0))
          .build();

  @AfterEach
  void close() {
    realtime.close();
  }

  private Client present(String user) {
    Client client = connect(realtime, user);
    client.acked("'type':'track','topic':'t'");
    return client;
  }

  private static int counted(Client client) {
    List<JsonNode> told = client.told("presence_count");
    return told.isEmpty() ? -1 : told.get(told.size() - 1).get("count").asInt();
  }

  @Test
  void whoAsksForTheNumberIsToldItAndNothingElse() {
    present("ada");
    Client watcher = connect(realtime, "watcher");
    watcher.acked(COUNT);

    JsonNode first = watcher.told("presence_count", 1).get(0);
    assertThat(first.get("topic").asString()).isEqualTo("t");
    assertThat(first.get("count").asInt()).isEqualTo(1);
    assertThat(first.get("rev").asInt()).isEqualTo(1);
    Client bob = present("bob");
    present("bob").connection().drop(1000); // another tab counts for nothing
    Client.eventually().until(() -> counted(watcher) == 2);
    bob.connection().drop(1000);
    Client.eventually().until(() -> counted(watcher) == 1);
    assertThat(watcher.told("presence")).isEmpty();
    assertThat(watcher.told("presence_state")).isEmpty();
  }

  @Test
  void whoAsksForMembersIsToldNoNumbers() {
    Client watcher = connect(realtime, "watcher");
    watcher.acked("'type':'subscribe','topic':'t','presence':true");
    present("ada");

    watcher.told("presence", 1);
    assertThat(watcher.told("presence_count")).isEmpty();
  }

  @Test
  void manyWhoComeAreToldInFewNumbersAndTheLastIsRight() {
    Client watcher = connect(realtime, "watcher");
    watcher.acked(COUNT);
    for (int i = 0; i < 300; i++) {
      present("u" + i);
    }

    Client.eventually().until(() -> counted(watcher) == 300);
    List<JsonNode> told = watcher.told("presence_count");
    assertThat(told).hasSizeLessThan(300);
    assertThat(told.stream().map(frame -> frame.get("rev").asInt())).isSorted();
  }

  @Test
  void aPolicyMayAllowTheNumberAndDenyTheMembers() {
    denied.add(Action.PRESENCE_READ);
    present("ada");
    Client watcher = connect(realtime, "watcher");

    assertThat(watcher.refused("'type':'subscribe','topic':'t','presence':true"))
        .isEqualTo("FORBIDDEN");
    watcher.acked(COUNT);
    assertThat(watcher.told("presence_count", 1).get(0).get("count").asInt()).isOne();
    assertThat(request()).isInstanceOf(Reply.MemberCount.class);
  }

  @Test
  void whoMaySeeTheMembersMayCountThem() {
    denied.add(Action.PRESENCE_COUNT);

    connect(realtime, "watcher").acked(COUNT);
    assertThat(request()).isInstanceOf(Reply.MemberCount.class);
  }

  @Test
  void whoMayDoNeitherIsToldNothing() {
    denied.add(Action.PRESENCE_COUNT);
    Client watcher = connect(realtime, "watcher");
    watcher.acked(COUNT);
    denied.add(Action.PRESENCE_READ);

    assertThat(connect(realtime, "other").refused(COUNT)).isEqualTo("FORBIDDEN");
    assertThat(request()).isInstanceOf(Reply.Failure.class);
    realtime.recheck(who -> true);
    present("ada");
    watcher.acked("'type':'ping'");
    assertThat(counted(watcher)).isZero();
    assertThat(watcher.told("error", 1).get(0).at("/payload/topic").asString()).isEqualTo("t");
  }

  private Reply request() {
    return await(realtime.request(Identity.of("x"), new Command.Count(null, "t")));
  }

  @Test
  void theServerCountsToo() {
    assertThat(await(realtime.channel("t").occupancy())).isZero();
    present("ada");
    present("ada");

    assertThat(await(realtime.channel("t").occupancy())).isOne();
  }
}
