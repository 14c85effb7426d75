package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.Occupancy;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Push;
import dev.tidewire.transport.Frame;
import java.time.Clock;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This JVM's map from channel to subscribers. Hears the broker and the presence tracker, and cannot
 * tell which ones it has. Safe for any thread.
 */
final class Hub
    implements BrokerListener, PresenceListener, ChannelCount.Source, PresenceRun.Encoding {

  private static final Logger log = LoggerFactory.getLogger(Hub.class);

  private final ConcurrentHashMap<String, HubChannel> channels = new ConcurrentHashMap<>();
  private final ChannelRates rates = new ChannelRates();
  private final Queue<Runnable> later = new ConcurrentLinkedQueue<>();
  private final Broker broker;
  private final PresenceTracker presence;
  private final FrameCodec codec;
  private final ChannelSettings settings;
  private final Broker.ReadLimit recoveryLimit;
  private final Threads threads;
  private final Audiences audiences;
  private final Clock clock;
  private final Counters counters;

  Hub(
      Broker broker,
      PresenceTracker presence,
      FrameCodec codec,
      ChannelSettings channelSettings,
      Threads threads,
      Realtime.Builder settings) {
    this.broker = broker;
    this.presence = presence;
    this.codec = codec;
    this.settings = channelSettings;
    Limits limits = settings.limits;
    this.recoveryLimit = new Broker.ReadLimit(limits.recoveryMessages(), limits.recoveryBytes());
    this.threads = threads;
    this.audiences = new Audiences(threads.callbacks());
    this.clock = settings.clock;
    this.counters = settings.counters;
  }

  @Override
  public void onPublication(Publication publication) {
    HubChannel channel = channels.get(publication.topic());
    if (channel != null) {
      channel.enqueue(publication);
    }
  }

  /** What was lost is told in its place, as every reset, to every kind of subscriber. */
  @Override
  public void onLost(String topic, Tail.Outcome why, Position position) {
    HubChannel channel = channels.get(topic);
    if (channel != null) {
      counters.reset(Statistics.Reset.valueOf(why.name()));
      channel.lost(position);
      channel.enqueue(reset(topic, why, position));
    }
  }

  /** Tells a subscriber to load again, and that what follows comes after the position. */
  Publication reset(String topic, Tail.Outcome why, Position position) {
    return codec.reset(topic, why.name()).at(position, clock.millis());
  }

  @Override
  public void onDiff(PresenceDiff diff) {
    counters.presenceChanged();
    HubChannel channel = channels.get(diff.topic());
    if (channel != null) {
      channel.enqueue(diff);
    }
  }

  @Override
  public void onState(PresenceState state) {
    HubChannel channel = channels.get(state.topic());
    if (channel != null) {
      channel.enqueue(state);
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
  public Frame one(PresenceDiff diff) {
    return Frames.of(new Push.Presence(diff), codec, clock.millis());
  }

  @Override
  public Frame several(long from, long to, List<PresenceDiff> changes, String topic) {
    return Frames.of(new Push.PresenceChanges(topic, from, to, changes), codec, clock.millis());
  }

  /**
   * Adds a member, in place of {@code replaced} if that holds the channel already.
   *
   * <p>The order matters: first the place in the mailbox, then the read. A publication that the
   * read does not see stands behind that place, so the member gets it; one that the read does see
   * is filtered out by its offset. The read begins before this returns, so a command that follows
   * on the same session comes after the barrier.
   */
  void subscribe(String topic, Membership member, @Nullable Membership replaced) {
    HubChannel channel =
        channels.compute(
            topic,
            (t, known) -> {
              HubChannel held = known == null ? channel(t) : known;
              if (replaced == null) {
                hold(t, held, member);
              }
              return held;
            });
    member.joins(channel);
    channel.later(() -> channel.join(member, replaced));
    open(topic, channel, member, replaced);
  }

  private void open(
      String topic, HubChannel channel, Membership member, @Nullable Membership replaced) {
    read(topic, member.subscriber())
        .whenComplete(
            (tail, failure) -> {
              if (tail == null
                  && !member.subscriber().isLate()
                  && !(Backend.cause(failure) instanceof Rejection)) {
                log.atWarn()
                    .addKeyValue("channel", topic)
                    .setCause(failure)
                    .log("A subscriber of channel {} cannot start", topic);
              }
              Runnable start = () -> start(topic, channel, member, replaced, tail);
              member.inTurn(
                  channel,
                  () -> {
                    if (replaced == null) {
                      start.run();
                    } else {
                      replaced.whenStarted(start);
                    }
                  });
            });
  }

  /** Under the channel's map entry. */
  private void hold(String topic, HubChannel channel, Membership member) {
    if (channel.hold(1) == 1) {
      broker.subscribe(topic);
      presence.subscribe(topic);
    }
    if (member.subscriber().isClient() && channel.holdClient(1) == 1) {
      audience(topic, true);
    }
  }

  private void audience(String topic, boolean occupied) {
    ChannelOptions.Audience audience = settings.of(topic).audience();
    if (audience != null) {
      audiences.note(topic, audience, occupied);
    }
  }

  private HubChannel channel(String topic) {
    return new HubChannel(
        topic,
        SlowReading.of(settings.of(topic)),
        threads.delivery(),
        this,
        this,
        threads::after,
        counters);
  }

  private CompletionStage<Tail> read(String topic, Subscriber subscriber) {
    try {
      return subscriber.open(
          since ->
              Backend.call(
                  "channel " + topic + " cannot be read",
                  () -> broker.read(topic, since, recoveryLimit)));
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  /** In the drain. */
  private void start(
      String topic,
      HubChannel channel,
      Membership member,
      @Nullable Membership replaced,
      @Nullable Tail tail) {
    if (tail != null) {
      Runnable again =
          () -> {
            channel.later(member::holdAnew);
            open(topic, channel, member, replaced);
          };
      if (!member.subscriber().admits(tail, again)) {
        return; // what was read is not kept meanwhile
      }
      channel.classify(member, codec);
    }
    if (!member.start(tail == null ? null : channel.slowReading().of(tail), replaced)) {
      channel.remove(member);
    } else if (member.isPresent() && member.subscriber().wantsCount()) {
      channel.countFor(member);
    } else if (member.isPresent() && member.subscriber().wantsPresence()) {
      member.awaitPresence();
      Backend.call("presence of channel " + topic + " cannot be read", () -> presence.state(topic))
          .whenComplete(
              (state, failure) -> {
                if (state == null) {
                  log.atWarn()
                      .addKeyValue("channel", topic)
                      .setCause(failure)
                      .log("A subscriber of channel {} gets no presence", topic);
                }
                channel.later(() -> present(member, state));
              });
    }
  }

  @Override
  public CompletionStage<Occupancy> occupancy(String topic) {
    return Backend.call(
        "presence of channel " + topic + " cannot be read", () -> presence.occupancy(topic));
  }

  @Override
  public Frame count(Occupancy occupancy) {
    return Frames.of(new Push.Count(occupancy), codec, clock.millis());
  }

  /** In the drain. */
  private static void present(Membership member, @Nullable PresenceState state) {
    if (member.isPresent()) {
      member.present(state);
    }
  }

  /** Takes a member out, then runs {@code done}; nothing is delivered to it after that. */
  void unsubscribe(String topic, Membership member, Runnable done) {
    HubChannel channel = channels.get(topic);
    if (channel == null) {
      done.run();
      return;
    }
    channel.later(
        () -> {
          channel.remove(member);
          release(topic, member);
          member.whenStarted(done);
        });
  }

  private void release(String topic, Membership member) {
    channels.computeIfPresent(
        topic,
        (t, channel) -> {
          if (member.subscriber().isClient() && channel.holdClient(-1) == 0) {
            audience(t, false);
          }
          if (channel.hold(-1) > 0) {
            return channel;
          }
          broker.unsubscribe(t);
          presence.unsubscribe(t);
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
      channel.afterDelivery(task);
    }
  }

  /** Runs the task at the next {@link #housekeep}: what the broker refuses now is tried again. */
  void later(Runnable task) {
    later.add(task);
  }

  /** About once a second. */
  void housekeep() {
    for (int waiting = later.size(); waiting > 0; waiting--) { // those added meanwhile wait
      Runnable task = later.poll();
      if (task != null) {
        try {
          task.run();
        } catch (RuntimeException e) {
          log.atError().addKeyValue("part", "hub").setCause(e).log("A task of the hub failed");
        }
      }
    }
    broker.housekeep();
  }

  int channelCount() {
    return channels.size();
  }

  int subscriptionCount() {
    return channels.values().stream().mapToInt(HubChannel::memberCount).sum();
  }

  /** Goes through the channels as they come and go. */
  Stream<HubChannel> channels() {
    return channels.values().stream();
  }

  /** The channel, or null if nobody here subscribes to it. */
  @Nullable HubChannel find(String topic) {
    return channels.get(topic);
  }

  ChannelRates rates() {
    return rates;
  }
}
