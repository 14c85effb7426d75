package dev.tidewire.sync.yjs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.FrameIds;
import dev.tidewire.protocol.Topics;
import dev.tidewire.testing.FaultyStreams;
import dev.tidewire.testing.HeardStream;
import dev.tidewire.testing.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rooms of several nodes on streams that lose, delay and repeat what is told. */
class YjsNodesTest {

  private static final String ROOM = "draft ü 漢字";

  private final ManualClock clock = new ManualClock();
  private final FaultyStreams streams = new FaultyStreams(clock);
  private final ExecutorService executor = Executors.newFixedThreadPool(4);
  private final AtomicInteger names = new AtomicInteger();
  private final MemoryYjsStore common = new MemoryYjsStore();
  private final List<Node> nodes = new ArrayList<>();
  private final List<YjsPage> pages = new ArrayList<>();

  @AfterEach
  void close() {
    pages.forEach(YjsPage::leave);
    nodes.forEach(node -> node.rooms.close());
    executor.shutdownNow();
  }

  private final class Node {
    private final FaultyStreams.Node broker = streams.node();
    private final YjsStore store;
    private final YjsRooms rooms;

    Node(boolean shares) {
      store = shares ? new Shared(common) : new MemoryYjsStore();
      YjsOptions options = YjsOptions.on(store);
      YjsNodes others =
          new YjsNodes(
              broker,
              new FrameCodec(new FrameIds("n"), 100),
              options,
              length -> "n" + names.incrementAndGet(),
              clock);
      rooms =
          new YjsRooms(
              options, others, (who, topic, action) -> {}, identity -> identity, executor, clock);
      broker.start(rooms.listener(new HeardStream()));
      rooms.tick();
      nodes.add(this);
    }

    YjsPage page() {
      YjsPage page = new YjsPage(pages.size() + 1L);
      pages.add(page);
      page.connect(rooms, ROOM);
      return page;
    }

    byte[] read() {
      return rooms.read(ROOM).toCompletableFuture().join();
    }

    /** What has begun here goes on for a moment. */
    void breathe() {
      var unused =
          rooms
              .read(ROOM)
              .toCompletableFuture()
              .completeOnTimeout(new byte[0], 10, TimeUnit.MILLISECONDS)
              .join();
    }

    Collection<byte[]> stored() {
      return store.load(ROOM).toCompletableFuture().join().values();
    }

    /** The process is killed: nothing is told, nothing is heard. */
    void die() {
      broker.die();
      nodes.remove(this);
    }
  }

  /** What several nodes have in common, as a database. */
  private record Shared(YjsStore of) implements YjsStore {
    @Override
    public CompletionStage<Map<String, byte[]>> load(String room) {
      return of.load(room);
    }

    @Override
    public CompletionStage<String> append(String room, byte[] update) {
      return of.append(room, update);
    }

    @Override
    public CompletionStage<String> replace(String room, Collection<String> keys, byte[] update) {
      return of.replace(room, keys, update);
    }

    @Override
    public CompletionStage<Void> delete(String room) {
      return of.delete(room);
    }

    @Override
    public void close() {}
  }

  /** Lets the time pass as fast as the threads allow. */
  private void eventually(String what, BooleanSupplier condition) {
    await(what)
        .atMost(Duration.ofSeconds(60))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .until(
            () -> {
              second();
              return condition.getAsBoolean();
            });
  }

  private void second() {
    clock.advance(Duration.ofSeconds(1));
    nodes.forEach(
        node -> {
          node.broker.housekeep();
          node.rooms.tick();
        });
  }

  /** The same without any time: by what is told at once. */
  private static void atOnce(String what, BooleanSupplier condition) {
    await(what)
        .atMost(Duration.ofSeconds(60))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .until(condition::getAsBoolean);
  }

  private boolean isOneDocument() {
    Contents first = pages.get(0).contents();
    return pages.stream().allMatch(page -> page.isConnected() && page.contents().isSameAs(first));
  }

  private static Contents contents(Collection<byte[]> updates) {
    YjsDocument document = new YjsDocument();
    updates.forEach(update -> document.add(UpdateCheck.of(update)));
    return document.contents(true);
  }

