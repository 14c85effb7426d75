package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.channel.RowChange;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.history.HistoryStore;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one entry of everything that is published: interceptors, size, history, then the broker. Safe
 * for any thread.
 */
final class Publisher {

  private static final Logger log = LoggerFactory.getLogger(Publisher.class);
  static final String UNKNOWN_CHANGE = "UNKNOWN_CHANGE";

  private final Broker broker;
  private final HistoryStore history;
  private final FrameCodec codec;
  private final List<PublishInterceptor> interceptors;
  private final ChannelSettings settings;
  private final Limits limits;
  private final Counters counters;
  private final Set<String> tables = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  Publisher(
      Broker broker,
      HistoryStore history,
      FrameCodec codec,
      ChannelSettings channelSettings,
      Realtime.Builder settings) {
    this.broker = broker;
    this.history = history;
    this.codec = codec;
    this.interceptors = List.copyOf(settings.interceptors);
    this.settings = channelSettings;
    this.limits = settings.limits;
    this.counters = settings.counters;
  }

  void registerTable(String topic) {
    tables.add(topic);
  }

  /**
   * Publishes an event. The stage completes when the broker has it and, if asked for, the history
   * too; fails with a {@link Rejection} that can be told to a client.
   */
  CompletionStage<Reply.Published> publish(PublishRequest request) {
    if (tables.contains(request.topic())) {
      throw new Rejection(
          ErrorCode.FORBIDDEN,
          "'" + request.topic() + "' is a table channel: only committed SQL is published there");
    }
    PublishRequest accepted = request;
    for (PublishInterceptor interceptor : interceptors) {
      accepted = Objects.requireNonNull(interceptor.intercept(accepted), "interceptor's answer");
    }
    PublishOptions options = accepted.options();
    Draft draft =
        codec.event(
            accepted.topic(),
            accepted.event(),
            accepted.json(),
            options.userId(),
            options.persist(),
            accepted.exceptSession());
    if (isTooLarge(draft)) {
      limits.met(Limit.PUBLICATION_BYTES);
      throw new Rejection(
          ErrorCode.TOO_LARGE, "a publication is at most " + limits.publicationBytes() + " bytes");
    }
    ChannelOptions channel = settings.of(draft.topic());
    CompletionStage<Appended> appended = append(draft, channel, scopedKey(accepted));
    return draft.persist()
        ? appended.thenCompose(done -> store(draft, channel, done))
        : appended.thenApply(done -> published(draft, channel, done));
  }

  /** Publishes an event of the application itself; fails with what keeps it from that. */
  CompletionStage<Position> publish(
      String topic, String event, String json, PublishOptions options) {
    PublishRequest request = new PublishRequest(codec, topic, event, json, options, null, null);
    try {
      return publish(request).thenApply(Reply.Published::position);
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  /**
   * Keys of two users must not meet: a stranger's key would swallow the publication. A guest has
   * another name after each reconnect, and its keys must still be known, so guests share a scope.
   */
  private static @Nullable String scopedKey(PublishRequest request) {
    String key = request.options().key();
    if (key == null) {
      return null;
    }
    Identity identity = request.identity();
    String user = request.options().userId();
    if (identity != null && identity.guest()) {
      return "guest " + key;
    }
    return user == null ? "server " + key : user.length() + " " + user + key;
  }

  private static Reply.Published published(Draft draft, ChannelOptions channel, Appended appended) {
    return new Reply.Published(
        draft.topic(),
        appended.position(),
        appended.timestamp(),
        appended.repeated(),
        SlowReading.of(channel).beforeOwn(appended.position()));
  }

  private CompletionStage<Reply.Published> store(
      Draft draft, ChannelOptions channel, Appended appended) {
    // Also for a repeat: perhaps the first attempt failed just here.
    HistoryMessage message =
        new HistoryMessage(
            appended.position(),
            draft.topic(),
            draft.userId(),
            draft.event(),
            draft.dataJson(),
            appended.timestamp());
    return Backend.call("the history failed", () -> history.append(message, channel.historyLimit()))
        .thenApply(stored -> published(draft, channel, appended));
  }

  /** Puts an earlier life of a table channel back in its place. */
  void restore(String topic, Position last, List<TableChannel.Past> newest) {
    long offset = last.offset() - newest.size();
    List<Publication> publications = new ArrayList<>(newest.size());
    for (TableChannel.Past past : newest) {
      RowChange change = past.change();
      Draft draft = change == null ? null : codec.change(change);
      if (draft == null || isTooLarge(draft)) {
        draft = codec.reset(topic, UNKNOWN_CHANGE);
      }
      publications.add(draft.at(new Position(last.epoch(), ++offset), past.timestamp()));
    }
    broker.restore(topic, last, publications, settings.of(topic));
  }

  /** Publishes a row change; one that is too large to tell becomes a reset. */
  CompletionStage<Position> publish(RowChange change, @Nullable String key) {
    Draft draft = codec.change(change);
    if (isTooLarge(draft)) {
      log.atWarn()
          .addKeyValue("channel", change.topic())
          .log(
              "A row change of {} is larger than {} bytes: subscribers are told to reload",
              change.topic(),
              limits.publicationBytes());
      return reset(change.topic(), key);
    }
    return append(draft, key);
  }

  CompletionStage<Position> reset(String topic, @Nullable String key) {
    counters.reset(Statistics.Reset.UNKNOWN_CHANGE);
    return append(codec.reset(topic, UNKNOWN_CHANGE), key);
  }

  /** Appends what is encoded already. */
  CompletionStage<Position> append(Draft draft) {
    return append(draft, null);
  }

  private CompletionStage<Position> append(Draft draft, @Nullable String key) {
    return append(draft, settings.of(draft.topic()), key).thenApply(Appended::position);
  }

  private CompletionStage<Appended> append(
      Draft draft, ChannelOptions channel, @Nullable String key) {
    if (closed) {
      return CompletableFuture.failedStage(new RealtimeException("the bus is closed", null));
    }
    counters.publishing();
    CompletionStage<Appended> done =
        Backend.call("the broker failed", () -> broker.append(draft, channel, key));
    done.whenComplete(this::count);
    return done;
  }

  private void count(@Nullable Appended appended, @Nullable Throwable failure) {
    if (appended == null) {
      counters.notPublished();
    } else {
      counters.published(appended.repeated());
    }
  }

  /** Publications that the broker has not answered yet. */
  long underWay() {
    return counters.underWay();
  }

  /** Publishes nothing from now on. */
  void close() {
    closed = true;
  }

  boolean isTooLarge(Draft draft) {
    return limits.publicationBytes() > 0 && draft.body().length > limits.publicationBytes();
  }

  boolean isTable(@Nullable String topic) {
    return topic != null && tables.contains(topic);
  }
}
