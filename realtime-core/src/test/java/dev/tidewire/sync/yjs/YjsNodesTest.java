package dev.tidewire.sync.yjs;

import static dev.tidewire.sync.yjs.RoomNodes.ROOM;
import static dev.tidewire.sync.yjs.RoomNodes.atOnce;
import static dev.tidewire.sync.yjs.RoomNodes.contents;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.protocol.Topics;
import dev.tidewire.sync.yjs.RoomNodes.Node;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What pages of one room see of each other that are connected to several nodes. */
class YjsNodesTest {

  private final RoomNodes nodes = new RoomNodes();

  @AfterEach
  void close() {
    nodes.close();
  }

  @Test
  void anEditIsSeenOnOtherNodesAtOnceAndStoredOnce() throws Exception {
    Node one = nodes.node(true);
    Node two = nodes.node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    atOnce("both nodes know of each other", () -> nodes.streams.appended("~yjs/") >= 3);
    Random random = new Random(1);
    ada.edit(random);
    atOnce("the first edit arrives", () -> grace.contents().isSameAs(ada.contents()));
    grace.edit(random);
    atOnce("and one the other way", nodes::isOneDocument);
    assertThat(nodes.common.load(ROOM).toCompletableFuture().get()).hasSize(2);
    assertThat(contents(List.of(one.read())).isSameAs(ada.contents())).isTrue();
  }

  @Test
  void aRoomThatIsOpenOnOneNodeTellsNothingOfItsEdits() {
    Node one = nodes.node(true);
    YjsPage ada = one.page();
    YjsPage grace = one.page();
    Random random = new Random(1);
    for (int i = 0; i < 100; i++) {
      ada.edit(random);
      ada.show("{\"at\":" + i + "}");
    }
    atOnce("both have all", nodes::isOneDocument);
    assertThat(nodes.streams.appended("~yjs")).isLessThanOrEqualTo(1);
  }

  @Test
  void aRoomThatIsClosedFollowsNothingAndIsForgottenByOthers() {
    Node one = nodes.node(true);
    Node two = nodes.node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    atOnce("both know of each other", () -> nodes.streams.appended("~yjs/") >= 3);
    grace.leave();
    atOnce("it is closed", () -> two.rooms.roomCount() == 0 && two.broker.subscribed().isEmpty());
    int told = nodes.streams.appended("~yjs/");
    Random random = new Random(1);
    atOnce(
        "edits are told to nobody",
        () -> {
          int before = nodes.streams.appended("~yjs/");
          ada.edit(random);
          one.read();
          return nodes.streams.appended("~yjs/") == before;
        });
    assertThat(nodes.streams.appended("~yjs/")).isLessThan(told + 10);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatOneNodePastesOfAMegabyteArrivesInPieces(boolean shares) {
    Node one = nodes.node(shares);
    Node two = nodes.node(shares);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    nodes.eventually(
        "both are there", () -> nodes.isOneDocument() && nodes.streams.appended("~yjs/") >= 3);
    ada.paste(1_000_000);
    two.broker.drop(1); // one of the pieces
    nodes.eventually("it arrives", () -> grace.contents().isSameAs(ada.contents()));
    assertThat(grace.whole().length).isGreaterThan(1_000_000);
    nodes.eventually(
        "in pieces, if not from the store", () -> nodes.streams.appended("~yjs/") > 20);
  }

  @Test
  void whatWasStoredByANodeThatDiedBeforeItCouldTellIsFound() {
    Node one = nodes.node(true);
    Node two = nodes.node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    nodes.eventually(
        "both are there", () -> nodes.streams.appended("~yjs/") >= 3 && nodes.isOneDocument());
    one.broker.die(); // deaf and dumb, its store works
    ada.edit(new Random(1));
    atOnce("it is stored", () -> nodes.common.load(ROOM).toCompletableFuture().join().size() == 1);
    one.die();
    Contents written = ada.contents();
    nodes.pages.remove(ada); // and its page does not come back
    nodes.eventually("the other node finds it", () -> grace.contents().isSameAs(written));
  }

  @Test
  void whatWasStoredBeforeTwoNodesKnewOfEachOtherIsFound() {
    Node one = nodes.node(true);
    Node two = nodes.node(true);
    YjsPage grace = two.page();
    atOnce("one asks who is there", () -> nodes.streams.appended("~yjs/") == 1);
    nodes.common.append(ROOM, new byte[] {1, 1, 77, 0, 0, 3, 0}); // by one that dies at once
    nodes.eventually("it is found", () -> grace.contents().isSameAs(contents(one.stored())));
  }

  @Test
  void whatWasStoredByANodeThatLeavesWithoutKnowingTheOtherIsFound() {
    Node one = nodes.node(true);
    Node two = nodes.node(true);
    YjsPage ada = one.page();
    atOnce("one asks who is there", () -> nodes.streams.appended("~yjs/") == 1);
    one.broker.drop(1); // and does not hear the other ask
    YjsPage grace = two.page();
    atOnce("the other asks, too", () -> nodes.streams.appended("~yjs/") == 2);
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
    Node one = nodes.node(false);
    Node two = nodes.node(false);
    YjsPage ada = one.page();
    Random random = new Random(1);
    for (int i = 0; i < 10; i++) {
      ada.edit(random);
    }
    Contents written = ada.contents();
    nodes.eventually("it is stored", () -> contents(one.stored()).isSameAs(written));
    ada.leave();
    nodes.pages.clear();
    nodes.eventually("nobody has it open", () -> one.rooms.roomCount() == 0);
    YjsPage grace = two.page();
    nodes.eventually(
        "it comes from the node that has it", () -> grace.contents().isSameAs(written));
    assertThat(contents(two.stored())).matches(written::isSameAs);
    nodes.eventually("which closes it again", () -> one.rooms.roomCount() == 0);
  }

  @Test
  void cursorsAreSeenOnOtherNodesAndALeaveIsToldAtOnce() {
    Node one = nodes.node(true);
    Node two = nodes.node(true);
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
    Node one = nodes.node(true);
    Node two = nodes.node(true);
    Node three = nodes.node(true);
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
      nodes.second();
      two.read(); // whatever a tick has begun is done
      three.read();
      assertThat(grace.sees(joan) || seconds < 5).isTrue();
    }
    assertThat(seconds).isLessThanOrEqualTo(31);
    atOnce("the living are there", () -> grace.sees(joan) && joan.sees(grace));
  }

