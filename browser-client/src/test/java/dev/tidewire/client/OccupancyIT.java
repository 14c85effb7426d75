package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** How many there are, without who. */
class OccupancyIT {

  private static final String SHOW =
      "Promise.all(['occupancy', 'signals'].map(m => import('./realtime/' + m + '.js')))"
          + ".then(([{ occupancy }, { effect }]) => {"
          + " const n = occupancy(realtime, 'chat/a'); effect(() => note(String(n()))) })";

  @RegisterExtension final Stage stage = new Stage();

  private static Peer subscribed(Peer peer) throws Exception {
    JsonNode subscribe = peer.expect("subscribe");
    assertThat(subscribe.path("presence").asString()).isEqualTo("count");
    return peer.ack(subscribe, "'position':'e1.0'");
  }

  private static String count(int rev, int count) {
    return "{'id':'n%1$d','type':'presence_count','ts':'2026-01-02T03:04:05.678Z','topic':'chat/a','rev':%1$d,'count':%2$d}"
        .formatted(rev, count);
  }

  @Test
  void numberIsASignalThatFollowsTheServer() throws Exception {
    Peer peer = stage.connect();
    stage.run(SHOW);
    subscribed(peer).send(count(1, 1), count(2, 41), count(3, 41), count(4, 40));
    stage.awaitLog("undefined", "1", "41", "40");
  }

  @Test
  void afterAReconnectItIsAskedForAgain() throws Exception {
    Peer first = stage.connect("{ reconnectDelay: 1 }");
    stage.run(SHOW);
    subscribed(first).send(count(1, 7));
    stage.awaitLog("undefined", "7");

    first.settled(stage).drop();

    subscribed(stage.welcomed()).send(count(9, 3));
    stage.awaitLog("undefined", "7", "3");
  }
}
