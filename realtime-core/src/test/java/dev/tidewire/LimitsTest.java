package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Json.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.broker.MemoryBroker;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.Reply;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.Json;
import dev.tidewire.testing.ManualClock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** What one user, and everybody together, may have and do. */
class LimitsTest {

  private static final String PUBLISH = "'type':'publish','topic':'t','event':'e','data':1";

  private final ManualClock clock = new ManualClock();
  private final Realtime.Builder settings =
      Realtime.builder()
          .clock(clock)
          .access(AccessPolicy.open())
          .tokens(token -> token.startsWith("user:") ? Identity.of(token.substring(5)) : null);
  private Realtime realtime;

  @AfterEach
  void close() {
    realtime.close();
  }

  private Client client(String user) {
    return connect(bus(), user);
  }

  private Realtime bus() {
    if (realtime == null) {
      realtime = settings.build();
    }
    return realtime;
  }

  private static StreamRequest stream(String... topics) {
    return new StreamRequest(List.of(topics), null, false);
  }

  @Test
  void asManyConnectionsOfOneUserAsAllowedStayAndOneMoreIsClosed() {
    settings.limits(l -> l.userConnections(3));
    Client first = client("ada");
    client("ada").subscribed("t");
    Client.stream(bus(), "ada", stream("t"));
    Client fourth = client("ada");

    assertThat(fourth.closeCode()).isEqualTo(4029);
    JsonNode error = fourth.told("error", 1).get(0).get("payload");
    assertThat(error.get("code").asString()).isEqualTo("RATE_LIMITED");
    assertThat(error.get("temporary").asBoolean()).isTrue();
    fourth.told("advice", 1);
    assertThat(fourth.told("welcome")).isEmpty();
    assertThatThrownBy(() -> Client.stream(bus(), "ada", stream("t")))
        .isInstanceOf(Rejection.class)
        .extracting(e -> ((Rejection) e).toReply().status())
        .isEqualTo(429);
    assertThat(bus().refusals(Limit.USER_CONNECTIONS)).isEqualTo(2);
    client("bob").subscribed("t");
    assertThat(first.isClosed()).isFalse();
  }

  private enum Leaving {
    CLOSED_BY_THE_CLIENT,
    LOGGED_OUT,
    DROPPED,
    SILENT
  }

  @ParameterizedTest
  @EnumSource(Leaving.class)
  void whoLeavesMakesRoom(Leaving how) {
    settings.limits(l -> l.userConnections(1)).heartbeat(Duration.ofSeconds(1), Duration.ZERO);
    Client first = client("ada");
    switch (how) {
      case CLOSED_BY_THE_CLIENT -> first.connection().drop(1000);
      case DROPPED -> first.connection().drop(1006);
      case LOGGED_OUT -> bus().revoke(who -> who.userId().equals("ada"));
      case SILENT ->
          eventually()
              .pollInterval(Duration.ofSeconds(1))
              .until(
                  () -> {
                    clock.advance(Duration.ofSeconds(2)); // more at once would be forgiven
                    return first.isClosed();
                  });
    }
    first.closeCode();
    eventually().until(() -> bus().connectionCount() == 0);

    client("ada").subscribed("t");
  }

