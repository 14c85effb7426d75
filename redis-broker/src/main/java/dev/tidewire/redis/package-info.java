/**
 * The bus across several JVMs, on Redis or Valkey. Read {@link dev.tidewire.redis.RedisBroker}
 * first, then the scripts beside it: each is one atomic step of a stream or a room.
 */
@NullMarked
package dev.tidewire.redis;

import org.jspecify.annotations.NullMarked;
