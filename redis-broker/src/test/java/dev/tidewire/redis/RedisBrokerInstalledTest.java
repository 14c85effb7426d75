package dev.tidewire.redis;

import org.junit.jupiter.api.BeforeAll;

/** The same on the Redis or Valkey of this machine, which is newer than the one that is shipped. */
class RedisBrokerInstalledTest extends RedisBrokerTest {

  @BeforeAll
  static void startRedis() { // in the place of the one that it hides
    redis = RedisProcess.installed();
  }
}