  @Test
  void aRefusedStreamTakesNoPlace() {
    settings
        .limits(l -> l.userConnections(1))
        .access((who, topic, action) -> !topic.startsWith("secret"));
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> Client.stream(bus(), "ada", stream("secret")))
          .isInstanceOf(Rejection.class);
    }
    Client.stream(bus(), "ada", stream("t"));

    assertThat(client("ada").closeCode()).isEqualTo(4029);
  }

  @Test
  void whoSaysLaterWhoItIsIsCountedThen() {
    settings.limits(l -> l.userConnections(1));
    Client first = connect(bus(), (Identity) null);
    first.acked("'type':'auth','token':'user:ada'");
    first.acked("'type':'auth','token':'user:ada'");
    Client second = connect(bus(), (Identity) null);

    assertThat(second.refused("'type':'auth','token':'user:ada'")).isEqualTo("RATE_LIMITED");
    assertThat(second.closeCode()).isEqualTo(4029);
    first.subscribed("t");
    first.connection().drop(1000);
    client("ada").subscribed("t");
  }

  @Test
  void guestsAreNotOneUser() {
    settings.guests().limits(l -> l.userConnections(1).userPublishes(1, 1));
    for (int i = 0; i < 5; i++) {
      Client guest = connect(bus(), (Identity) null);
      guest.acked(PUBLISH);
      guest.acked(PUBLISH);
    }

    assertThat(bus().refusals(Limit.USER_CONNECTIONS)).isZero();
  }

  @Test
  void withoutALimitAUserHasAnyNumberOfConnections() {
    settings.limits(l -> l.userConnections(0));
    for (int i = 0; i < 100; i++) {
      client("ada");
    }

    assertThat(bus().connectionCount()).isEqualTo(100);
  }

  @Test
  void publicationsOfAConnectionHaveARateOfTheirOwn() {
    settings.limits(l -> l.publishes(10, 3));
    Client ada = client("ada");
    for (int i = 0; i < 3; i++) {
      ada.acked(PUBLISH);
    }
    JsonNode refusal = ada.ask(PUBLISH).get("payload");

    assertThat(refusal.get("code").asString()).isEqualTo("RATE_LIMITED");
    assertThat(refusal.get("retryAfterMs").asInt()).isEqualTo(100);
    ada.subscribed("t");
    assertThat(bus().refusals(Limit.PUBLISHES)).isEqualTo(1);
    clock.advance(Duration.ofMillis(100));
    ada.acked(PUBLISH);
    assertThat(ada.refused(PUBLISH)).isEqualTo("RATE_LIMITED");
    client("ada").acked(PUBLISH);
  }

  @Test
  void theConnectionsOfAUserShareARate() {
    settings.limits(l -> l.userPublishes(10, 4));
    client("ada").acked(PUBLISH);
    client("ada").acked(PUBLISH);
    byHttp("ada", 200);
    Client last = client("ada");
    last.acked(PUBLISH);

    assertThat(last.refused(PUBLISH)).isEqualTo("RATE_LIMITED");
    byHttp("ada", 429);
    assertThat(bus().refusals(Limit.USER_PUBLISHES)).isEqualTo(2);
    client("bob").acked(PUBLISH);
    clock.advance(Duration.ofMillis(100));
    client("ada").acked(PUBLISH);
    assertThat(last.refused(PUBLISH)).isEqualTo("RATE_LIMITED");
  }

  private void byHttp(String user, int status) {
    Reply reply =
        bus()
            .request(Identity.of(user), new Command.Publish(null, "t", "e", "1", false, null, true))
            .toCompletableFuture()
            .join();
    assertThat(reply instanceof Reply.Failure failure ? failure.status() : 200).isEqualTo(status);
  }

  @Test
  void aUsersRateIsTwiceThatOfTheFramesOfAConnection() {
    settings.limits(l -> assertThat(l.userPublishesPerSecond()).isEqualTo(100));
    settings.limits(l -> assertThat(l.userPublishBurst()).isEqualTo(200));
    settings.limits(l -> l.frames(7, 9));
    settings.limits(l -> assertThat(l.userPublishesPerSecond()).isEqualTo(14));
    settings.limits(l -> assertThat(l.userPublishBurst()).isEqualTo(18));
    settings.limits(l -> l.frames(0, 0));
    settings.limits(l -> assertThat(l.userPublishesPerSecond()).isZero());
    client("ada");
  }

  @Test
  void everyFrameOfARequestWithoutASessionIsARequest() {
    settings.limits(l -> l.addressRequests(10, 4));
    String page = "{'type':'history','topic':'t','id':1}";
    List<String> answers =
        bus()
            .streams()
            .send(Identity.of("ada"), "192.0.2.1", null, json(page.repeat(6)))
            .toCompletableFuture()
            .join();

    assertThat(answers).hasSize(6);
    assertThat(
            answers.stream().map(Json::parse).filter(f -> f.get("type").asString().equals("ack")))
        .hasSize(5); // the first was counted when the request was let in
    assertThat(Json.parse(answers.get(5)).at("/payload/code").asString()).isEqualTo("RATE_LIMITED");
  }

  @Test
  void aStreamHasTheLimitsOfAConnection() {
    settings.limits(l -> l.subscriptions(2).frames(10, 4).publishes(10, 1));
    Client ada = Client.stream(bus(), "ada", stream("a", "b"));
    assertThatThrownBy(() -> Client.stream(bus(), "ada", stream("a", "b", "c")))
        .isInstanceOf(Rejection.class)
        .extracting(e -> ((Rejection) e).code())
        .isEqualTo("LIMIT_EXCEEDED");

    String secret = ada.told("connected", 1).get(0).at("/payload/session").asString();
    String publish = "{" + PUBLISH + ",'id':1}";
    List<String> answers =
        bus()
            .streams()
            .send(
                null,
                "192.0.2.1",
                secret,
                json(publish + publish + "{'type':'ping','id':2}".repeat(3)))
            .toCompletableFuture()
            .join();
    assertThat(answers)
        .map(Json::parse)
        .map(f -> f.at("/payload/code").asString(f.get("type").asString()))
        .containsExactly("ack", "RATE_LIMITED", "pong", "ack", "pong", "ack", "RATE_LIMITED");
    assertThat(bus().refusals(Limit.PUBLISHES)).isEqualTo(1);
    assertThat(bus().refusals(Limit.FRAMES)).isEqualTo(1);
  }

  @Test
  void whenAllChannelsAreInUseClientsGetNoMoreOfThem() {
    settings.limits(l -> l.channels(3));
    Client ada = client("ada");
    ada.subscribed("a").subscribed("b").subscribed("c");

    JsonNode refusal = ada.ask("'type':'subscribe','topic':'d'").get("payload");
    assertThat(refusal.get("code").asString()).isEqualTo("LIMIT_EXCEEDED");
    assertThat(refusal.get("temporary").asBoolean()).isTrue();
    assertThat(ada.refused("'type':'publish','topic':'d','event':'e','data':1"))
        .isEqualTo("LIMIT_EXCEEDED");
    assertThatThrownBy(() -> Client.stream(bus(), "ada", stream("a", "d")))
        .isInstanceOf(Rejection.class);
    assertThat(bus().refusals(Limit.CHANNELS)).isEqualTo(3);
    ada.subscribed("a");
    ada.acked("'type':'publish','topic':'b','event':'e','data':1");
    bus().emit("e", 1, "the/server").toCompletableFuture().join(); // is not a client
    ada.acked("'type':'unsubscribe','topic':'a'");
    ada.acked("'type':'unsubscribe','topic':'c'");
    clock.advance(Duration.ofSeconds(2));
    ada.subscribed("d");
  }

  @Test
  void aClientThatTriesAMillionTopicsEatsNoMemory() {
    AtomicInteger epochs = new AtomicInteger();
    MemoryBroker broker =
        new MemoryBroker(
            clock, () -> "e" + epochs.incrementAndGet(), Duration.ofHours(1), 500, 0, () -> {});
    settings.broker(broker).limits(l -> l.frames(0, 0));
    Client keeper = client("keeper").subscribed("kept");
    JsonNode position = keeper.acked("'type':'publish','topic':'kept','event':'e','data':1");
    Client ada = client("ada");
    for (int i = 0; i < 20_000; i++) {
      ada.say("{'type':'subscribe','topic':'made/up/" + i + "'}");
      ada.say("{'type':'unsubscribe','topic':'made/up/" + i + "'}");
      if (i % 100 == 0) {
        clock.advance(Duration.ofSeconds(1));
        assertThat(broker.channelCount()).isLessThanOrEqualTo(501);
      }
    }

    assertThat(
            keeper
                .acked(
                    "'type':'subscribe','topic':'kept','since':'"
                        + position.get("position").asString()
                        + "'")
                .get("recovered")
                .asBoolean())
        .isTrue();
  }

  @Test
  void channelsThatNothingWasPublishedToGoFirst() {
    AtomicInteger epochs = new AtomicInteger();
    MemoryBroker broker =
        new MemoryBroker(
            clock, () -> "e" + epochs.incrementAndGet(), Duration.ofHours(1), 10, 0, () -> {});
    settings
        .broker(broker)
        .channels("*", c -> c.retain(0, Duration.ZERO))
        .limits(l -> l.frames(0, 0));
    Client ada = client("ada");
    ada.acked("'type':'publish','topic':'old','event':'e','data':1");
    clock.advance(Duration.ofMinutes(6)); // its key is forgotten
    for (int i = 0; i < 9; i++) {
      clock.advance(Duration.ofSeconds(1));
      ada.subscribed("t" + i);
      ada.acked("'type':'unsubscribe','topic':'t" + i + "'");
    }
    assertThat(broker.channelCount()).isEqualTo(10);
    ada.subscribed("new");

    assertThat(broker.channelCount()).isEqualTo(9);
    assertThat(ada.acked("'type':'subscribe','topic':'old'").get("position").asString())
        .isEqualTo("e1.1");
  }

  @Test
  void whoMissedWhatHadToGiveWayIsToldToLoadAgain() {
    settings.limits(l -> l.retainedBytes(10_000));
    String before =
        client("ada").acked("'type':'subscribe','topic':'t'").get("position").asString();
    for (int i = 0; i < 50; i++) {
      bus().emit("e", "x".repeat(500), "t").toCompletableFuture().join();
    }
    Client back = client("ada");
    JsonNode ack = back.acked("'type':'subscribe','topic':'t','since':'" + before + "'");

    assertThat(ack.get("recovered").asBoolean()).isFalse();
    assertThat(back.told("reset", 1).get(0).at("/payload/reason").asString()).isEqualTo("EVICTED");
    assertThat(bus().refusals(Limit.RETAINED_BYTES)).isPositive();
  }

  @Test
  void refusalsOfEveryKindAreCounted() {
    settings
        .access((who, topic, action) -> true)
        .limits(l -> l.frames(0, 0).frameBytes(400).badFrames(1).subscriptions(1).historyPage(5))
        .limits(l -> l.presenceStateBytes(20).publicationBytes(100).queueBytes(500))
        .limits(l -> l.authenticationTime(Duration.ofSeconds(1)));
    Client ada = client("ada").subscribed("a");
    ada.refused("'type':'subscribe','topic':'b'");
    ada.refused("'type':'history','topic':'a','limit':6");
    ada.refused("'type':'track','topic':'a','data':{'x':'" + "y".repeat(30) + "'}");
    ada.refused("'type':'publish','topic':'a','event':'e','data':'" + "y".repeat(100) + "'");
    ada.say("x").say("x");
    client("bob").say(" ".repeat(401));
    Client slow =
        connect(
            bus(), Identity.of("slow"), new FakeConnection().behave(FakeConnection.Sending.STALL));
    for (int i = 0; i < 20; i++) {
      slow.say("{'type':'ping'}");
    }
    Client nobody = connect(bus(), (Identity) null);
    clock.advance(Duration.ofMillis(1_001));
    nobody.closeCode();

    for (Limit limit :
        List.of(
            Limit.SUBSCRIPTIONS,
            Limit.HISTORY_PAGE,
            Limit.PRESENCE_STATE_BYTES,
            Limit.PUBLICATION_BYTES,
            Limit.BAD_FRAMES,
            Limit.FRAME_BYTES,
            Limit.QUEUE_BYTES,
            Limit.AUTHENTICATION_TIME)) {
      assertThat(bus().refusals(limit)).as("%s", limit).isEqualTo(1);
    }
  }

  @Test
  void theRefusalsOfAFloodAreCounted() {
    settings.limits(l -> l.frames(1, 2));
    Client ada = client("ada");
    for (int i = 0; i < 4; i++) {
      ada.say("{'type':'ping'}");
    }

    assertThat(bus().refusals(Limit.FRAMES)).isEqualTo(2);
  }
}
