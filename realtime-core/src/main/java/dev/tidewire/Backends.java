package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.MemoryBroker;
import dev.tidewire.history.MemoryHistoryStore;
import dev.tidewire.presence.MemoryPresenceTracker;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.FrameIds;
import java.time.Duration;

/** Where a bus keeps what, if nothing else is said: in this JVM. Stateless, safe for any thread. */
final class Backends {

  private static final int NODE_LENGTH = 6;
  private static final int EPOCH_LENGTH = 10;
  private static final Duration CHANNEL_IDLE = Duration.ofMinutes(10);

  private Backends() {}

  /** The encoding of this node's frames, whose ids no other node gives out. */
  static FrameCodec codec(Realtime.Builder settings, RandomIds ids) {
    return new FrameCodec(new FrameIds(ids.next(NODE_LENGTH)), settings.limits.framesPerMessage());
  }

  static Broker broker(Realtime.Builder settings, RandomIds ids) {
    return settings.broker != null
        ? settings.broker
        : new MemoryBroker(
            settings.clock,
            () -> ids.next(EPOCH_LENGTH),
            CHANNEL_IDLE,
            settings.limits.channels(),
            settings.limits.retainedBytes(),
            () -> settings.limits.met(Limit.RETAINED_BYTES));
  }

  static PresenceTracker presence(Realtime.Builder settings, Broker broker) {
    PresenceTracker shared = settings.presence == null ? broker.presence() : settings.presence;
    return shared == null ? new MemoryPresenceTracker(settings.clock) : shared;
  }

  static WatchedHistory history(Realtime.Builder settings) {
    return new WatchedHistory(
        settings.history != null ? settings.history : new MemoryHistoryStore(), settings.clock);
  }
}
