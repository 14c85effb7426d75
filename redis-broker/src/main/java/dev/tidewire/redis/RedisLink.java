package dev.tidewire.redis;

import dev.tidewire.RealtimeException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node's way to Redis: scripts out, messages in. Whenever something is wrong with it, both
 * connections are closed, everything that waits fails, and new ones are made, until that succeeds;
 * nothing is ever sent twice.
 *
 * <p>Safe for any thread. The listener is called by the threads of the connections, which must not
 * wait.
 */
final class RedisLink implements AutoCloseable {

  /** Hears what comes from Redis in the channels of one kind. */
  interface Listener {

    /** New connections stand, and hear again what was subscribed to. */
    void opened();

    /** What was subscribed to can not be heard any more, until the next {@link #opened}. */
    void lost();

    /** From here on all messages of the topic's channel come. */
    void subscribed(String topic);

    /** A message, in the order of the channel. */
    void message(String topic, byte[] payload);
  }

  private static final Logger log = LoggerFactory.getLogger(RedisLink.class);
  private static final Duration TICK = Duration.ofMillis(250);
  private static final Duration RETRY = Duration.ofMillis(500);

  /** Making connections takes its time on a machine that has just been started. */
  private static final Duration CONNECTING = Duration.ofSeconds(10);

  /** Once in so many check intervals it is asked whether the cluster has become another. */
  private static final int LOOKS = 10;

  private static final Duration CLOSING = Duration.ofSeconds(2);

  private final RedisOptions options;
  private final List<Script> scripts;
  private final Map<String, Listener> listeners = new LinkedHashMap<>(); // fixed by open()
  private final Set<String> channels = ConcurrentHashMap.newKeySet();
  private final RedisThreads threads;
  private final ClientResources resources;
  private final RedisServers servers;
  private final String pulseChannel;
  private final CompletableFuture<Void> firstOpened = new CompletableFuture<>();
  private volatile @Nullable RedisSession session;
  private volatile boolean closed;
  private volatile boolean wasLost;
  // Confined to the timer.
  private final AtomicLong attempts = new AtomicLong();
  private long lastTick = System.nanoTime();

  RedisLink(String uri, RedisOptions options, List<Script> scripts, RedisThreads threads) {
    List<RedisURI> addresses = RedisServers.addresses(uri); // before any thread is started
    this.options = options;
    this.scripts = scripts;
    this.threads = threads;
    this.pulseChannel = options.prefix() + ":pulse:" + UUID.randomUUID();
    resources =
        ClientResources.builder()
            .ioThreadPoolSize(2)
            .computationThreadPoolSize(2)
            .threadFactoryProvider(pool -> threads.factory("tidewire-redis-io-"))
            .build();
    servers =
        new RedisServers(addresses, RedisServers.isCluster(uri), options, CONNECTING, resources);
  }

  /** Before {@link #open}: who hears the channels of this kind, {@link RedisOptions#what}. */
  void hear(String what, Listener listener) {
    listeners.put(what, listener);
  }

