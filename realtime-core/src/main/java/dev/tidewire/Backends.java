package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.MemoryBroker;
import dev.tidewire.history.MemoryHistoryStore;
import dev.tidewire.presence.MemoryPresenceTracker;
import dev.tidewire.presence.PresenceTracker;
import java.time.Duration;

/** Where a bus keeps what, if nothing else is said: in this JVM. Stateless, safe for any thread. */
final class Backends {

  private static final int EPOCH_LENGTH = 10;
  private static final Duration CHANNEL_IDLE = Duration.ofMinutes(10);

  private Backends() {}

  static Broker broker(Realtime.Builder settings, RandomIds ids) {
    return settings.broker != null
        ? settings.broker
        : new MemoryBroker(
            settings.clock, () -> ids.next(EPOCH_LENGTH), CHANNEL_IDLE, settings.limits.channels());
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
