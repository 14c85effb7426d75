package dev.tidewire.redis;

/** The same on the Redis or Valkey of this machine, which is newer than the one that is shipped. */
class RedisBrokerInstalledTest extends RedisBrokerTest {

  @Override
  RedisProcess start() {
    return RedisProcess.installed();
  }
}
