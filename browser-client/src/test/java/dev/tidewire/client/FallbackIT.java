package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Ways beside the WebSocket, for a page under a context path. */
class FallbackIT {

  private static final String ALL = "{ transports: ['websocket', 'sse', 'poll'] }";
  private static final String CHANNEL =
      "realtime.channel('chat/a').on('message', m => note(m.data.n)).subscribe()";
  private static final String EVENT = Peer.event("e1.1", 1) + "\ndata: " + Peer.event("e1.2", 2);

  @RegisterExtension final Stage stage = new Stage();

  private static String message(String frames) {
    return "data: " + frames + "\n\n";
  }

  private static String greeting() {
    return ": comment\nevent: link\ndata: l1\n\n"
        + message(Peer.frame("welcome", "'payload':{'userId':'u1'}"));
  }

  private Exchange streamed() throws Exception {
    Exchange stream = stage.server().request().expect("GET /realtime/sse?link=new");
    stream.stream(greeting());
    stage.awaitStatus("connected");
    assertThat(stage.value("realtime.transport")).isEqualTo("sse");
    return stream;
  }

  private String subscribed(Exchange stream) throws Exception {
    Exchange send = stage.server().request();
    assertThat(send.line()).startsWith("POST /realtime/send?link=l1 {").contains("\"subscribe\"");
    send.answer(204, "");
    String id = send.line().replaceAll(".*\"id\":\"(c\\d+)\",\"type\":\"subscribe\".*", "$1");
    stream.stream(
        message(
            Peer.frame(
                "ack",
                "'payload':{'messageId':'%s','topic':'chat/a','position':'e1.0'}".formatted(id))));
    return id;
  }

  @Test
  void webSocketThatIsCutAtOnceThreeTimesIsReplacedByAStream() throws Exception {
    stage.openWithFrozenTime();
    stage.start(ALL);
    stage.run(CHANNEL);
    for (int i = 0; i < 3; i++) {
      stage.welcomed().drop();
      stage.awaitStatus("reconnecting");
      stage.pass(1_000);
    }
    Exchange stream = streamed();
    subscribed(stream);
    stream.stream(message(EVENT));
    stage.awaitLog("1", "2");
    assertThat(stage.attempts()).isEqualTo(3);
    assertThat(stage.console()).isEmpty();
    stage.run("realtime.disconnect()");
    stage.server().request().expect("POST /realtime/send?link=l1&close=true");
  }

  @Test
  void refusedTokenIsNoReasonToTakeAnotherWay() throws Exception {
    stage.start(ALL);
    stage.server().accept().close(4001);
    stage.awaitStatus("disconnected");
    assertThat(stage.errors()).containsExactly("UNAUTHORIZED 4001");
    assertThat(stage.server().hasRequest()).isFalse();
  }

  @Test
  void refusedStreamEndsIt() throws Exception {
    stage.start("{ transports: ['sse', 'poll'] }");
    stage
        .server()
        .request()
        .answer(
            401,
            "{'code':'UNAUTHORIZED','detail':'log in'}",
            "Content-Type",
            "application/problem+json");
    stage.awaitStatus("disconnected");
    assertThat(stage.errors()).containsExactly("UNAUTHORIZED 4001");
    assertThat(stage.server().hasRequest()).isFalse();
  }

  @Test
  void pageOfAnotherServerIsNoStreamAndPollsAreTried() throws Exception {
    stage.start("{ transports: ['sse', 'poll'] }");
    stage
        .server()
        .request()
        .expect("GET /realtime/sse?link=new")
        .answer(200, "<html>please log in</html>", "Content-Type", "text/html");
    Exchange poll = stage.server().request().expect("GET /realtime/poll?link=new&wait=25");
    poll.answer(200, greeting(), "Content-Type", "text/event-stream");
    stage.awaitStatus("connected");
    stage.server().request().expect("GET /realtime/poll?link=l1&wait=25");
    assertThat(stage.value("realtime.transport")).isEqualTo("poll");
  }

  @Test
  void tokenIsSentOverTheLinkAndTheServersCloseIsHeard() throws Exception {
    stage.start("{ transports: ['sse'], token: 'secret' }");
    Exchange stream = stage.server().request();
    stream.stream("event: link\ndata: l1\n\n");
    Exchange send = stage.server().request();
    assertThat(send.line()).contains("\"type\":\"auth\",\"token\":\"secret\"");
    send.answer(204, "");
    stream.stream(
        message(Peer.frame("error", "'payload':{'messageId':'auth','code':'UNAUTHORIZED'}")));
    stage.awaitStatus("disconnected");
    assertThat(stage.errors()).containsExactly("UNAUTHORIZED 4001");
  }

  @Test
  void linkThatIsGoneIsOpenedAnewAndGoesOnWhereItWas() throws Exception {
    stage.start("{ transports: ['sse'] }");
    stage.run(CHANNEL);
    Exchange stream = streamed();
    subscribed(stream);
    stream.stream(message(Peer.event("e1.1", 1)));
    stage.awaitLog("1");
    stage.run("realtime.call('x').catch(e => note(e.code, e.sent))");
    stage.server().request().answer(410, "{}", "Content-Type", "application/problem+json");
    stage.awaitLog("1", "UNAVAILABLE true");
    streamed();
    assertThat(stage.server().request().line()).contains("\"since\":\"e1.1\"");
  }

  @Test
  void unknownTransportIsRefused() {
    stage.open();
    assertThat(
            stage.value(
                "(() => { try { createRealtime({ transports: ['smoke'] }) } catch (e) { return e.message } })()"))
        .isEqualTo("a transport is one of websocket,sse,poll, not smoke");
  }
}