  /**
   * Makes the first connections.
   *
   * @throws RealtimeException if that is not possible
   */
  void open() {
    threads.execute(this::connect);
    try {
      firstOpened.get(6 * CONNECTING.toMillis(), TimeUnit.MILLISECONDS);
      threads.every(TICK, this::tick);
      threads.every(options.checkInterval().multipliedBy(LOOKS), this::lookAgain);
    } catch (ExecutionException | TimeoutException e) {
      close();
      throw new RealtimeException(
          "Redis cannot be reached at " + servers,
          e instanceof ExecutionException ? e.getCause() : e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close();
      throw new RealtimeException("interrupted while connecting to Redis at " + servers, e);
    }
  }

  boolean isOpen() {
    return session != null;
  }

  /**
   * Carries out a script. Scripts of one thread are carried out in the order of the calls.
   *
   * @return its answer; fails if Redis cannot be reached or does not answer, and then the script
   *     may have been carried out. Completed by a connection's thread
   */
  CompletionStage<List<Object>> run(Script script, List<String> keys, byte[]... arguments) {
    RedisSession to = session;
    return to == null
        ? CompletableFuture.failedStage(new RealtimeException("Redis cannot be reached", null))
        : to.run(script, keys, arguments);
  }

  /** Begins to hear a channel, if Redis can be reached; else that is due at the next opening. */
  void subscribe(String channel) {
    channels.add(channel); // before the look at the session: whoever opens one looks here after it
    RedisSession to = session;
    if (to != null) {
      to.subscribe(channel);
    }
  }

  void unsubscribe(String channel) {
    channels.remove(channel);
    RedisSession to = session;
    if (to != null) {
      to.unsubscribe(channel);
    }
  }

  /** On the timer: makes a pair of connections, or tries again a little later. */
  private void connect() {
    if (closed || session != null) {
      return;
    }
    long attempt = attempts.incrementAndGet();
    RedisSession made = new RedisSession(options, scripts, pulseChannel, new Heard(), this::failed);
    CompletableFuture<RedisSession> opening = made.open(servers);
    threads.later(
        CONNECTING,
        () ->
            opening.completeExceptionally(
                new RealtimeException("no answer within " + CONNECTING, null)));
    var unused =
        opening.whenComplete(
            (opened, failure) -> threads.execute(() -> connected(attempt, made, failure)));
  }

  /** On the timer. */
  private void connected(long attempt, RedisSession made, @Nullable Throwable failure) {
    if (failure == null && !closed && attempt == attempts.get() && !made.isBroken()) {
      session = made;
      channels.forEach(made::subscribe);
      log.atInfo()
          .addKeyValue("redis", servers)
          .addKeyValue("sharded", made.isSharded())
          .log(wasLost ? "Redis is back" : "Redis is connected");
      wasLost = false;
      listeners.values().forEach(Listener::opened);
      firstOpened.complete(null);
      if (made.isBroken()) {
        failed(made, new RealtimeException("lost while opening", null));
      }
      return;
    }
    var unused = made.close(new RealtimeException("Redis cannot be reached", failure));
    if (failure != null) {
      if (!isNotReady(failure)) {
        firstOpened.completeExceptionally(failure);
      }
      log.atDebug().addKeyValue("redis", servers).setCause(failure).log("Redis cannot be reached");
    }
    threads.later(RETRY, this::connect);
  }

  /** With a password, the client hands out connections that refuse commands for a moment. */
  private static boolean isNotReady(Throwable failure) {
    return RedisSession.cause(failure).getClass().equals(RedisException.class);
  }

  /** On any thread: a session is of no use any more. */
  private void failed(RedisSession broken, Throwable why) {
    threads.execute(
        () -> {
          if (closed) {
            return; // and the connections with it
          }
          var unused = broken.close(new RealtimeException("the connection to Redis was lost", why));
          if (session == broken) {
            session = null;
            String reason = Objects.toString(why.getMessage(), "closed");
            log.atWarn()
                .addKeyValue("redis", servers)
                .addKeyValue("reason", reason)
                .log("Redis is lost: {}", reason);
            wasLost = true;
            listeners.values().forEach(Listener::lost);
            threads.later(RETRY, this::connect);
          }
        });
  }

  /** On the timer: a message comes back to its sender, or the connections are dead. */
  private void tick() {
    long now = System.nanoTime();
    boolean late = now - lastTick > 4 * TICK.toNanos(); // this JVM stood still, not Redis
    lastTick = now;
    RedisSession current = session;
    if (current != null) {
      current.pulse(now, late);
    }
  }

  /** On the timer. */
  private void lookAgain() {
    RedisSession current = session;
    if (current != null && options.shardedMessages()) {
      current.lookAgain(servers);
    }
  }

  /** Hands what comes to whom it concerns. */
  private final class Heard implements RedisSession.Listener {
    @Override
    public void subscribed(String channel) {
      Listener listener = listeners.get(RedisOptions.what(channel));
      if (listener != null) {
        listener.subscribed(options.topic(channel));
      }
    }

    @Override
    public void message(String channel, byte[] payload) {
      Listener listener = listeners.get(RedisOptions.what(channel));
      if (listener != null) {
        listener.message(options.topic(channel), payload);
      }
    }
  }

  /** Ends the connections and their threads; what waits fails. Takes a few seconds at most. */
  @Override
  public void close() {
    closed = true;
    RedisSession last = session;
    session = null;
    try {
      if (last != null) {
        last.close(new RealtimeException("the broker is closed", null))
            .get(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (ExecutionException | TimeoutException e) {
      log.atDebug()
          .addKeyValue("redis", servers)
          .setCause(e)
          .log("a connection is not closed in order");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      servers.close(CLOSING);
      resources
          .shutdown(0, CLOSING.toMillis(), TimeUnit.MILLISECONDS)
          .await(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
