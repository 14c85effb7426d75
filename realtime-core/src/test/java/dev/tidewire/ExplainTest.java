package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Operation;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import dev.tidewire.channel.SlowReaders;
import dev.tidewire.inspector.Explanation;
import dev.tidewire.inspector.Explanation.Answer;
import dev.tidewire.inspector.Explanation.Delivery;
import dev.tidewire.inspector.Explanation.Verdict;
import dev.tidewire.rows.ColumnType;
import dev.tidewire.rows.RowColumns;
import dev.tidewire.rows.RowFilter;
import dev.tidewire.rows.RowSource;
import dev.tidewire.rows.Where;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.testing.WrappedBroker;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What became of an event for a user: every answer there is, found out for real. */
class ExplainTest {

  private static final String CANARY = "canary-payload";

  private final Set<String> forbidden = ConcurrentHashMap.newKeySet();
  private final Realtime.Builder settings =
      Realtime.builder()
          .access((who, topic, action) -> !forbidden.contains(topic))
          .limits(l -> l.frames(0, 0).queueBytes(200_000))
          .channels("short", c -> c.retain(2, Duration.ofHours(1)))
          .channels("cursors", c -> c.slowReaders(SlowReaders.CONFLATE));
  private @Nullable Realtime realtime;
  private @Nullable TableChannel table;

  @AfterEach
  void close() {
    bus().close();
  }

  private Realtime bus() {
    if (realtime == null) {
      realtime = settings.build();
    }
    return realtime;
  }

  private Position publish(String topic) {
    return bus().emit("message", CANARY, topic).toCompletableFuture().join();
  }

  private Explanation explain(String who, @Nullable String topic, Position position) {
    Explanation found = await(bus().inspector().explain(who, topic, position));
    assertThat(found.toString()).doesNotContain(CANARY);
    return found;
  }

  private Delivery delivery(String who, String topic, Position position, Verdict verdict) {
    Explanation found = explain(who, topic, position);
    assertThat(found.verdict()).as("%s", found).isEqualTo(verdict);
    assertThat(found.deliveries()).hasSize(1);
    assertThat(found.deliveries().get(0).verdict()).isEqualTo(verdict);
    return found.deliveries().get(0);
  }

  @Test
  void whatWasSentIsSaidToBeSentAndNotToBeReceived() {
    connect(bus(), "ada").subscribed("chat");
    Position event = publish("chat");

    Delivery delivery = delivery("ada", "chat", event, Verdict.SENT);
    assertThat(delivery.matched().answer()).isEqualTo(Answer.YES);
    assertThat(delivery.authorised().answer()).isEqualTo(Answer.YES);
    assertThat(delivery.queued().answer()).isEqualTo(Answer.YES);
    assertThat(delivery.sent().answer()).isEqualTo(Answer.YES);
    assertThat(delivery.sent().words()).contains("do not acknowledge");
    assertThat(explain("ada", "chat", event).captured().words())
        .startsWith("Event 'message', published by the server");
    assertThat(explain("ada", null, event).topic()).isEqualTo("chat");
    assertThat(explain(delivery.connection().id(), "chat", event).verdict())
        .isEqualTo(Verdict.SENT);
  }

  @Test
  void whoIsNotConnectedOrNotSubscribedGetsNothing() {
    connect(bus(), "ada").subscribed("other");
    Position event = publish("chat");

    assertThat(explain("bob", "chat", event).verdict()).isEqualTo(Verdict.NOT_CONNECTED);
    assertThat(explain("bob", "chat", event).authorised().answer()).isEqualTo(Answer.UNKNOWN);
    Delivery delivery = delivery("ada", "chat", event, Verdict.NOT_SUBSCRIBED);
    assertThat(delivery.matched().answer()).isEqualTo(Answer.NO);
    assertThat(delivery.authorised().answer()).isEqualTo(Answer.YES);
    assertThat(delivery.queued().answer()).isEqualTo(Answer.NOT_REACHED);
    forbidden.add("chat");
    assertThat(delivery("ada", "chat", event, Verdict.NOT_SUBSCRIBED).authorised().answer())
        .isEqualTo(Answer.NO);
  }

  @Test
  void whatCameBeforeTheSubscriptionIsToldFromWhatWasRecovered() {
    Position first = publish("chat");
    Position second = publish("chat");
    connect(bus(), "late").subscribed("chat");
    connect(bus(), "back").acked("'type':'subscribe','topic':'chat','since':'" + first + "'");

    delivery("late", "chat", second, Verdict.SUBSCRIBED_LATER);
    delivery("back", "chat", second, Verdict.RECOVERED);
    delivery("back", "chat", first, Verdict.READ_BEFORE);
  }

