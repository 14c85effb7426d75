package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class CallTest {

  private Realtime realtime;
  private Client ada;

  record Bid(int lot, int amount) {}

  record Accepted(int lot, String by) {}

  @BeforeEach
  void open() {
    realtime = Realtime.builder().access((who, what, action) -> !what.equals("forbidden")).build();
    ada = connect(realtime, "ada");
  }

  @AfterEach
  void close() {
    realtime.close();
  }

  private JsonNode call(String method) {
    return ada.ask("'type':'call','method':'" + method + "'");
  }

  @Test
  void theAckCarriesTheAnswer() {
    realtime.onCall(
        "bid",
        request -> {
          assertThat(request.method()).isEqualTo("bid");
          Bid bid = request.as(Bid.class);
          return new Accepted(bid.lot(), request.identity().userId());
        });

    JsonNode ack = ada.acked("'type':'call','method':'bid','data':{'lot':3,'amount':120}");

    assertThat(ack.get("data").toString()).isEqualTo("{\"lot\":3,\"by\":\"ada\"}");
  }

  @Test
  void anythingThatBecomesJsonIsAnAnswer() {
    realtime.onCall("nothing", request -> null);
    realtime.onCall("raw", request -> request.json());
    realtime.onCall("map", request -> Map.of("x", List.of(1)));

    assertThat(call("nothing").at("/payload/data").isNull()).isTrue();
    assertThat(call("raw").at("/payload/data").asString()).isEqualTo("null");
    assertThat(call("map").at("/payload/data").toString()).isEqualTo("{\"x\":[1]}");
  }

  @Test
  void anAnswerMayComeLater() {
    CompletableFuture<Object> later = new CompletableFuture<>();
    realtime.onCall("later", request -> later);
    String id = ada.tell("'type':'call','method':'later'");
    ada.say("{'type':'ping'}");
    ada.told("pong", 1);
    assertThat(ada.answers(id)).isEmpty();

    later.complete(7);

    assertThat(ada.answer(id).at("/payload/data").asInt()).isEqualTo(7);
  }

  @Test
  void aHandlerRejectsWithItsOwnCode() {
    realtime.onCall(
        "thrown",
        request -> {
          throw new Rejection("too_low", "bid more").retryAfter(5);
        });
    realtime.onCall(
        "failed", request -> CompletableFuture.failedStage(new Rejection("too_low", "bid more")));
    realtime.onCall(
        "wrapped",
        request ->
            CompletableFuture.supplyAsync(
                () -> {
                  throw new CompletionException(new Rejection("too_low", "bid more"));
                }));
    realtime.onCall(
        "known",
        request -> {
          throw new Rejection(ErrorCode.CONFLICT, "somebody was faster");
        });

    for (String method : List.of("thrown", "failed", "wrapped")) {
      JsonNode error = call(method);
      assertThat(error.at("/payload/code").asString()).isEqualTo("too_low");
      assertThat(error.at("/payload/message").asString()).isEqualTo("bid more");
    }
    assertThat(call("thrown").at("/payload/retryAfterMs").asInt()).isEqualTo(5);
    assertThat(call("known").at("/payload/code").asString()).isEqualTo("CONFLICT");
  }

  @Test
  void anyOtherFailureIsInternalWithACorrelationIdAndNoDetails() {
    realtime.onCall(
        "checked",
        request -> {
          throw new java.io.IOException("secret");
        });
    realtime.onCall(
        "unchecked",
        request -> {
          throw new IllegalStateException("secret");
        });
    realtime.onCall(
        "error",
        request -> {
          throw new NoClassDefFoundError("secret");
        });
    realtime.onCall(
        "later", request -> CompletableFuture.failedStage(new IllegalStateException("secret")));
    List<Object> cycle = new ArrayList<>();
    cycle.add(cycle);
    realtime.onCall("unwritable", request -> cycle);
    List<String> messages = new ArrayList<>();
    for (String method : List.of("checked", "unchecked", "error", "later", "unwritable")) {
      JsonNode error = call(method);
      assertThat(error.at("/payload/code").asString()).as(method).isEqualTo("INTERNAL");
      assertThat(error.toString()).doesNotContain("secret").doesNotContain("Exception");
      messages.add(error.at("/payload/message").asString());
    }

    assertThat(messages)
        .doesNotHaveDuplicates()
        .allMatch(m -> m.matches("the server failed; its log has the cause under [0-9a-z]{8}"));
    assertThat(ada.isClosed()).isFalse();
  }

  @Test
  void anInterruptedHandlerLeavesTheThreadInterrupted() {
    realtime.onCall(
        "interrupted",
        request -> {
          throw new InterruptedException();
        });

    assertThat(call("interrupted").at("/payload/code").asString()).isEqualTo("INTERNAL");
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void anArgumentOfTheWrongShapeIsTheClientsMistake() {
    realtime.onCall("bid", request -> request.as(Bid.class));

    for (String data : List.of("[]", "7", "null", "{'lot':'many'}")) {
      assertThat(ada.refused("'type':'call','method':'bid','data':" + data))
          .isEqualTo("BAD_REQUEST");
    }
    assertThat(ada.refused("'type':'call','method':'bid'")).isEqualTo("BAD_REQUEST");
  }

  @Test
  void aMethodNobodyHandlesIsUnknown() {
    assertThat(call("nobody").at("/payload/code").asString()).isEqualTo("UNKNOWN_TOPIC");
    assertThat(call("forbidden").at("/payload/code").asString()).isEqualTo("FORBIDDEN");
  }

  @Test
  void aMethodHasOneHandlerUntilThatIsClosed() {
    Subscription first = realtime.onCall("m", request -> 1);
    assertThatThrownBy(() -> realtime.onCall("m", request -> 2))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'m'");
    first.close();
    realtime.onCall("m", request -> 2);
    first.close(); // not the other one's

    assertThat(call("m").at("/payload/data").asInt()).isEqualTo(2);
  }

  @Test
  void aHandlerMayUseTheBus() {
    ada.subscribed("t");
    realtime.onCall(
        "shout",
        request -> {
          Client.connect(realtime, "bob").subscribed("t");
          return realtime.channel("t").publish("e", request.as(String.class));
        });

    JsonNode ack = ada.acked("'type':'call','method':'shout','data':'hi'");

    assertThat(ada.heard()).containsExactly("\"hi\"");
    assertThat(ack.at("/data/offset").asInt()).isOne();
  }

  @Test
  void aSlowHandlerHoldsUpNobodyElse() {
    CompletableFuture<Integer> gate = new CompletableFuture<>();
    realtime.onCall("slow", request -> gate.join());
    Client bob = connect(realtime, "bob").subscribed("t");
    ada.subscribed("t");
    Thread slow = new Thread(() -> ada.tell("'type':'call','method':'slow'"));
    slow.setDaemon(true);
    slow.start();
    eventually().until(() -> slow.getState() == Thread.State.WAITING);

    bob.acked("'type':'publish','topic':'t','event':'e','data':1");
    ada.told("event", 1); // delivery does not wait for a client's own commands
    realtime.revoke(who -> who.userId().equals("ada"));
    assertThat(ada.closeCode()).isEqualTo(4001);
    gate.complete(1);
    eventually().until(() -> realtime.hub().channelCount() == 1);
    bob.connection().drop(1000);
    eventually().until(() -> realtime.hub().channelCount() == 0);
  }

  @Test
  void anHttpRequestCallsTheSameHandlers() {
    realtime.onCall("add", request -> request.as(int[].class)[0] + request.as(int[].class)[1]);

    Reply reply = await(realtime.request(Identity.of("x"), new Command.Call(null, "add", "[1,2]")));

    assertThat(reply).isEqualTo(new Reply.Answer("3"));
  }

  @Test
  void codesOfApplicationsAreWordsInLowerCase() {
    for (String code : List.of("", "TooLow", "too low", "1st", "x".repeat(65))) {
      assertThatThrownBy(() -> new Rejection(code, "no"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'" + code + "'");
    }
    assertThat(new Rejection("too_low", "no").code()).isEqualTo("too_low");
  }
}