  @Test
  void anEditIsSeenOnOtherNodesAtOnceAndStoredOnce() throws Exception {
    Node one = new Node(true);
    Node two = new Node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    atOnce("both nodes know of each other", () -> streams.appended("~yjs/") >= 3);
    Random random = new Random(1);
    ada.edit(random);
    atOnce("the first edit arrives", () -> grace.contents().isSameAs(ada.contents()));
    grace.edit(random);
    atOnce("and one the other way", this::isOneDocument);
    assertThat(common.load(ROOM).toCompletableFuture().get()).hasSize(2);
    assertThat(contents(List.of(one.read())).isSameAs(ada.contents())).isTrue();
  }

  @Test
  void aRoomThatIsOpenOnOneNodeTellsNothingOfItsEdits() {
    Node one = new Node(true);
    YjsPage ada = one.page();
    YjsPage grace = one.page();
    Random random = new Random(1);
    for (int i = 0; i < 100; i++) {
      ada.edit(random);
      ada.show("{\"at\":" + i + "}");
    }
    atOnce("both have all", this::isOneDocument);
    assertThat(streams.appended("~yjs")).isLessThanOrEqualTo(1);
  }

  @Test
  void aRoomThatIsClosedFollowsNothingAndIsForgottenByOthers() {
    Node one = new Node(true);
    Node two = new Node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    atOnce("both know of each other", () -> streams.appended("~yjs/") >= 3);
    grace.leave();
    atOnce("it is closed", () -> two.rooms.roomCount() == 0 && two.broker.subscribed().isEmpty());
    int told = streams.appended("~yjs/");
    Random random = new Random(1);
    atOnce(
        "edits are told to nobody",
        () -> {
          int before = streams.appended("~yjs/");
          ada.edit(random);
          one.read();
          return streams.appended("~yjs/") == before;
        });
    assertThat(streams.appended("~yjs/")).isLessThan(told + 10);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatOneNodePastesOfAMegabyteArrivesInPieces(boolean shares) {
    Node one = new Node(shares);
    Node two = new Node(shares);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    eventually("both are there", () -> isOneDocument() && streams.appended("~yjs/") >= 3);
    ada.paste(1_000_000);
    two.broker.drop(1); // one of the pieces
    eventually("it arrives", () -> grace.contents().isSameAs(ada.contents()));
    assertThat(grace.whole().length).isGreaterThan(1_000_000);
    eventually("in pieces, if not from the store", () -> streams.appended("~yjs/") > 20);
  }

  @Test
  void whatWasStoredByANodeThatDiedBeforeItCouldTellIsFound() {
    Node one = new Node(true);
    Node two = new Node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    eventually("both are there", () -> streams.appended("~yjs/") >= 3 && isOneDocument());
    one.broker.die(); // deaf and dumb, its store works
    ada.edit(new Random(1));
    atOnce("it is stored", () -> common.load(ROOM).toCompletableFuture().join().size() == 1);
    one.die();
    Contents written = ada.contents();
    pages.remove(ada); // and its page does not come back
    eventually("the other node finds it", () -> grace.contents().isSameAs(written));
  }

  @Test
  void whatWasStoredBeforeTwoNodesKnewOfEachOtherIsFound() {
    Node one = new Node(true);
    Node two = new Node(true);
    YjsPage grace = two.page();
    atOnce("one asks who is there", () -> streams.appended("~yjs/") == 1);
    common.append(ROOM, new byte[] {1, 1, 77, 0, 0, 3, 0}); // by one that dies at once
    eventually("it is found", () -> grace.contents().isSameAs(contents(one.stored())));
  }

  @Test
  void whatWasStoredByANodeThatLeavesWithoutKnowingTheOtherIsFound() {
    Node one = new Node(true);
    Node two = new Node(true);
    YjsPage ada = one.page();
    atOnce("one asks who is there", () -> streams.appended("~yjs/") == 1);
    one.broker.drop(1); // and does not hear the other ask
    YjsPage grace = two.page();
    atOnce("the other asks, too", () -> streams.appended("~yjs/") == 2);
    ada.edit(new Random(1));
    Contents written = ada.contents();
    ada.leave();
    atOnce("found at its farewell", () -> grace.contents().isSameAs(written));
  }

  @Test
  void theStreamOfARoomCanBeNamedByNobody() {
    String topic = YjsNodes.topic("x".repeat(255));
    assertThat(Topics.isTopic(topic)).isFalse();
    assertThat(topic).hasSizeLessThan(Topics.MAX_LENGTH).isNotEqualTo(YjsNodes.topic("x"));
  }

  @Test
  void aNodeThatKeepsADocumentForItselfTellsItToThoseWhoOpenIt() {
    Node one = new Node(false);
    Node two = new Node(false);
    YjsPage ada = one.page();
    Random random = new Random(1);
    for (int i = 0; i < 10; i++) {
      ada.edit(random);
    }
    Contents written = ada.contents();
    eventually("it is stored", () -> contents(one.stored()).isSameAs(written));
    ada.leave();
    pages.clear();
    eventually("nobody has it open", () -> one.rooms.roomCount() == 0);
    YjsPage grace = two.page();
    eventually("it comes from the node that has it", () -> grace.contents().isSameAs(written));
    assertThat(contents(two.stored())).matches(written::isSameAs);
    eventually("which closes it again", () -> one.rooms.roomCount() == 0);
  }

  @Test
  void cursorsAreSeenOnOtherNodesAndALeaveIsToldAtOnce() {
    Node one = new Node(true);
    Node two = new Node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    ada.show("{\"user\":\"Ada\"}"); // perhaps before the nodes know of each other
    grace.show("{\"user\":\"Grace\"}");
    atOnce("both see both", () -> ada.sees(grace) && grace.sees(ada));
    YjsPage late = two.page();
    atOnce("a newcomer too", () -> late.sees(ada) && late.sees(grace));
    ada.leave();
    atOnce("who leaves is gone", () -> !grace.sees(ada) && !late.sees(ada));
    ada.connect(two.rooms, ROOM);
    ada.show("{\"user\":\"Ada\"}");
    atOnce("and comes back on the other node", () -> grace.sees(ada) && late.sees(ada));
  }

  @Test
  void theCursorsOfADeadNodeVanishAndThoseOfTheLivingStay() {
    Node one = new Node(true);
    Node two = new Node(true);
    Node three = new Node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    YjsPage joan = three.page();
    Runnable renew =
        () -> {
          grace.show("{\"user\":\"Grace\"}");
          joan.show("{\"user\":\"Joan\"}");
        };
    ada.show("{\"user\":\"Ada\"}");
    renew.run();
    atOnce("all see all", () -> grace.sees(ada) && grace.sees(joan) && joan.sees(ada));
    one.die();
    int seconds = 0;
    while (grace.sees(ada) || joan.sees(ada)) {
      assertThat(seconds++).as("seconds").isLessThan(60);
      renew.run();
      second();
      two.read(); // whatever a tick has begun is done
      three.read();
      assertThat(grace.sees(joan) || seconds < 5).isTrue();
    }
    assertThat(seconds).isLessThanOrEqualTo(31);
    atOnce("the living are there", () -> grace.sees(joan) && joan.sees(grace));
  }

  @Test
  void anOutageDelaysEditsAndLosesNone() {
    Node one = new Node(true);
    Node two = new Node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    eventually("both are there", () -> streams.appended("~yjs/") >= 3 && isOneDocument());
    one.broker.down(true);
    Random random = new Random(1);
    for (int i = 0; i < 50; i++) {
      ada.edit(random);
      grace.edit(random);
      second();
    }
    assertThat(isOneDocument()).isFalse();
    Contents before = grace.contents();
    YjsPage joins = one.page(); // is let in without the broker, to what is stored
    eventually("all is stored", () -> joins.contents().isSameAs(ada.contents()));
    assertThat(joins.contents().isSameAs(before)).isFalse();
    one.broker.down(false);
    eventually("everybody has everything", this::isOneDocument);
  }

  @Test
  void whatCouldNotBeToldIsToldAsSoonAsThatIsPossible() {
    Node one = new Node(true);
    Node two = new Node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    eventually("both are there", () -> streams.appended("~yjs/") >= 3 && isOneDocument());
    one.broker.down(true);
    ada.edit(new Random(1));
    atOnce("it is stored", () -> one.stored().size() == 1);
    one.read(); // and was to be told
    one.broker.down(false);
    second(); // much less than until the nodes compare what they have
    second();
    atOnce("it is told", this::isOneDocument);
    assertThat(grace.contents().isSameAs(ada.contents())).isTrue();
  }

  @Test
  void nodesThatReplaceWhatIsStoredDoNotLoseEachOthersEdits() {
    Node one = new Node(true);
    Node two = new Node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    Random random = new Random(1);
    for (int i = 0; i < 1_500; i++) {
      ada.edit(random);
      grace.edit(random);
      one.read(); // so that each is stored on its own
      two.read();
    }
    eventually("everybody has everything", this::isOneDocument);
    Map<String, byte[]> stored = common.load(ROOM).toCompletableFuture().join();
    assertThat(contents(stored.values())).matches(ada.contents()::isSameAs);
    assertThat(stored).hasSizeLessThan(1_600);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whateverBreaksAllNodesEndWithTheSameDocument(boolean shares) {
    int rounds = Integer.getInteger("yjs.rounds", 4);
    for (int round = 0; round < rounds; round++) {
      long seed = Long.getLong("seed", System.nanoTime()) + round;
      new Storm(seed, shares).run();
      pages.forEach(YjsPage::leave);
      pages.clear();
      nodes.forEach(node -> node.broker.down(false));
      eventually(
          "all rooms are closed", () -> nodes.stream().allMatch(n -> n.rooms.roomCount() == 0));
      List.copyOf(nodes).forEach(Node::die);
      common.delete(ROOM).toCompletableFuture().join();
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
        new Node(shares);
      }
      for (int i = 0; i < 5; i++) {
        any(nodes).page();
      }
      for (int step = 0; step < 400; step++) {
        step();
      }
      nodes.forEach(node -> node.broker.down(false));
      nodes.forEach(node -> node.broker.deny(0));
      pages.stream().filter(page -> !page.isConnected()).forEach(this::connect);
      any(nodes).page(); // a late joiner
      String what = "seed " + seed + ": one document";
      eventually(what, YjsNodesTest.this::isOneDocument);
      Contents all = pages.get(0).contents();
      eventually(
          what + " on every node that has it open",
          () ->
              nodes.stream()
                  .filter(node -> node.rooms.roomCount() > 0)
                  .allMatch(node -> contents(List.of(node.read())).isSameAs(all)));
      nodes.stream()
          .filter(node -> node.rooms.roomCount() > 0)
          .forEach(
              node ->
                  assertThat(contents(node.stored()))
                      .as("stored, seed %s", seed)
                      .matches(all::isSameAs));
      assertThat(pages.get(0).hasAllOf(UpdateCheck.of(seen.merged())))
          .as("what anybody had seen, seed %s", seed)
          .isTrue();
      System.out.printf(
          "seed %d, %s store: %d edits, %d troubles, %d publications; lost: 0%n",
          seed, shares ? "one" : "no common", edits, troubles, streams.appended("~yjs"));
    }

    private void connect(YjsPage page) {
      page.connect(any(nodes).rooms, ROOM);
    }

    private void step() {
      int dice = random.nextInt(100);
      if (dice < 60) {
        any(pages).edit(random);
        edits++;
        any(nodes).breathe();
        return;
      }
      if (dice < 75) {
        second();
        return;
      }
      troubles++;
      FaultyStreams.Node broker = any(nodes).broker;
      if (dice < 80) {
        broker.down(!broker.isDown());
      } else if (dice < 84) {
        broker.drop(1 + random.nextInt(3));
      } else if (dice < 88) {
        broker.deny(1 + random.nextInt(3));
      } else if (dice < 94) {
        connect(any(pages));
      } else if (dice < 97) {
        any(pages).leave();
      } else if (shares && pages.size() > 2) {
        kill();
      }
    }

    /** With the node those go who are connected to it; one of them for good. */
    private void kill() {
      Node victim = any(nodes);
      YjsPage lost = any(pages);
      seen.add(UpdateCheck.of(lost.whole()));
      victim.die();
      pages.forEach(YjsPage::leave);
      new Node(true);
      pages.forEach(this::connect);
    }
  }
}
