package dev.tidewire.redis;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.tidewire.RealtimeException;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.util.Arrays;
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
 * The connections for scripts and for messages, from their making to the first trouble. One server
 * answers in order, so a single message that is late tells that everything before it is; with a
 * cluster each command has its own time.
 *
 * <p>Safe for any thread, but for {@link #pulse}, which belongs to the timer.
 */
final class RedisSession {

  /** Hears the messages, on a connection's thread. */
  interface Listener {
    void subscribed(String channel);

    void message(String channel, byte[] payload);
  }

  private static final byte[] PUBLISH = "PUBLISH".getBytes(US_ASCII);
  private static final byte[] SPUBLISH = "SPUBLISH".getBytes(US_ASCII);

  private final RedisOptions options;
  private final List<Script> scripts;
  private final String pulseChannel;
  private final Listener listener;
  private final BiConsumer<RedisSession, Throwable> onBroken;
  private final Map<Long, CompletableFuture<?>> waiting = new ConcurrentHashMap<>();
  private final AtomicLong numbers = new AtomicLong();
  private final AtomicLong waitingBytes = new AtomicLong();
  private volatile RedisServers.@Nullable Commands commands;
  private volatile @Nullable StatefulConnection<String, byte[]> messageConnection;
  private volatile @Nullable RedisMessages messages;
  private volatile boolean isSharded;
  private volatile boolean broken;
  private volatile @Nullable Throwable closedBy;

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
              return load(made);
            })
        .thenCompose(loaded -> servers.isSharded(commands()))
        .thenCompose(
            sharded -> {
              isSharded = sharded;
              return servers.messages();
            })
        .thenCompose(
            connection -> {
              messageConnection = connection;
              kept(connection);
              RedisMessages made =
                  new RedisMessages(
                      commands(), connection, isSharded, options.timeout(), new Messages());
              messages = made;
              return made.open(pulseChannel);
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

  /** Not by the cluster's own command, which wants to reach failed masters, too. */
  private CompletionStage<Void> load(RedisServers.Commands made) {
    return made.masters()
        .thenCompose(
            masters ->
                CompletableFuture.allOf(
                    masters.stream()
                        .flatMap(
                            master ->
                                scripts.stream().map(script -> master.scriptLoad(script.source())))
                        .map(CompletionStage::toCompletableFuture)
                        .toArray(CompletableFuture<?>[]::new)));
  }

  static <T> CompletionStage<T> started(Supplier<CompletionStage<T>> step) {
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

  private RedisServers.Commands commands() {
    return Objects.requireNonNull(commands, "open() has not completed");
  }

  private RedisClusterAsyncCommands<String, byte[]> async() {
    return commands().async();
  }

  private void breakDown(Throwable why) {
    broken = true;
    onBroken.accept(this, why);
  }

  boolean isBroken() {
    return broken;
  }

  /** The last argument of each script is the command by which it publishes. */
  CompletionStage<List<Object>> run(Script script, List<String> keys, byte[]... given) {
    byte[][] arguments = Arrays.copyOf(given, given.length + 1);
    arguments[given.length] = isSharded ? SPUBLISH : PUBLISH;
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

  static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  void subscribe(String channel) {
    RedisMessages to = messages;
    if (to != null) {
      to.subscribe(channel);
    }
  }

  void unsubscribe(String channel) {
    RedisMessages to = messages;
    if (to != null) {
      to.unsubscribe(channel);
    }
  }

  /** As {@link RedisMessages#pulse}. */
  void pulse(long now, boolean late) {
    RedisMessages to = messages;
    if (to != null) {
      to.pulse(now, late);
    }
  }

  /** Breaks down if the cluster has become another, so that messages are to come otherwise. */
  void lookAgain(RedisServers servers) {
    started(servers::refresh)
        .thenCompose(known -> servers.isSharded(commands()))
        .whenComplete(
            (sharded, failure) -> {
              if (failure == null && sharded != isSharded) {
                breakDown(
                    new RealtimeException(
                        "the cluster's servers " + (sharded ? "now" : "no longer") + " all shard",
                        null));
              }
            });
  }

  boolean isSharded() {
    return isSharded;
  }

  /**
   * Closes the connections; everything that waits fails.
   *
   * @return completes when they are closed
   */
  CompletableFuture<Void> close(Throwable why) {
    if (closedBy != null) {
      return CompletableFuture.completedFuture(null);
    }
    closedBy = why;
    broken = true;
    RedisServers.Commands made = commands;
    CompletableFuture<Void> both =
        CompletableFuture.allOf(
            close(made == null ? null : made.connection()), close(messageConnection));
    waiting.values().forEach(answer -> answer.completeExceptionally(why));
    return both;
  }

  private static CompletableFuture<Void> close(
      @Nullable StatefulConnection<String, byte[]> connection) {
    return connection != null && connection.isOpen()
        ? connection.closeAsync()
        : CompletableFuture.completedFuture(null);
  }

  private final class Messages implements RedisMessages.Listener {
    @Override
    public void subscribed(String channel) {
      listener.subscribed(channel);
    }

    @Override
    public void message(String channel, byte[] payload) {
      listener.message(channel, payload);
    }

    @Override
    public void broken(Throwable why) {
      breakDown(why);
    }
  }
}
