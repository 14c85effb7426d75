package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong on the wire is said in one line, and everything goes on. */
class BadServerIT {

  @RegisterExtension final Stage stage = new Stage();

  private Peer peer;

  @BeforeEach
  void subscribe() throws Exception {
    peer = stage.connect();
    stage.run(
        "window.channel = realtime.channel('chat/a').on('message', m => note(m.data.n)).on('*', m"
            + " => window.last = m).subscribe()");
    peer.ack(peer.expect("subscribe"), "'position':'e1.0'");
  }

  private void livesOn(String console) throws Exception {
    peer.send(Peer.event("e1.1", 1));
    stage.awaitLog("1");
    assertThat(stage.console()).singleElement().asString().startsWith("[tidewire] " + console);
    assertThat(stage.statuses()).isEqualTo("connecting connected");
    assertThat(stage.uncaught()).isEmpty();
    assertThat(stage.errors()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "not json at all | ignored a message that is not JSON: not json at all",
        "{\"type\":\"event\" | ignored a message that is not JSON: {\"type\":\"event\"",
        "<html>502 Bad Gateway</html> | ignored a message that is not JSON: <html>",
        "42 | ignored a message that is not a frame: 42",
        "null | ignored a message that is not a frame: null",
        "[1] | ignored a message that is not a frame: [1]",
        "{} | ignored a message that is not a frame: {}",
        "{\"type\":7} | ignored a message that is not a frame: {\"type\":7}",
        "{\"type\":\"surprise\"} | ignored an unknown frame: {\"type\":\"surprise\"}",
        "{\"type\":\"event\",\"id\":\"e1.1\"} | ignored an unknown frame: {\"type\":\"event\"",
        "{\"type\":\"ack\"} | cannot handle a frame",
        "{\"type\":\"error\"} | cannot handle a frame",
        "{\"type\":\"presence_state\",\"topic\":\"chat/a\"} | cannot handle a frame",
        "{\"type\":\"presence_state\",\"topic\":\"chat/a\",\"members\":[null]} | cannot handle a"
            + " frame",
        "{\"type\":\"welcome\"} | cannot handle a frame",
        "{\"type\":\"reset\",\"topic\":\"chat/a\",\"payload\":{\"reason\":\"EPOCH\",\"position\":7}}"
            + " | cannot handle a frame",
      })
  void garbageIsSaidInOneLine(String garbage, String console) throws Exception {
    peer.sendRaw(garbage);
    livesOn(console);
  }

  @Test
  void goodFramesAroundGarbageAreHandled() throws Exception {
    peer.sendRaw("oops\n" + Peer.event("e1.1", 1).replace('\'', '"') + "\n\n  \n");
    stage.awaitLog("1");
    assertThat(stage.console()).hasSize(1);
  }

  @Test
  void longGarbageIsCut() throws Exception {
    peer.sendRaw("x".repeat(50_000));
    livesOn("ignored a message that is not JSON: xxx");
    assertThat(stage.console().get(0)).hasSizeLessThan(300);
  }

  @Test
  void binaryMessageIsIgnored() throws Exception {
    peer.sendBinary("bytes");
    livesOn("ignored a binary message");
  }

  @ParameterizedTest
  @CsvSource({"__proto__", "\\u005f_proto__", "\\u005F\\u005Fproto\\u005f\\u005f"})
  void protoKeysAreRemovedAtEveryDepth(String key) throws Exception {
    peer.sendRaw(
        Peer.event("e1.1", 1)
            .replace("'n':1", "'n':1,'deep':[{'KEY':{'admin':true},'ok':2}]")
            .replace("{'id'", "{'KEY':{'admin':true},'id'")
            .replace('\'', '"')
            .replace("KEY", key));
    stage.awaitLog("1");
    assertThat(stage.console()).singleElement().asString().contains("removed a \"__proto__\" key");
    assertThat(stage.value("JSON.stringify(last.data)"))
        .isEqualTo("{\"n\":1,\"deep\":[{\"ok\":2}]}");
    assertThat(stage.value("Object.assign({}, last.data.deep[0], last).admin ?? null")).isNull();
    assertThat(stage.value("({}).admin ?? null")).isNull();
  }

  @Test
  void memberNamedProtoIsJustAName() throws Exception {
    peer.send(
        Peer.frame(
            "presence_state",
            "'topic':'chat/a','rev':1,'members':[{'userId':'__proto__','data':{'userId':'__proto__'}}]"));
    peer.send(Peer.event("e1.1", 1));
    stage.awaitLog("1");
    assertThat(stage.value("channel.members.get('__proto__').userId")).isEqualTo("__proto__");
    assertThat(stage.console()).isEmpty();
  }

  @Test
  void answerToNothingIsIgnored() throws Exception {
    peer.send(Peer.frame("ack", "'payload':{'messageId':'c99'}"));
    peer.send(Peer.event("e1.1", 1));
    stage.awaitLog("1");
    assertThat(stage.console()).isEmpty();
  }
}
