package dev.tidewire.sync.yjs;

import static dev.tidewire.sync.yjs.RoomNodes.ROOM;
import static dev.tidewire.sync.yjs.RoomNodes.contents;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.sync.yjs.RoomNodes.Node;
import dev.tidewire.testing.FaultyStreams;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pages edit one room on several nodes while whatever can break does, by chance. {@code
 * -Dyjs.rounds=150 -Dseed=1} for more, or the same again.
 */
class YjsStormTest {

  private final RoomNodes nodes = new RoomNodes();

  @AfterEach
  void close() {
    nodes.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whateverBreaksAllNodesEndWithTheSameDocument(boolean shares) {
    int rounds = Integer.getInteger("yjs.rounds", 4);
    for (int round = 0; round < rounds; round++) {
      long seed = Long.getLong("seed", System.nanoTime()) + round;
      new Storm(seed, shares).run();
      nodes.pages.forEach(YjsPage::leave);
      nodes.pages.clear();
      nodes.all.forEach(node -> node.broker.down(false));
      nodes.eventually(
          "all rooms are closed", () -> nodes.all.stream().allMatch(n -> n.rooms.roomCount() == 0));
      List.copyOf(nodes.all).forEach(Node::die);
      nodes.common.delete(ROOM).toCompletableFuture().join();
    }
  }

  /** Edits, cut connections, outages, lost and unanswered publications, deaths: by chance. */
  private final class Storm {
    private final long seed;
    private final boolean shares;
    private final Random random;
    private final YjsDocument seen = new YjsDocument();
    private int edits;
    private int troubles;

    Storm(long seed, boolean shares) {
      this.seed = seed;
      this.shares = shares;
      this.random = new Random(seed);
    }

    private <T> T any(List<T> list) {
      return list.get(random.nextInt(list.size()));
    }

    void run() {
      for (int i = 0; i < 3; i++) {
        nodes.node(shares);
      }
      for (int i = 0; i < 5; i++) {
        any(nodes.all).page();
      }
      for (int step = 0; step < 400; step++) {
        step();
      }
      nodes.all.forEach(node -> node.broker.down(false));
      nodes.all.forEach(node -> node.broker.deny(0));
      nodes.pages.stream().filter(page -> !page.isConnected()).forEach(this::connect);
      any(nodes.all).page(); // a late joiner
      String what = "seed " + seed + ": one document";
      nodes.eventually(what, nodes::isOneDocument);
      Contents all = nodes.pages.get(0).contents();
      nodes.eventually(
          what + " on every node that has it open",
          () ->
              nodes.all.stream()
                  .filter(node -> node.rooms.roomCount() > 0)
                  .allMatch(node -> contents(List.of(node.read())).isSameAs(all)));
      nodes.all.stream()
          .filter(node -> node.rooms.roomCount() > 0)
          .forEach(
              node ->
                  assertThat(contents(node.stored()))
                      .as("stored, seed %s", seed)
                      .matches(all::isSameAs));
      assertThat(nodes.pages.get(0).hasAllOf(UpdateCheck.of(seen.merged())))
          .as("what anybody had seen, seed %s", seed)
          .isTrue();
      System.out.printf(
          "seed %d, %s store: %d edits, %d troubles, %d publications; lost: 0%n",
          seed, shares ? "one" : "no common", edits, troubles, nodes.streams.appended("~yjs"));
    }

    private void connect(YjsPage page) {
      page.connect(any(nodes.all).rooms, ROOM);
    }

    private void step() {
      int dice = random.nextInt(100);
      if (dice < 60) {
        any(nodes.pages).edit(random);
        edits++;
        any(nodes.all).breathe();
        return;
      }
      if (dice < 75) {
        nodes.second();
        return;
      }
      troubles++;
      FaultyStreams.Node broker = any(nodes.all).broker;
      if (dice < 80) {
        broker.down(!broker.isDown());
      } else if (dice < 84) {
        broker.drop(1 + random.nextInt(3));
      } else if (dice < 88) {
        broker.deny(1 + random.nextInt(3));
      } else if (dice < 94) {
        connect(any(nodes.pages));
      } else if (dice < 97) {
        any(nodes.pages).leave();
      } else if (shares && nodes.pages.size() > 2) {
        kill();
      }
    }

    /** With the node those go who are connected to it; one of them for good. */
    private void kill() {
      Node victim = any(nodes.all);
      YjsPage lost = any(nodes.pages);
      seen.add(UpdateCheck.of(lost.whole()));
      victim.die();
      nodes.pages.forEach(YjsPage::leave);
      nodes.node(true);
      nodes.pages.forEach(this::connect);
    }
  }
}
