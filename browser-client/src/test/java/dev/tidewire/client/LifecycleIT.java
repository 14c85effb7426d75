package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.microsoft.playwright.CDPSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** A laptop that sleeps, a network that goes away: as the browser itself does it. */
class LifecycleIT {

  @RegisterExtension final Stage stage = new Stage();

  private Peer peer;
  private CDPSession control;

  @BeforeEach
  void subscribe() throws Exception {
    peer = stage.connect("{ reconnectDelay: 10, pingInterval: 3000, pongTimeout: 3000 }");
    stage.run("realtime.channel('chat/a').on('message', m => note(m.data.n)).subscribe()");
    peer.ack(nextSubscribe(peer), "'topic':'chat/a','position':'e1.0'");
    peer.send(Peer.event("e1.1", 1));
    stage.awaitLog("1");
    control = stage.context().newCDPSession(stage.page());
  }

  /** Answers pings on the way. */
  private static JsonNode nextSubscribe(Peer peer) throws Exception {
    for (; ; ) {
      JsonNode frame = peer.next();
      if (frame.path("type").asString().equals("subscribe")) {
        return frame;
      }
      peer.send(Peer.frame("pong", ""));
    }
  }

  private void lifecycle(String state) {
    JsonObject wanted = new JsonObject();
    wanted.addProperty("state", state);
    control.send("Page.setWebLifecycleState", wanted);
  }

  private void offline(boolean isOffline) {
    JsonObject conditions = new JsonObject();
    conditions.addProperty("offline", isOffline);
    conditions.addProperty("latency", 0);
    conditions.addProperty("downloadThroughput", -1);
    conditions.addProperty("uploadThroughput", -1);
    control.send("Network.enable");
    control.send("Network.emulateNetworkConditions", conditions);
  }

  /** Comes back on a connection of its own, where it was. */
  private void resumed() throws Exception {
    Peer next = stage.server().accept().welcome();
    JsonNode subscribe = nextSubscribe(next);
    assertThat(subscribe.path("since").asString()).isEqualTo("e1.1");
    next.ack(
        subscribe,
        "'topic':'chat/a','position':'e1.3','recovered':true,'messages':["
            + Peer.event("e1.2", 2)
            + ","
            + Peer.event("e1.3", 3)
            + "]");
    stage.awaitLog("1", "2", "3");
    assertThat(stage.uncaught()).isEmpty();
    assertThat(stage.console()).isEmpty();
  }

  @Test
  void frozenPageGoesOnWhereItWasWhenItWakes() throws Exception {
    lifecycle("frozen");
    peer.drop(); // nobody answered the server's heartbeat
    lifecycle("active");
    resumed();
  }

  @Test
  void pageWithoutANetworkNoticesAndComesBackByItself() throws Exception {
    offline(true);
    Stage.awaitThat(() -> assertThat(stage.value("navigator.onLine")).isEqualTo(false));
    stage.awaitStatus("reconnecting"); // no pong comes
    offline(false);
    resumed();
  }
}
