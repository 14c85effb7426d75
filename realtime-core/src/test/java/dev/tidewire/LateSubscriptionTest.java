package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.WrappedBroker;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Java subscriptions that are made while the broker is away. */
class LateSubscriptionTest {

  private final ManualClock clock = new ManualClock();
  private final WrappedBroker broker = new WrappedBroker(clock);
  private final Realtime realtime =
      Realtime.builder().clock(clock).access(AccessPolicy.open()).broker(broker).build();
  private final Channel channel = realtime.channel("t");
  private final List<String> heard = new CopyOnWriteArrayList<>();

  @AfterEach
  void close() {
    broker.failWith(null);
    realtime.close();
  }

  private Subscription subscribe(String event) {
    return channel.on(event, message -> heard.add(message.event() + message.position().offset()));
  }

  @Test
  void itComesAliveWithAResetAndThenHearsEverythingInOrder() {
    await(channel.publish("e", 1));
    broker.failWith(new UnsupportedOperationException("away"));
    subscribe("*");
    subscribe("other");
    realtime.hub().housekeep(); // still away
    realtime.hub().housekeep();
    broker.failWith(null);
    await(channel.publish("e", 2)); // not heard: that is what the reset tells
    eventually().until(() -> heard.size() == 2);
    List<String> expected = new ArrayList<>(List.of("reset2", "reset2"));
    for (int i = 3; i < 50; i++) {
      await(channel.publish("e", i));
      expected.add("e" + i);
    }

    eventually().until(() -> heard.size() == expected.size());
    assertThat(heard).isEqualTo(expected);
  }

  @Test
  void itHearsWhatIsPublishedWhileItStarts() {
    broker.failWith(new UnsupportedOperationException("away"));
    subscribe("*");
    broker.failWith(null);
    broker.holdReads();
    eventually()
        .until(
            () -> {
              realtime.hub().housekeep();
              return broker.held() == 1;
            });
    await(channel.publish("e", 1));
    await(channel.publish("e", 2));
    broker.answerFirst();
    await(channel.publish("e", 3));

    eventually().until(() -> heard.size() == 4);
    assertThat(heard).containsExactly("reset0", "e1", "e2", "e3");
  }

  @Test
  void oneThatIsClosedWhileItWaitsLeavesNothingBehind() {
    broker.failWith(new UnsupportedOperationException("away"));
    Subscription closed = subscribe("*");
    realtime.hub().housekeep();
    closed.close();
    broker.failWith(null);
    realtime.hub().housekeep();
    realtime.hub().housekeep();
    await(channel.publish("e", 1));

    assertThat(heard).isEmpty();
    eventually().until(() -> realtime.hub().channelCount() == 0);
  }

  @Test
  void othersOnTheChannelAreNotDisturbed() {
    Client client = connect(realtime, "ada").subscribed("t");
    broker.failWith(new UnsupportedOperationException("away"));
    subscribe("*");
    realtime.hub().housekeep();
    broker.failWith(null);
    eventually().until(() -> heard.equals(List.of("reset0")));
    await(channel.publish("e", 1));

    eventually().until(() -> heard.size() == 2);
    assertThat(client.heard()).containsExactly("1");
    assertThat(client.told("reset")).isEmpty();
  }
}