  @Test
  void whatCouldNotBeRecoveredWasToldAsAReset() {
    Position first = publish("short");
    Position second = publish("short");
    publish("short");
    publish("short");
    connect(bus(), "back").acked("'type':'subscribe','topic':'short','since':'" + first + "'");

    Delivery delivery = delivery("back", "short", second, Verdict.SUBSCRIBED_LATER);
    assertThat(delivery.matched().words()).contains("reset");
  }

  @Test
  void whatIsNoLongerRetainedIsJudgedByItsPosition() {
    connect(bus(), "ada").subscribed("short");
    Position event = publish("short");
    publish("short");
    publish("short");

    Explanation found = explain("ada", "short", event);
    assertThat(found.verdict()).isEqualTo(Verdict.SENT);
    assertThat(found.captured().answer()).isEqualTo(Answer.UNKNOWN);
    assertThat(found.captured().words()).contains("no longer retained");
  }

  @Test
  void whatWaitsInASlowReadersQueueIsFoundThere() {
    Client slow = connect(bus(), "ada").subscribed("chat");
    connect(bus(), "bob").subscribed("chat");
    Position before = publish("chat");
    slow.connection().behave(Sending.STALL);
    Position under = publish("chat");
    Position waits = publish("chat");

    delivery("ada", "chat", before, Verdict.SENT);
    assertThat(delivery("ada", "chat", under, Verdict.SENDING).sent().answer())
        .isEqualTo(Answer.UNKNOWN);
    Delivery delivery = delivery("ada", "chat", waits, Verdict.WAITING);
    assertThat(delivery.queued().answer()).isEqualTo(Answer.YES);
    assertThat(delivery.sent().answer()).isEqualTo(Answer.NO);
    assertThat(delivery.connection().queuedBytes()).isPositive();
    delivery("bob", "chat", waits, Verdict.SENT);

    slow.connection().release(Sending.AT_ONCE);
    delivery("ada", "chat", waits, Verdict.SENT);
  }

  @Test
  void whereReadersMayMissSomethingItIsNotSaidToBeSent() {
    Client slow = connect(bus(), "ada").subscribed("cursors");
    slow.connection().behave(Sending.STALL);
    publish("cursors");
    Position replaced = publish("cursors");
    Position newest = publish("cursors");

    delivery("ada", "cursors", replaced, Verdict.SENT_OR_LEFT_OUT);
    delivery("ada", "cursors", newest, Verdict.WAITING);
  }

  @Test
  void thePublisherThatWantsNoCopyGetsNone() {
    Client ada = connect(bus(), "ada").subscribed("chat");
    String position =
        ada.acked("'type':'publish','topic':'chat','event':'e','data':1,'echo':false")
            .get("position")
            .asString();
    Position event = Position.parse(position);
    assertThat(event).isNotNull();
    delivery("ada", "chat", event, Verdict.OWN);
  }

  @Test
  void aPolicyThatChangedItsMindIsSaidToHave() {
    connect(bus(), "ada").subscribed("chat");
    Position event = publish("chat");
    forbidden.add("chat");

    Delivery delivery = delivery("ada", "chat", event, Verdict.SENT);
    assertThat(delivery.authorised().answer()).isEqualTo(Answer.NO);
    assertThat(delivery.authorised().words()).contains("revoke");
  }

  /** As on a node that lost its broker after the first event and has not heard of the second. */
  @Test
  void whatTheNodeMayHaveMissedIsNotSaidToBeSent() {
    connect(bus(), "ada").subscribed("chat");
    Position first = publish("chat");
    Position second = publish("chat");
    bus().hub().onLost("chat", Tail.Outcome.EVICTED, first);
    bus().hub().onReady("chat");

    delivery("ada", "chat", first, Verdict.LOST);
    delivery("ada", "chat", second, Verdict.ON_ITS_WAY);
  }

