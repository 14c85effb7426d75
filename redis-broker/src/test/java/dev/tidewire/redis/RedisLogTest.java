package dev.tidewire.redis;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.testing.LogLines;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What fails is logged under keys that are found again, without messages and passwords. */
class RedisLogTest {

  private static final String CANARY = "canary7f3a";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final RedisOptions QUICK =
      RedisOptions.DEFAULT.withCheckInterval(Duration.ofMillis(500));

  private final LogLines lines = new LogLines();
  private final RedisProcess redis = RedisProcess.create();
  private final List<String> heard = new CopyOnWriteArrayList<>();
  private final Connection link =
      new Connection() {
        @Override
        public void send(Frame frame, Completion completion) {
          heard.add(frame.text());
          completion.sent();
        }

        @Override
        public void close(int code, String reason) {}

        @Override
        public String remoteAddress() {
          return "";
        }
      };

  @AfterEach
  void stop() {
    lines.close();
    redis.close();
  }

  /** This Redis forgets it when it ends. */
  private void allow() {
    assertThat(redis.say("ACL SETUSER tide on >" + CANARY + " ~* &* +@all")).startsWith("+OK");
  }

  private void awaitLine(String text) {
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(lines.everything()).contains(text));
  }

  private void awaitHeard(String text) {
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(String.join("\n", heard)).contains(text));
  }

  private void rubbish(String what, String text) {
    redis.say("PUBLISH " + QUICK.name("t", what) + " \"" + text + "\"");
  }

  @Test
  void neitherRubbishNorAnOutageTellsWhatIsPublishedOrThePassword() {
    allow();
    String uri = redis.uri().replace("redis://", "redis://tide:" + CANARY + "@");
    try (Realtime realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .broker(RedisBroker.connect(uri, QUICK))
            .build()) {
      Session ada = realtime.connect(link, Identity.of("ada"));
      ada.receive("{'id':'s','type':'subscribe','topic':'t','presence':true}".replace('\'', '"'));
      awaitHeard("presence_state");
      await(realtime.channel("t").publish("e", CANARY));
      awaitHeard(CANARY);
      rubbish(StreamScripts.OUT, "e " + CANARY + " 1 0 1 x");
      awaitLine("A message of channel t cannot be read");
      rubbish(RoomScripts.OUT, CANARY);
      awaitLine("A message about who is in t cannot be read");

      redis.kill();
      awaitLine("Redis is lost");
      redis.start();
      awaitLine("WRONGPASS");
      allow();
      awaitLine("Redis is back");
      ada.closed(1000);
    }

    assertThat(lines.of("A message of channel t cannot be read"))
        .isEqualTo(Map.of("channel", "t", "reason", "java.lang.NumberFormatException"));
    assertThat(lines.of("A message about who is in t cannot be read"))
        .isEqualTo(Map.of("channel", "t", "reason", "tools.jackson.core.exc.StreamReadException"));
    assertThat(lines.of("Redis is lost")).containsOnlyKeys("redis", "reason");
    assertThat(lines.of("Redis is back"))
        .containsOnlyKeys("redis", "sharded")
        .hasEntrySatisfying("redis", at -> assertThat(at).contains("" + redis.port()));
    assertThat(lines.withoutKeys(Level.INFO)).isEmpty();
    assertThat(lines.everything()).doesNotContain(CANARY);
  }
}
