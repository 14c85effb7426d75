package dev.tidewire.redis;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerContract;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class RedisBrokerTest extends BrokerContract {

  static RedisProcess redis;

  @BeforeAll
  static void startRedis() {
    redis = RedisProcess.create();
  }

  @AfterAll
  static void stopRedis() {
    redis.close();
  }

  @Override
  protected Broker create() {
    return RedisBroker.connect(
        redis.uri(),
        RedisOptions.DEFAULT.withPrefix(UUID.randomUUID().toString()).withClock(clock));
  }
}