  @Test
  void aPositionThatIsNoneIsSaidToBe() {
    connect(bus(), "ada").subscribed("chat");
    Position event = publish("chat");
    Position next = new Position(event.epoch(), event.offset() + 1);
    Position far = new Position(event.epoch(), event.offset() + 100);
    Position foreign = new Position("elsewhere", 1);

    assertThat(explain("ada", "chat", next).verdict()).isEqualTo(Verdict.NOT_PUBLISHED);
    assertThat(explain("ada", "chat", far).verdict()).isEqualTo(Verdict.NOT_PUBLISHED);
    assertThat(explain("ada", "chat", foreign).verdict()).isEqualTo(Verdict.OTHER_LIFE);
    Explanation unknown = explain("ada", "never/used", foreign);
    assertThat(unknown.verdict()).isEqualTo(Verdict.OTHER_LIFE);
    assertThat(unknown.captured().words()).contains("Nothing was published");
    assertThatThrownBy(() -> explain("ada", null, foreign)).hasStackTraceContaining("elsewhere");
    assertThatThrownBy(() -> explain("ada", "chat", new Position(event.epoch(), 0)))
        .hasStackTraceContaining("counted from 1");
  }

  @Test
  void aSubscriptionThatIsBeingOpenedHoldsBack() {
    WrappedBroker broker = new WrappedBroker(Clock.systemUTC());
    settings.broker(broker);
    Client ada = connect(bus(), "ada");
    broker.holdReads();
    ada.tell("'type':'subscribe','topic':'chat'");
    Position event = publish("chat");
    CompletionStage<Explanation> asked = bus().inspector().explain("ada", "chat", event);
    broker.answerLast();

    assertThat(await(asked).verdict()).isEqualTo(Verdict.STARTING);
    broker.answerFirst();
  }

  // Tables.

  private static final class Rows implements RowSource {
    @Override
    public CompletionStage<RowColumns> columns() {
      return CompletableFuture.completedFuture(
          new RowColumns(Map.of("id", ColumnType.NUMBER, "owner", ColumnType.TEXT)));
    }

    @Override
    public CompletionStage<Snapshot> snapshot(RowFilter filter) {
      return CompletableFuture.failedStage(new IllegalStateException());
    }
  }

  private Position insert(int id, String owner) {
    if (table == null) {
      table =
          bus()
              .tableChannel(
                  "orders",
                  new Rows(),
                  RowPolicy.where(
                      who ->
                          who.userId().equals("root")
                              ? Where.all()
                              : Where.eq("owner", who.userId())));
    }
    Map<String, @Nullable Object> row = Map.of("id", id, "owner", owner, "note", CANARY);
    return await(
        table.publish(
            new RowChange("orders", Operation.INSERT, row, null, "writer", "tx-7", null)));
  }

  @Test
  void aRowIsCapturedAndFilteredByTheConditionOrHiddenByThePolicy() {
    insert(0, "nobody");
    connect(bus(), "ada").acked("'type':'subscribe','topic':'orders','where':{'id':2}");
    connect(bus(), "root").acked("'type':'subscribe','topic':'orders','where':{'id':2}");
    connect(bus(), "bob").subscribed("orders");
    Position one = insert(1, "ada");
    Position two = insert(2, "ada");

    assertThat(explain("ada", "orders", one).captured().words())
        .contains("INSERT of a row, captured", "tx-7", "'writer'");
    Delivery filtered = delivery("ada", "orders", one, Verdict.FILTERED);
    assertThat(filtered.matched().words()).contains("condition, on id");
    assertThat(delivery("ada", "orders", two, Verdict.SENT).matched().words())
        .contains("row policy", "condition on id");
    delivery("root", "orders", one, Verdict.FILTERED);
    delivery("root", "orders", two, Verdict.SENT);
    assertThat(delivery("bob", "orders", two, Verdict.HIDDEN).matched().words())
        .contains("row policy");
  }

  @Test
  void ofSomeRowsTheOldOnesCannotBeJudgedAnyMore() {
    settings.channels("orders", c -> c.retain(1, Duration.ofHours(1)));
    insert(0, "nobody");
    connect(bus(), "ada").subscribed("orders");
    Position old = insert(1, "ada");
    insert(2, "ada");

    delivery("ada", "orders", old, Verdict.EVICTED);
  }

  @Test
  void ofSeveralConnectionsTheFurthestCounts() {
    connect(bus(), "ada");
    connect(bus(), "ada").subscribed("chat");
    connect(bus(), "ada");
    Position event = publish("chat");

    Explanation found = explain("ada", "chat", event);
    assertThat(found.verdict()).isEqualTo(Verdict.SENT);
    assertThat(found.deliveries())
        .extracting(Delivery::verdict)
        .containsExactlyInAnyOrder(Verdict.SENT, Verdict.NOT_SUBSCRIBED, Verdict.NOT_SUBSCRIBED);
  }
}
