package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.testing.Json.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.testing.ManualClock;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class AbuseTest {

  private static final String PING = "{'type':'ping'}";

  private final ManualClock clock = new ManualClock();
  private final Realtime.Builder settings =
      Realtime.builder().clock(clock).access(AccessPolicy.open());
  private Realtime realtime;

  @AfterEach
  void close() {
    realtime.close();
  }

  private Client client() {
    if (realtime == null) {
      realtime = settings.build();
    }
    return connect(realtime, "ada");
  }

  private static void say(Client client, String text, int times) {
    for (int i = 0; i < times; i++) {
      client.say(text);
    }
  }

  @Test
  void tenMalformedFramesAreForgivenAndTheEleventhIsNot() {
    Client ada = client();
    say(ada, "nonsense", 10);
    assertThat(ada.isClosed()).isFalse();
    assertThat(ada.told("error", 10))
        .allMatch(f -> f.at("/payload/code").asString().equals("BAD_REQUEST"));
    ada.say("{'no':'type'}");

    assertThat(ada.closeCode()).isEqualTo(4509);
    assertThat(ada.told("error")).hasSize(11);
  }

  @Test
  void malformedFramesAreForgottenAfterTenSeconds() {
    Client ada = client();
    for (int round = 0; round < 5; round++) {
      say(ada, "[]", 10);
      clock.advance(Duration.ofMillis(10_001));
    }
    assertThat(ada.isClosed()).isFalse();
  }

  @Test
  void framesThatAreOnlyWrongAreNoAbuse() {
    Client ada = client();
    for (int i = 0; i < 40; i++) {
      ada.say("{'type':'subscribe','topic':'not a topic'}");
      ada.say("{'type':'unheard_of'}");
    }

    assertThat(ada.isClosed()).isFalse();
    assertThat(ada.told("error")).hasSize(80);
    ada.subscribed("t");
  }

  @Test
  void withoutALimitNonsenseIsAnsweredForEver() {
    settings.limits(l -> l.badFrames(0).frames(0, 0));
    Client ada = client();
    say(ada, "nonsense", 200);

    assertThat(ada.isClosed()).isFalse();
  }

  @Test
  void whatComesTooFastIsRefusedWithTheTimeToWait() {
    settings.limits(l -> l.frames(10, 5));
    Client ada = client();
    say(ada, PING, 5);
    ada.told("pong", 5);

    JsonNode error = ada.ask("'type':'subscribe','topic':'t'");
    assertThat(error.at("/payload/code").asString()).isEqualTo("RATE_LIMITED");
    assertThat(error.at("/payload/temporary").asBoolean()).isTrue();
    assertThat(error.at("/payload/retryAfterMs").asInt()).isEqualTo(100);
    clock.advance(Duration.ofMillis(99));
    assertThat(ada.refused("'type':'subscribe','topic':'t'")).isEqualTo("RATE_LIMITED");
    clock.advance(Duration.ofMillis(1));
    ada.subscribed("t");
    assertThat(ada.isClosed()).isFalse();
  }

  @Test
  void aFloodIsClosedWithAdvice() {
    settings.limits(l -> l.frames(10, 5));
    Client ada = client();
    say(ada, PING, 10);
    assertThat(ada.isClosed()).isFalse();
    ada.say(PING);

    assertThat(ada.closeCode()).isEqualTo(4029);
    JsonNode advice = ada.told("advice", 1).get(0);
    assertThat(advice.at("/payload/reconnect").asString()).isEqualTo("retry");
    assertThat(advice.at("/payload/delayMs/0").asInt()).isPositive();
    say(ada, PING, 100);
    assertThat(ada.told("pong")).hasSize(5);
  }

  @Test
  void everyFrameOfAMessageCounts() {
    settings.limits(l -> l.frames(10, 5));
    Client ada = client();
    ada.say((PING + "\n").repeat(7));

    ada.told("pong", 5);
    ada.told("error", 2);
  }

  @Test
  void moreFramesInOneMessageThanAllowedAreRefusedAsOne() {
    settings.limits(l -> l.frames(0, 0).framesPerMessage(3));
    Client ada = client();
    ada.say(PING.repeat(3));
    assertThat(ada.told("error")).isEmpty();
    ada.say(PING.repeat(9));

    ada.told("pong", 6);
    assertThat(ada.told("error", 1).get(0).at("/payload/code").asString())
        .isEqualTo("LIMIT_EXCEEDED");
  }

  @Test
  void aMessageOfExactlyTheAllowedBytesIsReadOneMoreCloses() {
    settings.limits(l -> l.frameBytes(300));
    for (String filling : List.of("x", "é", "€", "😀")) {
      Client ada = client();
      String frame = json("{'type':'ping','x':''}");
      int bytes = filling.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
      int fits = (300 - frame.length()) / bytes;
      String full =
          frame.replace("\"\"", "\"" + filling.repeat(fits) + "\"")
              + " ".repeat(300 - frame.length() - fits * bytes);
      ada.session().receive(full);
      ada.told("pong", 1);
      ada.session().receive(full + " ");

      assertThat(ada.closeCode()).as(filling).isEqualTo(1009);
    }
  }

  @Test
  void withoutALimitAnySizeIsRead() {
    settings.limits(l -> l.frameBytes(0));
    Client ada = client();
    ada.session().receive(json(PING) + " ".repeat(1_000_000));

    ada.told("pong", 1);
    assertThat(realtime.maxFrameBytes()).isZero();
  }

  @Test
  void historyLimitsAreChecked() {
    settings.limits(l -> l.historyPage(300));
    Client ada = client();

    ada.acked("'type':'history','topic':'t','limit':1");
    ada.acked("'type':'history','topic':'t','limit':300");
    assertThat(ada.refused("'type':'history','topic':'t','limit':301")).isEqualTo("LIMIT_EXCEEDED");
    assertThat(ada.refused("'type':'history','topic':'t','limit':1000000000"))
        .isEqualTo("LIMIT_EXCEEDED");
    assertThat(ada.refused("'type':'history','topic':'t','limit':0")).isEqualTo("BAD_REQUEST");
    assertThat(ada.refused("'type':'history','topic':'t','limit':-1")).isEqualTo("BAD_REQUEST");
    assertThat(ada.refused("'type':'history','topic':'t','before':'garbage'"))
        .isEqualTo("BAD_REQUEST");
    ada.acked("'type':'history','topic':'t','before':'zz.1'");
    ada.acked("'type':'history','topic':'t','before':-5");
  }

  @Test
  void afterTheEndNothingIsAnswered() {
    Client ada = client();
    ada.connection().drop(1000);
    say(ada, PING, 3);
    ada.session().touch();
    ada.session().closed(1000);

    assertThat(ada.told("pong")).isEmpty();
  }

  @Test
  void theFramesAfterOneThatClosesAreNotCarriedOut() {
    settings.limits(l -> l.badFrames(1).frames(0, 0));
    Client ada = client();
    ada.say("nonsense");
    ada.say("{'type':'ping','id':1}\nnonsense\n{'type':'ping','id':2}");

    assertThat(ada.closeCode()).isEqualTo(4509);
    assertThat(ada.told("pong")).hasSize(1);
  }
}
