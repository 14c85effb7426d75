package dev.tidewire.redis;

/** The same on the Redis or Valkey of this machine, which is newer than the one that is shipped. */
class RedisPresenceTrackerInstalledTest extends RedisPresenceTrackerTest {

  @Override
  RedisProcess start() {
    return RedisProcess.installed();
  }
}
