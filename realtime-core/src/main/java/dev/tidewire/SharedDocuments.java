package dev.tidewire;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.broker.Broker;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.DocumentJson;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Reply;
import dev.tidewire.protocol.Topics;
import dev.tidewire.sync.DocumentOptions;
import dev.tidewire.sync.FieldWrite;
import dev.tidewire.sync.HybridClock;
import dev.tidewire.sync.MemoryDocumentStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The documents that pages and this server edit together. A document is a set of named fields; of
 * two writes of a field the later one counts. It lives on the channel {@code doc/<name>}: who may
 * subscribe to that may read it, who may publish to it may write.
 *
 * <p>Safe for any thread.
 */
public final class SharedDocuments {

  /** What the channels of documents begin with. */
  static final String TOPICS = "doc/";

  private static final int MAX_LOADED = 1_000;
  private static final Duration SHORTLY = Duration.ofSeconds(1);
  private static final int REPLICA_LENGTH = 12;

  private final Map<String, DocumentRoom> rooms = new ConcurrentHashMap<>();
  private final DocumentJson json = new DocumentJson();
  private final DocumentRoom.Shared shared;
  private final FrameCodec codec;
  private final AccessControl access;

  SharedDocuments(
      Realtime.Builder settings,
      Broker broker,
      Publisher publisher,
      FrameCodec codec,
      AccessControl access,
      RandomIds ids,
      Threads threads) {
    DocumentOptions chosen = settings.documents;
    this.codec = codec;
    this.access = access;
    this.shared =
        new DocumentRoom.Shared(
            chosen == null ? DocumentOptions.in(new MemoryDocumentStore()) : chosen,
            broker,
            publisher,
            told ->
                codec.event(
                    told.topic(),
                    DocumentJson.UPDATE,
                    json.update(told.writes()),
                    told.userId(),
                    false,
                    null),
            new HybridClock(ids.next(REPLICA_LENGTH), settings.clock::millis),
            settings.clock,
            threads.delivery());
  }

  /**
   * The document of this name; it need not exist yet. A light handle that holds nothing.
   *
   * @param name 1 to 251 characters of letters, digits and {@code / : . _ - @}
   * @throws IllegalArgumentException for any other name
   */
  public SharedDocument get(String name) {
    Topics.require(name);
    return new SharedDocument(this, name, Topics.require(TOPICS + name));
  }

  /** Number of documents in memory. */
  public int loadedCount() {
    return rooms.size();
  }

  FrameCodec codec() {
    return codec;
  }

  DocumentJson json() {
    return json;
  }

  HybridClock stamps() {
    return shared.stamps();
  }

  static boolean isDocument(String topic) {
    return topic.startsWith(TOPICS);
  }

  /** Asks something of a document and has it done; nothing is waited for. */
  <T> CompletionStage<T> ask(String name, Function<DocumentRoom, CompletionStage<T>> question) {
    AtomicReference<@Nullable CompletionStage<T>> answer = new AtomicReference<>();
    DocumentRoom room =
        rooms.compute(
            name,
            (key, known) -> {
              DocumentRoom there =
                  known == null ? new DocumentRoom(key, TOPICS + key, shared) : known;
              answer.set(question.apply(there));
              return there;
            });
    if (room != null) {
      room.pump();
    }
    return Objects.requireNonNull(answer.get());
  }

  /** Carries out a client's call; throws what is to be told as a failure. */
  CompletionStage<Reply> call(Identity who, Command.Call call) {
    DocumentJson.Request request = read(call.data());
    String name = request.name();
    String topic = TOPICS + name;
    if (name.isEmpty() || !Topics.isTopic(topic)) {
      throw new Rejection(
          ErrorCode.BAD_REQUEST, "a document's name is 1 to 251 letters, digits and / : . _ - @");
    }
    return switch (call.method()) {
      case DocumentJson.OPEN -> open(who, name, topic);
      case DocumentJson.UPDATE -> update(who, name, topic, request.writes());
      default -> throw new Rejection(ErrorCode.UNKNOWN_TOPIC, "no such method");
    };
  }

  private DocumentJson.Request read(String data) {
    try {
      return json.request(data);
    } catch (IllegalArgumentException e) {
      throw new Rejection(ErrorCode.BAD_REQUEST, "" + e.getMessage());
    }
  }

  private CompletionStage<Reply> open(Identity who, String name, String topic) {
    access.require(who, topic, Action.SUBSCRIBE);
    boolean writable = access.allows(who, topic, Action.PUBLISH);
    return ask(name, DocumentRoom::read)
        .thenApply(
            view ->
                new Reply.Answer(
                    json.opened(
                        view.writes(),
                        view.floor(),
                        writable,
                        shared.clock().millis(),
                        shared.options().maxDrift())));
  }

  private CompletionStage<Reply> update(
      Identity who, String name, String topic, List<FieldWrite> writes) {
    access.require(who, topic, Action.PUBLISH);
    long latest = shared.clock().millis() + shared.options().maxDrift().toMillis();
    for (FieldWrite write : writes) {
      if (write.at().time() > latest) {
        throw new Rejection(ErrorCode.CONFLICT, "the writer's clock is ahead of the server's");
      }
    }
    return ask(name, room -> room.write(() -> writes, who.userId()))
        .thenApply(written -> new Reply.Answer(json.updated(written.lost())));
  }

  /** Called about once a second: tells what is still to be told, and lets idle documents go. */
  void housekeep() {
    Duration idle = shared.options().idle();
    if (rooms.size() > MAX_LOADED && idle.compareTo(SHORTLY) > 0) {
      idle = SHORTLY;
    }
    long since = shared.clock().millis() - idle.toMillis();
    for (String name : List.copyOf(rooms.keySet())) {
      DocumentRoom left =
          rooms.computeIfPresent(name, (key, room) -> room.isIdleSince(since) ? null : room);
      if (left != null && left.owesNews()) {
        ask(name, DocumentRoom::read);
      }
    }
  }

  void close() {
    shared.options().store().close();
  }
}
