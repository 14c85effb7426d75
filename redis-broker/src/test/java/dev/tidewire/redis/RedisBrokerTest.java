package dev.tidewire.redis;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerContract;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;

class RedisBrokerTest extends BrokerContract {

  private static RedisProcess redis;

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
  protected Broker create() {
    if (redis == null) {
      redis = start();
    }
    return RedisBroker.connect(
        redis.uri(),
        RedisOptions.DEFAULT.withPrefix(UUID.randomUUID().toString()).withClock(clock));
  }
}
