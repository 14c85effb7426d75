package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.channel.Operation;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.history.HistoryQuery;
import dev.tidewire.history.HistoryStore;
import dev.tidewire.history.MemoryHistoryStore;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Reply;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.WrappedBroker;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class PublishTest {

  private final ManualClock clock = new ManualClock();
  private final Realtime.Builder settings =
      Realtime.builder().clock(clock).access(AccessPolicy.open()).limits(l -> l.frames(0, 0));
  private Realtime realtime;

  @AfterEach
  void close() {
    realtime.close();
  }

  private Realtime bus() {
    realtime = settings.build();
    return realtime;
  }

  private static String publish(String rest) {
    return "'type':'publish','topic':'t','event':'e'," + rest;
  }

  private static Throwable failure(CompletionStage<?> stage) {
    return assertThatThrownBy(() -> stage.toCompletableFuture().join())
        .isInstanceOf(CompletionException.class)
        .actual()
        .getCause();
  }

  /** A history whose answers come when the test wants. */
  private static final class SlowHistory implements HistoryStore {
    final MemoryHistoryStore store = new MemoryHistoryStore();
    final List<CompletableFuture<Void>> waiting = new CopyOnWriteArrayList<>();

    @Override
    public CompletionStage<Void> append(HistoryMessage message, int limit) {
      CompletableFuture<Void> stored = new CompletableFuture<>();
      waiting.add(stored);
      return stored.thenCompose(go -> store.append(message, limit));
    }

    @Override
    public CompletionStage<List<HistoryMessage>> page(HistoryQuery query) {
      return store.page(query);
    }

    @Override
    public void close() {}
  }

  @Test
  void aPublicationCarriesTheTrueUserAndTheServersTime() {
    Client ada = connect(bus(), "ada").subscribed("t");

    JsonNode ack = ada.acked(publish("'data':{'x':1},'userId':'root','ts':'1999','offset':77"));

    JsonNode event = ada.told("event", 1).get(0);
    assertThat(event.get("userId").asString()).isEqualTo("ada");
    assertThat(event.get("ts").asString()).isEqualTo("2025-10-09T08:53:20.000Z");
    assertThat(event.get("id")).isEqualTo(ack.get("position"));
    assertThat(ack.get("ts")).isEqualTo(event.get("ts"));
    assertThat(event.propertyNames())
        .containsExactly("id", "type", "ts", "topic", "event", "userId", "data");
  }

  @Test
  void thePublishersOwnCopyComesBeforeItsAck() {
    bus();
    for (int others : new int[] {0, 20}) {
      List<Client> crowd = new ArrayList<>();
      for (int i = 0; i < others; i++) {
        crowd.add(connect(realtime, "crowd").subscribed("t"));
      }
      Client ada = connect(realtime, "ada").subscribed("t");
      for (int i = 0; i < 50; i++) {
        JsonNode ack = ada.acked(publish("'data':" + i));
        List<JsonNode> frames = ada.connection().frames();
        assertThat(frames.stream().map(f -> f.get("id")))
            .containsSubsequence(ack.get("position"), lastAck(frames));
      }
    }
  }

  @Test
  void thePublishersOwnCopyAndItsAckAreOneMessage() {
    bus();
    Client ada = connect(realtime, "ada").subscribed("t");
    int before = ada.connection().messages().size();

    JsonNode ack = ada.acked(publish("'data':1"));

    List<String> since = ada.connection().messages().subList(before, before + 1);
    assertThat(since.get(0)).contains("\n").contains(ack.get("position").asString());
    assertThat(ada.connection().messages()).hasSize(before + 1);
  }

  private static JsonNode lastAck(List<JsonNode> frames) {
    List<JsonNode> acks =
        frames.stream().filter(f -> f.get("type").asString().equals("ack")).toList();
    return acks.get(acks.size() - 1).get("id");
  }

  @Test
  void withoutEchoEverybodyElseHears() {
    bus();
    Client ada = connect(realtime, "ada").subscribed("t");
    Client tab = connect(realtime, "ada").subscribed("t");
    ada.connection().behave(Sending.STALL); // so that several are delivered as one run
    ada.tell(publish("'data':0"));
    ada.tell(publish("'data':1,'echo':false"));
    ada.tell(publish("'data':2"));
    ada.connection().release(Sending.AT_ONCE);

    tab.told("event", 3);
    eventually().until(() -> ada.told("ack").size() == 4);
    assertThat(ada.heard()).containsExactly("0", "2");
  }

  @Test
  void persistedMeansThatTheHistoryHasItBeforeTheAck() {
    SlowHistory history = new SlowHistory();
    settings.history(history);
    Client ada = connect(bus(), "ada").subscribed("t");

    String id = ada.tell(publish("'data':1,'persist':true"));
    ada.told("event", 1); // delivery does not wait
    assertThat(ada.answers(id)).isEmpty();
    history.waiting.get(0).complete(null);

    ada.answer(id);
    assertThat(await(realtime.channel("t").history(5))).hasSize(1);
  }

  @Test
  void aHistoryThatFailsIsToldAndARepeatStoresTheMessageOnce() {
    SlowHistory history = new SlowHistory();
    settings.history(history);
    Client ada = connect(bus(), "ada").subscribed("t");
    String first = ada.tell(publish("'data':1,'persist':true,'key':'k'"));
    history.waiting.get(0).completeExceptionally(new IllegalStateException("disk full"));

    JsonNode error = ada.answer(first);
    assertThat(error.at("/payload/code").asString()).isEqualTo("UNAVAILABLE");
    assertThat(error.toString()).doesNotContain("disk");
    for (int repeat = 1; repeat <= 2; repeat++) {
      String id = ada.tell(publish("'data':1,'persist':true,'key':'k'"));
      history.waiting.get(repeat).complete(null);
      assertThat(ada.answer(id).at("/payload/repeated").asBoolean()).isTrue();
    }

    assertThat(ada.heard()).containsExactly("1");
    List<HistoryMessage> stored = await(realtime.channel("t").history(5));
    assertThat(stored).hasSize(1);
    assertThat(stored.get(0).position()).hasToString(ada.told("event").get(0).get("id").asString());
  }

  @Test
  void aRepeatedKeyIsOnePublicationAlsoAfterAReconnect() {
    bus();
    Client listener = connect(realtime, "bob").subscribed("t");
    JsonNode first = connect(realtime, "ada").acked(publish("'data':1,'key':'k'"));
    JsonNode again = connect(realtime, "ada").acked(publish("'data':1,'key':'k'"));

    assertThat(again.get("position")).isEqualTo(first.get("position"));
    assertThat(again.get("ts")).isEqualTo(first.get("ts"));
    assertThat(again.get("repeated").asBoolean()).isTrue();
    assertThat(first.has("repeated")).isFalse();
    assertThat(listener.heard()).containsExactly("1");
  }

  @Test
  void keysOfDifferentUsersDoNotMeet() {
    bus();
    connect(realtime, "1 a").acked(publish("'data':1,'key':'b'"));
    for (String[] other :
        new String[][] {{"bob", "b"}, {"1 ", "ab"}, {"1", " ab"}, {"1 ab", ""}, {"3 1 a", "b"}}) {
      if (!other[1].isEmpty()) {
        assertThat(
                connect(realtime, other[0])
                    .acked(publish("'data':1,'key':'" + other[1] + "'"))
                    .has("repeated"))
            .isFalse();
      }
    }
    PublishOptions keyed = PublishOptions.NONE.withKey("b");
    Position first = await(realtime.channel("t").publish("e", 1, keyed));
    assertThat(await(realtime.channel("t").publish("e", 1, keyed))).isEqualTo(first);
    assertThat(await(realtime.channel("t").publish("e", 1, keyed.as("1 a")))).isNotEqualTo(first);
  }

  @Test
  void aGuestsKeyIsKnownAfterItsReconnect() {
    bus();
    JsonNode first = connect(realtime, (Identity) null).acked(publish("'data':1,'key':'k'"));
    JsonNode again = connect(realtime, (Identity) null).acked(publish("'data':1,'key':'k'"));

    assertThat(again.get("position")).isEqualTo(first.get("position"));
  }

  @Test
  void interceptorsAcceptChangeAndRejectInTheirOrder() {
    settings
        .intercept(
            request -> {
              if (request.event().equals("bid") && request.as(Map.class).get("amount").equals(1)) {
                throw new Rejection("too_low", "bid more").retryAfter(250);
              }
              return request;
            })
        .intercept(request -> request.withData(Map.of("was", request.json())))
        .intercept(request -> request.withEvent(request.event() + "!"))
        .intercept(
            request ->
                request.identity() == null
                    ? request.withOptions(request.options().as("system"))
                    : request);
    Client ada = connect(bus(), "ada").subscribed("t");

    JsonNode error = ada.ask("'type':'publish','topic':'t','event':'bid','data':{'amount':1}");
    ada.acked("'type':'publish','topic':'t','event':'bid','data':{'amount':2}");
    await(realtime.channel("t").publish("tick", 7));

    assertThat(error.at("/payload/code").asString()).isEqualTo("too_low");
    assertThat(error.at("/payload/message").asString()).isEqualTo("bid more");
    assertThat(error.at("/payload/temporary").asBoolean()).isTrue();
    assertThat(error.at("/payload/retryAfterMs").asInt()).isEqualTo(250);
    List<JsonNode> events = ada.told("event", 2);
    assertThat(events.get(0).get("event").asString()).isEqualTo("bid!");
    assertThat(events.get(0).at("/data/was").asString()).isEqualTo("{\"amount\":2}");
    assertThat(events.get(0).get("userId").asString()).isEqualTo("ada");
    assertThat(events.get(1).get("userId").asString()).isEqualTo("system");
  }

  @Test
  void anInterceptorThatFailsRefusesWithoutDetails() {
    settings.intercept(
        request -> {
          switch (request.event()) {
            case "exception" -> throw new IllegalStateException("password=secret");
            case "error" -> throw new StackOverflowError("password=secret");
            case "shape" -> request.as(List.class);
            case "null" -> {
              return null;
            }
            default -> {}
          }
          return request;
        });
    Client ada = connect(bus(), "ada").subscribed("t");

    for (String event : List.of("exception", "error", "null", "shape")) {
      JsonNode error = ada.ask("'type':'publish','topic':'t','event':'" + event + "','data':{}");
      assertThat(error.at("/payload/code").asString())
          .isEqualTo(event.equals("shape") ? "BAD_REQUEST" : "INTERNAL");
      assertThat(error.toString()).doesNotContain("secret").doesNotContain("Exception");
    }
    assertThat(failure(realtime.channel("t").publish("exception", 1)))
        .hasMessage("password=secret");
    assertThat(failure(realtime.channel("t").publish("null", 1)))
        .isInstanceOf(NullPointerException.class);
    assertThat(ada.heard()).isEmpty();
    assertThat(ada.isClosed()).isFalse();
  }

  @Test
  void whereThePolicyForbidsItNobodyPublishes() {
    settings.access((who, topic, action) -> action == AccessPolicy.Action.SUBSCRIBE);
    Client ada = connect(bus(), "ada").subscribed("t");

    JsonNode error = ada.ask(publish("'data':1"));
    assertThat(error.at("/payload/code").asString()).isEqualTo("FORBIDDEN");
    assertThat(error.at("/payload/message").asString()).isEqualTo("not allowed to publish to 't'");
    assertThat(ada.heard()).isEmpty();
  }

  @Test
  void onlyRowChangesArePublishedToATableChannel() {
    bus();
    List<String> intercepted = new ArrayList<>();
    TableChannel orders = realtime.tableChannel("orders");
    Client ada = connect(realtime, "ada").subscribed("orders");
    RowChange change =
        new RowChange("orders", Operation.INSERT, Map.of("id", 7), null, "bob", "tx1", "m1");

    assertThat(ada.refused("'type':'publish','topic':'orders','event':'e','data':1"))
        .isEqualTo("FORBIDDEN");
    Throwable refused = failure(realtime.channel("orders").publish("e", 1));
    assertThat(refused).isInstanceOf(Rejection.class).hasMessageContaining("table channel");
    assertThat(((Rejection) refused).code()).isEqualTo("FORBIDDEN");
    assertThatThrownBy(() -> realtime.tableChannel("todos").publish(change))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("orders");
    await(orders.publish(change));
    await(orders.reset());

    JsonNode told = ada.told("db_change", 1).get(0);
    assertThat(told.get("operation").asString()).isEqualTo("INSERT");
    assertThat(told.get("cause").asString()).isEqualTo("m1");
    assertThat(ada.told("reset", 1).get(0).at("/payload/reason").asString())
        .isEqualTo("UNKNOWN_CHANGE");
    assertThat(orders.topic()).isEqualTo("orders");
    assertThat(intercepted).isEmpty();
  }

  @Test
  void aRowChangeWithAKeyIsPublishedOnce() {
    bus();
    TableChannel orders = realtime.tableChannel("orders");
    Client ada = connect(realtime, "ada").subscribed("orders");
    RowChange change =
        new RowChange("orders", Operation.INSERT, Map.of("id", 7), null, "bob", "tx1", "m1");

    Position first = await(orders.publish(change, "o-1-0"));
    assertThat(await(orders.publish(change, "o-1-0"))).isEqualTo(first);
    Position reset = await(orders.reset("o-2-0"));
    assertThat(await(orders.reset("o-2-0"))).isEqualTo(reset);
    assertThat(await(orders.publish(change, "o-3-0")).offset()).isEqualTo(3);

    assertThat(ada.told("db_change", 2)).hasSize(2);
    assertThat(ada.told("reset", 1)).hasSize(1);
    for (String key : List.of("", "a b", "x".repeat(129), "\u00e4")) {
      assertThatThrownBy(() -> orders.publish(change, key))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'" + key + "'");
    }
    assertThat(orders.isRestorable()).isTrue();
  }

  @Test
  void aPublicationAsLargeAsAllowedIsAcceptedAndOneByteMoreIsNot() {
    settings.limits(l -> l.publicationBytes(1_000));
    bus();
    String exact = "x".repeat(1_000 - "\"topic\":\"t\",\"event\":\"e\",\"data\":\"\"}".length());

    await(realtime.channel("t").publish("e", exact));
    Throwable refused = failure(realtime.channel("t").publish("e", exact + "x"));

    assertThat(((Rejection) refused).code()).isEqualTo("TOO_LARGE");
  }

  @Test
  void aRowChangeThatIsTooLargeIsToldAsAReset() {
    settings.limits(l -> l.publicationBytes(1_000));
    bus();
    Client ada = connect(realtime, "ada").subscribed("orders");
    Map<String, Object> row = Map.of("text", "x".repeat(1_000));

    await(
        realtime
            .tableChannel("orders")
            .publish(new RowChange("orders", Operation.INSERT, row, null, null, null, null)));

    assertThat(ada.told("reset", 1).get(0).at("/payload/reason").asString())
        .isEqualTo("UNKNOWN_CHANGE");
    assertThat(ada.told("db_change")).isEmpty();
  }

  @Test
  void aBrokerThatFailsIsToldAsUnavailable() {
    WrappedBroker broker = new WrappedBroker(clock);
    settings.broker(broker);
    Client ada = connect(bus(), "ada").subscribed("t");
    for (RuntimeException with :
        List.of(
            new IllegalStateException("thrown at 10.0.0.7"),
            new UnsupportedOperationException("failed at 10.0.0.7"))) {
      broker.failWith(with);
      JsonNode error = ada.ask(publish("'data':1"));
      assertThat(error.at("/payload/code").asString()).isEqualTo("UNAVAILABLE");
      assertThat(error.at("/payload/temporary").asBoolean()).isTrue();
      assertThat(error.toString()).doesNotContain("10.0.0.7");
      assertThat(failure(realtime.channel("t").publish("e", 1)))
          .isInstanceOf(RealtimeException.class)
          .hasRootCause(with);
      assertThat(ada.refused("'type':'subscribe','topic':'other'")).isEqualTo("UNAVAILABLE");
    }
    broker.failWith(null);
    ada.acked(publish("'data':2"));
    ada.subscribed("other");
  }

  @Test
  void misuseIsRefusedAtOnce() {
    Channel channel = bus().channel("t");

    assertThatThrownBy(() -> channel.publish("presence:join", 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("presence:join");
    assertThatThrownBy(
            () ->
                channel.publish(
                    "e",
                    new Object() {
                      @SuppressWarnings("unused")
                      public Object getSelf() {
                        return this;
                      }
                    }))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> realtime.channel("a b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'a b'");
    assertThatThrownBy(() -> realtime.tableChannel(""))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void emitIsPublishUnderItsOtherName() {
    bus();
    Client ada = connect(realtime, "ada").subscribed("notifications/7");

    await(realtime.emit("shipped", Map.of("id", 1), "notifications/7"));

    assertThat(ada.told("event", 1).get(0).get("event").asString()).isEqualTo("shipped");
  }

  @Test
  void anHttpRequestIsCarriedOutAsAFrameIs() {
    settings.access((who, topic, action) -> topic.equals("t"));
    bus();
    Client ada = connect(realtime, "ada").subscribed("t");
    Identity bob = Identity.of("bob");
    Command publish = new Command.Publish(null, "t", "e", "1", true, "k", true);

    Reply.Published first = (Reply.Published) await(realtime.request(bob, publish));
    Reply.Published again = (Reply.Published) await(realtime.request(bob, publish));
    assertThat(again.position()).isEqualTo(first.position());
    assertThat(again.repeated()).isTrue();
    assertThat(ada.told("event", 1).get(0).get("userId").asString()).isEqualTo("bob");
    Reply.HistoryPage page =
        (Reply.HistoryPage)
            await(realtime.request(bob, new Command.History(null, "t", null, null, null)));
    assertThat(page.messages()).hasSize(1);
    Reply.MemberList members =
        (Reply.MemberList) await(realtime.request(bob, new Command.Members(null, "t")));
    assertThat(members.state().members()).isEmpty();

    assertThat(code(realtime.request(null, publish))).isEqualTo("UNAUTHORIZED");
    assertThat(code(realtime.request(bob, new Command.Members(null, "u")))).isEqualTo("FORBIDDEN");
    assertThat(code(realtime.request(bob, new Command.Subscribe(null, "t", null, null))))
        .isEqualTo(ErrorCode.BAD_REQUEST.name());
  }

  private static String code(CompletionStage<Reply> reply) {
    return ((Reply.Failure) await(reply)).code();
  }

  @Test
  void aClosedBusPublishesNothing() {
    bus();
    TableChannel orders = realtime.tableChannel("orders");
    realtime.close();

    assertThat(failure(realtime.channel("t").publish("e", 1)))
        .isInstanceOf(RealtimeException.class)
        .hasMessageContaining("closed");
    assertThat(failure(orders.reset())).isInstanceOf(RealtimeException.class);
  }

  @Test
  void manyPublishersToManyChannelsAllGetTheirAnswers() {
    bus();
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      clients.add(connect(realtime, "u" + i).subscribed("a").subscribed("b"));
    }
    dev.tidewire.testing.Parallel.run(
        clients.stream()
            .map(
                client ->
                    (dev.tidewire.testing.Parallel.Task)
                        () -> {
                          for (int i = 0; i < 40; i++) {
                            String topic = i % 2 == 0 ? "a" : "b";
                            client.acked(
                                "'type':'publish','topic':'" + topic + "','event':'e','data':1");
                          }
                        })
            .toList());

    for (Client client : clients) {
      assertThat(client.told("event", 12 * 40)).hasSize(480);
    }
  }
}
