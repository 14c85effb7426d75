package dev.tidewire.presence;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.Member.Status;
import org.junit.jupiter.api.Test;

class MemoryPresenceTrackerTest extends PresenceTrackerContract {

  @Override
  protected PresenceTracker create() {
    return new MemoryPresenceTracker(clock);
  }

  @Test
  void aLongForgottenChannelGoesOnAboveEveryRevisionItHad() {
    for (int i = 0; i < 7; i++) {
      visit("t");
    }
    long before = await(tracker.state("t")).revision();
    assertThat(before).isEqualTo(14);
    for (int i = 0; i < 10_000; i++) {
      visit("other" + i);
    }

    await(tracker.track("t", "u", new Link("c", "{}", Status.ONLINE)));

    assertThat(await(tracker.state("t")).revision()).isGreaterThan(before);
    assertThat(await(tracker.state("quite new")).revision()).isGreaterThanOrEqualTo(before);
  }

  private void visit(String topic) {
    await(tracker.track(topic, "u", new Link("c", "{}", Status.ONLINE)));
    await(tracker.untrack(topic, "u", "c", PresenceDiff.Reason.LEFT));
  }
}
