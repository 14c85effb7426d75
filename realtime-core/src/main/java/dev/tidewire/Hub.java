package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Push;
import dev.tidewire.transport.Frame;
import java.time.Clock;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * This JVM's map from channel to subscribers. Hears the broker and the presence tracker, and cannot
 * tell which ones it has. Safe for any thread.
 */
final class Hub implements BrokerListener, PresenceListener {

  private final ConcurrentHashMap<String, HubChannel> channels = new ConcurrentHashMap<>();
  private final Broker broker;
  private final PresenceTracker presence;
  private final FrameCodec codec;
  private final Broker.ReadLimit recoveryLimit;
  private final Executor executor;
  private final Clock clock;

  Hub(
      Broker broker,
      PresenceTracker presence,
      FrameCodec codec,
      Broker.ReadLimit recoveryLimit,
      Executor executor,
      Clock clock) {
    this.broker = broker;
    this.presence = presence;
    this.codec = codec;
    this.recoveryLimit = recoveryLimit;
    this.executor = executor;
    this.clock = clock;
  }

  Broker broker() {
    return broker;
  }

  PresenceTracker presence() {
    return presence;
  }

  Broker.ReadLimit recoveryLimit() {
    return recoveryLimit;
  }

  Frame encode(PresenceDiff diff) {
    return Frame.of(codec.encode(new Push.Presence(diff), clock.millis()));
  }

  @Override
  public void onPublication(Publication publication) {
    HubChannel channel = channels.get(publication.topic());
    if (channel != null) {
      channel.enqueue(publication);
    }
  }

  @Override
  public void onReady(String topic) {
    HubChannel channel = channels.get(topic);
    if (channel != null) {
      channel.ready();
    }
  }

  @Override
  public void onDiff(PresenceDiff diff) {
    HubChannel channel = channels.get(diff.topic());
    if (channel != null) {
      channel.enqueue(diff);
      channel.schedule(); // not here: the tracker's lock may be held
    }
  }

  /** Adds a subscriber, in place of {@code replaced} if that holds the channel already. */
  void subscribe(String topic, Subscriber subscriber, @Nullable Subscriber replaced) {
    HubChannel held =
        channels.compute(
            topic,
            (t, known) -> {
              HubChannel channel = known == null ? new HubChannel(t, this, executor) : known;
              if (replaced == null && channel.hold(1) == 1) {
                broker.subscribe(t);
              }
              return channel;
            });
    held.later(() -> held.join(subscriber, replaced));
  }

  /** Takes a subscriber out, then runs {@code done}; nothing is delivered to it after that. */
  void unsubscribe(String topic, Subscriber subscriber, Runnable done) {
    HubChannel channel = channels.get(topic);
    if (channel == null) {
      done.run();
      return;
    }
    channel.later(
        () -> {
          channel.remove(subscriber);
          release(topic);
          done.run();
        });
  }

  private void release(String topic) {
    channels.computeIfPresent(
        topic,
        (t, channel) -> {
          if (channel.hold(-1) > 0) {
            return channel;
          }
          broker.unsubscribe(t);
          return null;
        });
  }

  /**
   * Runs {@code task} when everything that was published to the channel before this call is
   * delivered: how a publisher gets its own copy before its acknowledgement.
   */
  void afterDelivery(String topic, Runnable task) {
    HubChannel channel = channels.get(topic);
    if (channel == null) {
      task.run();
    } else {
      channel.later(task);
    }
  }

  int channelCount() {
    return channels.size();
  }
}
