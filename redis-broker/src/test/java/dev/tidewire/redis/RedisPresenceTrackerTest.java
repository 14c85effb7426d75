package dev.tidewire.redis;

import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.presence.PresenceTrackerContract;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

class RedisPresenceTrackerTest extends PresenceTrackerContract {

  static RedisProcess redis;
  private RedisBroker broker;

  @BeforeAll
  static void startRedis() {
    redis = RedisProcess.create();
  }

  @AfterAll
  static void stopRedis() {
    redis.close();
  }

  @Override
  protected PresenceTracker create() {
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
