package dev.tidewire.redis;

import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.presence.PresenceTrackerContract;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;

class RedisPresenceTrackerTest extends PresenceTrackerContract {

  private static RedisProcess redis;
  private RedisBroker broker;

  /** One for all tests of the class. */
  RedisProcess start() {
    return RedisProcess.create();
  }

  @AfterAll
  static void stopRedis() {
    redis.close();
    redis = null;
  }

  @Override
  protected PresenceTracker create() {
    if (redis == null) {
      redis = start();
    }
    broker =
        RedisBroker.connect(
            redis.uri(),
            RedisOptions.DEFAULT.withPrefix(UUID.randomUUID().toString()).withClock(clock));
    return broker.presence();
  }

  @AfterEach
  void disconnect() {
    broker.close();
  }
}
