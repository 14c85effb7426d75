package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Server-sent events of any endpoint. */
class EventStreamIT {

  private static final String CREATE =
      "window.events = createEventStream('api/events', {"
          + " update: d => note('update', d), delete: d => note('delete', d), note: d => note('note', d), error: d => note('told', d) },"
          + " { onConnect: () => note('connected'), onDisconnect: () => note('lost'), onError: () => note('error') })";

  @RegisterExtension final Stage stage = new Stage();

  @Test
  void namedEventsArriveParsedAndOtherTextAsItIs() throws Exception {
    stage.load("sse");
    stage.run(CREATE);
    Exchange stream = stage.server().request();
    stream.stream("event: update\ndata: {'id':1}\n\n");
    stream.stream(
        "event: delete\ndata: 7\n\nevent: note\ndata: plain\n\nevent: error\ndata: {'code':'x'}\n\n");
    stream.stream("event: unknown\ndata: 1\n\n: heartbeat\n\ndata: {'n':1}\n\n");
    stage.awaitValue("events.data()?.n", 1);
    stage.awaitLog(
        "connected", "update {\"id\":1}", "delete 7", "note plain", "told {\"code\":\"x\"}");
    assertThat(stage.value("events.connected() && events.error() === null")).isEqualTo(true);
    stream.stream("data: {oops\n\n");
    stage.awaitValue("events.error() instanceof SyntaxError", true);
  }

  @Test
  void droppedStreamIsReopenedAfterTheLastEvent() throws Exception {
    stage.load("sse");
    stage.run(CREATE);
    stage.server().request().stream("retry: 10\nid: e1.7\ndata: 1\n\n").end();
    Exchange next = stage.server().request();
    assertThat(next.header("Last-Event-ID")).isEqualTo("e1.7");
    assertThat(stage.value("events.error().message")).isEqualTo("SSE connection error");
    next.stream("id: e1.8\ndata: 2\n\n");
    stage.awaitValue("events.data()", 2);
    stage.awaitLog("connected", "error", "lost", "connected");
  }

  @Test
  void refusalIsRetriedTenTimesWithDoublingPauses() throws Exception {
    stage.loadWithFrozenTime("sse");
    stage.run(CREATE);
    int[] pauses = {500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000};
    int errors = 0;
    for (int pause : pauses) {
      stage.server().request().answer(503, "{}");
      stage.awaitValue("log.length", ++errors);
      stage.pass(pause - 1);
      assertThat(stage.server().hasRequest()).isFalse();
      stage.pass(1);
    }
    stage.server().request().answer(503, "{}");
    stage.awaitValue("log.length", ++errors);
    stage.pass(600_000);
    assertThat(stage.server().hasRequest()).isFalse();
  }

  @Test
  void ownAttemptsNameTheLastEventWhereTheServerTakesIt() throws Exception {
    stage.loadWithFrozenTime("sse");
    stage.run(
        "window.events = createEventStream('api/events?a=1', {}, { lastIdParameter: 'cursor', onError: () => note('error') })");
    stage.server().request().stream("retry: 10\nid: e1.7\ndata: 1\n\n").end();
    stage.server().request().answer(401, "{}");
    stage.awaitLog("error", "error");
    stage.pass(500);
    stage.server().request().expect("GET /api/events?a=1&cursor=e1.7");
  }

  @Test
  void closedStreamStaysClosed() throws Exception {
    stage.loadWithFrozenTime("sse");
    stage.run(CREATE);
    stage.server().request().stream("data: 1\n\n");
    stage.awaitValue("events.data()", 1);
    stage.run("events.close()");
    stage.pass(600_000);
    assertThat(stage.server().hasRequest()).isFalse();
    stage.awaitLog("connected", "lost");
  }
}
