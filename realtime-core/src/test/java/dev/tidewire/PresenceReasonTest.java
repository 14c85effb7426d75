package dev.tidewire;

import static dev.tidewire.Client.connect;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.testing.ManualClock;
import java.time.Duration;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Why a member left, on every way to leave. */
class PresenceReasonTest {

  private final ManualClock clock = new ManualClock();
  private final Realtime realtime =
      Realtime.builder()
          .clock(clock)
          .access(AccessPolicy.open())
          .tokens(
              token ->
                  token.startsWith("ada")
                      ? Identity.of("ada").until(clock.instant().plusSeconds(60))
                      : null)
          .heartbeat(Duration.ofSeconds(2), Duration.ofSeconds(1))
          .build();
  private Client watcher;

  @BeforeEach
  void watch() {
    watcher = connect(realtime, "watcher");
    watcher.acked("'type':'subscribe','topic':'t','presence':true");
  }

  @AfterEach
  void close() {
    realtime.close();
  }

  private Client ada() {
    Client ada = connect(realtime, Identity.of("ada").until(clock.instant().plusSeconds(60)));
    ada.acked("'type':'track','topic':'t'");
    return ada;
  }

  private String reasonAfter(Consumer<Client> what) {
    what.accept(ada());
    return watcher.told("presence", 2).get(1).get("reason").asString();
  }

  /** Time goes by for those who are silent. */
  private void pass(Duration step) {
    Client.eventually()
        .until(
            () -> {
              clock.advance(step);
              watcher.say("{'type':'ping'}");
              return watcher.told("presence").size() >= 2;
            });
  }

  @Test
  void whoUntracksHasLeft() {
    assertThat(reasonAfter(ada -> ada.acked("'type':'untrack','topic':'t'"))).isEqualTo("left");
  }

  @Test
  void whoClosesHasLeft() {
    assertThat(reasonAfter(ada -> ada.connection().drop(1001))).isEqualTo("left");
  }

  @Test
  void whoseConnectionBreaksTimesOut() {
    assertThat(reasonAfter(ada -> ada.connection().drop(1006))).isEqualTo("timeout");
  }

  @Test
  void whoFallsSilentTimesOut() {
    assertThat(reasonAfter(ada -> pass(Duration.ofMillis(15)))).isEqualTo("timeout");
  }

  @Test
  void whoIsRevokedWasLoggedOut() {
    assertThat(reasonAfter(ada -> realtime.revoke(who -> who.userId().equals("ada"))))
        .isEqualTo("logout");
  }

  @Test
  void whoseTokenExpiresWasLoggedOut() {
    assertThat(
            reasonAfter(
                ada ->
                    Client.eventually()
                        .until(
                            () -> {
                              clock.advance(Duration.ofSeconds(1));
                              watcher.say("{'type':'ping'}");
                              ada.say("{'type':'ping'}");
                              return ada.isClosed();
                            })))
        .isEqualTo("logout");
  }

  @Test
  void whoseNewTokenIsRefusedWasLoggedOut() {
    assertThat(reasonAfter(ada -> ada.say("{'type':'auth','token':'stolen'}"))).isEqualTo("logout");
  }
}