  @Test
  void anOutageDelaysEditsAndLosesNone() {
    Node one = nodes.node(true);
    Node two = nodes.node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    nodes.eventually(
        "both are there", () -> nodes.streams.appended("~yjs/") >= 3 && nodes.isOneDocument());
    one.broker.down(true);
    Random random = new Random(1);
    for (int i = 0; i < 50; i++) {
      ada.edit(random);
      grace.edit(random);
      nodes.second();
    }
    assertThat(nodes.isOneDocument()).isFalse();
    Contents before = grace.contents();
    YjsPage joins = one.page(); // is let in without the broker, to what is stored
    nodes.eventually("all is stored", () -> joins.contents().isSameAs(ada.contents()));
    assertThat(joins.contents().isSameAs(before)).isFalse();
    one.broker.down(false);
    nodes.eventually("everybody has everything", nodes::isOneDocument);
  }

  @Test
  void whatCouldNotBeToldIsToldAsSoonAsThatIsPossible() {
    Node one = nodes.node(true);
    Node two = nodes.node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    nodes.eventually(
        "both are there", () -> nodes.streams.appended("~yjs/") >= 3 && nodes.isOneDocument());
    one.broker.down(true);
    ada.edit(new Random(1));
    atOnce("it is stored", () -> one.stored().size() == 1);
    one.read(); // and was to be told
    one.broker.down(false);
    nodes.second(); // much less than until the nodes compare what they have
    nodes.second();
    atOnce("it is told", nodes::isOneDocument);
    assertThat(grace.contents().isSameAs(ada.contents())).isTrue();
  }

  @Test
  void nodesThatReplaceWhatIsStoredDoNotLoseEachOthersEdits() {
    Node one = nodes.node(true);
    Node two = nodes.node(true);
    YjsPage ada = one.page();
    YjsPage grace = two.page();
    Random random = new Random(1);
    for (int i = 0; i < 1_500; i++) {
      ada.edit(random);
      grace.edit(random);
      one.read(); // so that each is stored on its own
      two.read();
    }
    nodes.eventually("everybody has everything", nodes::isOneDocument);
    Map<String, byte[]> stored = nodes.common.load(ROOM).toCompletableFuture().join();
    assertThat(contents(stored.values())).matches(ada.contents()::isSameAs);
    assertThat(stored).hasSizeLessThan(1_600);
  }
}
