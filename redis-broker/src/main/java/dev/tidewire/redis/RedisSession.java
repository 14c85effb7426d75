package dev.tidewire.redis;

import dev.tidewire.RealtimeException;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One pair of connections, for scripts and for messages, from their making to the first trouble.
 * One server answers in order, so a single message that is late tells that everything before it is;
 * with a cluster each command has its own time.
 *
 * <p>Safe for any thread, but for {@link #pulse}, which belongs to the timer.
 */
final class RedisSession {

  /** Hears the messages, on a connection's thread. */
  interface Listener {
    void subscribed(String channel);

    void message(String channel, byte[] payload);
  }

  private final RedisOptions options;
  private final List<Script> scripts;
  private final String pulseChannel;
  private final Listener listener;
  private final BiConsumer<RedisSession, Throwable> onBroken;
  private final Map<Long, CompletableFuture<?>> waiting = new ConcurrentHashMap<>();
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicLong waitingBytes = new AtomicLong();
  private volatile RedisServers.@Nullable Commands commands;
  private volatile @Nullable StatefulRedisPubSubConnection<String, byte[]> messages;
  private volatile boolean broken;
  private volatile @Nullable Throwable closedBy;

  /** When the pulse was sent that has not come back, zero if there is none. */
  private volatile long pulseSent;

  RedisSession(
      RedisOptions options,
      List<Script> scripts,
      String pulseChannel,
      Listener listener,
      BiConsumer<RedisSession, Throwable> onBroken) {
    this.options = options;
    this.scripts = scripts;
    this.pulseChannel = pulseChannel;
    this.listener = listener;
    this.onBroken = onBroken;
  }

  /** Connects, loads the scripts, and completes when the own channel is heard. */
  CompletableFuture<RedisSession> open(RedisServers servers) {
    CompletableFuture<RedisSession> opened = new CompletableFuture<>();
    started(servers::commands)
        .thenCompose(
            made -> {
              commands = made;
              kept(made.connection());
              return started(servers::messages);
            })
        .thenCompose(
            connection -> {
              messages = connection;
              kept(connection);
              connection.addListener(new Messages());
              CompletableFuture<?>[] steps = new CompletableFuture<?>[scripts.size() + 1];
              for (int i = 0; i < scripts.size(); i++) {
                steps[i] = async().scriptLoad(scripts.get(i).source()).toCompletableFuture();
              }
              steps[scripts.size()] =
                  connection.async().subscribe(pulseChannel).toCompletableFuture();
              return CompletableFuture.allOf(steps);
            })
        .whenComplete(
            (done, failure) -> {
              if (failure == null) {
                opened.complete(this);
              } else {
                opened.completeExceptionally(failure);
              }
            });
    return opened;
  }

  private static <T> CompletionStage<T> started(Supplier<CompletionStage<T>> step) {
    try {
      return step.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  private void kept(StatefulConnection<String, byte[]> connection) {
    connection.addListener(
        new RedisConnectionStateListener() {
          @Override
          public void onRedisDisconnected(RedisChannelHandler<?, ?> gone) {
            breakDown(new RealtimeException("disconnected", null));
          }
        });
    if (closedBy != null) {
      var unused = connection.closeAsync();
    }
  }

  private RedisClusterAsyncCommands<String, byte[]> async() {
    return Objects.requireNonNull(commands, "open() has not completed").async();
  }

  private void breakDown(Throwable why) {
    broken = true;
    onBroken.accept(this, why);
  }

  boolean isBroken() {
    return broken;
  }

  CompletionStage<List<Object>> run(Script script, List<String> keys, byte[]... arguments) {
    long bytes = 64;
    for (byte[] argument : arguments) {
      bytes += argument.length;
    }
    if (waitingBytes.addAndGet(bytes) > options.maxWaitingBytes()) {
      waitingBytes.addAndGet(-bytes);
      return CompletableFuture.failedStage(
          new RealtimeException(
              "more than " + options.maxWaitingBytes() + " bytes wait for Redis", null));
    }
    long counted = bytes;
    CompletableFuture<List<Object>> answer = new CompletableFuture<>();
    long number = numbers.incrementAndGet();
    waiting.put(number, answer);
    String[] names = keys.toArray(String[]::new);
    CompletionStage<List<Object>> sent =
        started(
                () ->
                    async()
                        .<List<Object>>evalsha(
                            script.sha(), ScriptOutputType.MULTI, names, arguments))
            .exceptionallyCompose(
                failure ->
                    cause(failure) instanceof RedisNoScriptException // somebody flushed them
                        ? started(
                            () ->
                                async()
                                    .eval(
                                        script.source(), ScriptOutputType.MULTI, names, arguments))
                        : CompletableFuture.failedStage(failure));
    sent.whenComplete(
        (list, failure) -> {
          waiting.remove(number);
          waitingBytes.addAndGet(-counted);
          if (failure == null) {
            answer.complete(list);
          } else {
            answer.completeExceptionally(cause(failure));
            if (!(cause(failure) instanceof RedisCommandExecutionException)) {
              breakDown(cause(failure)); // no server said so: in a cluster nobody else may notice
            }
          }
        });
    Throwable gone = closedBy;
    if (gone != null) {
      answer.completeExceptionally(gone);
    }
    return answer;
  }

  private static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  void subscribe(String channel) {
    tried(connection -> connection.async().subscribe(channel));
  }

  void unsubscribe(String channel) {
    tried(connection -> connection.async().unsubscribe(channel));
  }

  private interface Order {
    RedisFuture<Void> to(StatefulRedisPubSubConnection<String, byte[]> connection);
  }

  private void tried(Order order) {
    StatefulRedisPubSubConnection<String, byte[]> connection = messages;
    if (connection == null) {
      return;
    }
    started(() -> order.to(connection))
        .whenComplete(
            (done, failure) -> {
              if (failure != null) {
                breakDown(failure);
              }
            });
  }

  /**
   * Sends a message to itself, or finds that the last one has not come back in time.
   *
   * @param late whether this JVM stood still, so that nothing can be said about Redis
   */
  void pulse(long now, boolean late) {
    long sent = pulseSent;
    if (sent == 0 || late) {
      pulseSent = now == 0 ? 1 : now;
      started(() -> async().publish(pulseChannel, new byte[0]))
          .whenComplete(
              (receivers, failure) -> {
                if (failure != null) {
                  breakDown(failure);
                }
              });
    } else if (now - sent > options.timeout().toNanos()) {
      breakDown(new RealtimeException("no answer within " + options.timeout(), null));
    }
  }

  /** Closes both connections; everything that waits fails. */
  void close(Throwable why) {
    if (closedBy != null) {
      return;
    }
    closedBy = why;
    broken = true;
    RedisServers.Commands made = commands;
    close(made == null ? null : made.connection());
    close(messages);
    waiting.values().forEach(answer -> answer.completeExceptionally(why));
  }

  private static void close(@Nullable StatefulConnection<String, byte[]> connection) {
    if (connection != null && connection.isOpen()) {
      var unused = connection.closeAsync();
    }
  }

  /** What comes on the second connection. */
  private final class Messages extends RedisPubSubAdapter<String, byte[]> {
    @Override
    public void message(String channel, byte[] payload) {
      if (channel.equals(pulseChannel)) {
        pulseSent = 0;
      } else {
        listener.message(channel, payload);
      }
    }

    @Override
    public void subscribed(String channel, long count) {
      if (!channel.equals(pulseChannel)) {
        listener.subscribed(channel);
      }
    }
  }
}
