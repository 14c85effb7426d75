package dev.tidewire;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.history.HistoryQuery;
import dev.tidewire.history.HistoryStore;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.DocumentJson;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Reply;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out the commands that need an identity but no live connection, the same for a frame and
 * for an HTTP request, and turns every way to fail into an answer. Safe for any thread.
 */
final class Requests {

  private static final Logger log = LoggerFactory.getLogger(Requests.class);
  private static final int DEFAULT_PAGE = 50;
  private static final int CORRELATION_LENGTH = 8;

  private final AccessControl access;
  private final Admission admission;
  private final Publisher publisher;
  private final HistoryStore history;
  private final PresenceTracker presence;
  private final FrameCodec codec;
  private final Limits limits;
  private final RandomIds ids;
  private final SharedDocuments documents;
  private final Sparing unavailable = new Sparing();
  private final Map<String, CallHandler> handlers = new ConcurrentHashMap<>();

  Requests(
      AccessControl access,
      Admission admission,
      Publisher publisher,
      HistoryStore history,
      PresenceTracker presence,
      FrameCodec codec,
      Limits limits,
      RandomIds ids,
      SharedDocuments documents) {
    this.access = access;
    this.admission = admission;
    this.publisher = publisher;
    this.history = history;
    this.presence = presence;
    this.codec = codec;
    this.limits = limits;
    this.ids = ids;
    this.documents = documents;
  }

  Subscription onCall(String method, CallHandler handler) {
    if (method.startsWith(DocumentJson.RESERVED)) {
      throw new IllegalArgumentException("'" + method + "' is a method of the bus");
    }
    if (handlers.putIfAbsent(method, handler) != null) {
      throw new IllegalStateException("'" + method + "' has a handler already");
    }
    return () -> handlers.remove(method, handler);
  }

  boolean isTable(String topic) {
    return publisher.isTable(topic);
  }

  /** Carries out the command; the stage never fails, a failure is a reply. */
  CompletionStage<Reply> execute(Identity who, Command command, @Nullable String session) {
    try {
      return start(who, command, session)
          .handle((reply, failure) -> failure == null ? reply : refusal(failure, command));
    } catch (Throwable e) { // an error in the application's code is an answer too
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      return CompletableFuture.completedFuture(refusal(e, command));
    }
  }

  private CompletionStage<? extends Reply> start(
      Identity who, Command command, @Nullable String session) throws Exception {
    if (command instanceof Command.Publish publish) {
      return publish(who, publish, session);
    }
    if (command instanceof Command.History page) {
      return history(who, page);
    }
    if (command instanceof Command.Members members) {
      access.require(who, members.topic(), Action.PRESENCE_READ);
      return Backend.call("the presence tracker failed", () -> presence.state(members.topic()))
          .thenApply(state -> new Reply.MemberList(state, limits.members()));
    }
    if (command instanceof Command.Count count) {
      access.requireCount(who, count.topic());
      return Backend.call("the presence tracker failed", () -> presence.occupancy(count.topic()))
          .thenApply(Reply.MemberCount::new);
    }
    if (command instanceof Command.Call call) {
      if (call.method().startsWith(DocumentJson.RESERVED)) {
        if (call.method().equals(DocumentJson.UPDATE)) {
          admission.publish(who);
        }
        return documents.call(who, call);
      }
      return call(who, call);
    }
    throw new Rejection(ErrorCode.BAD_REQUEST, "this needs a live connection");
  }

  private CompletionStage<Reply.Published> publish(
      Identity who, Command.Publish publish, @Nullable String session) {
    if (publisher.isTable(publish.topic())) {
      throw new Rejection(
          ErrorCode.FORBIDDEN, "'" + publish.topic() + "' is a table channel: write SQL instead");
    }
    admission.publish(who);
    access.require(who, publish.topic(), Action.PUBLISH);
    if (SharedDocuments.isDocument(publish.topic())) {
      throw new Rejection(
          ErrorCode.FORBIDDEN, "'" + publish.topic() + "' is a document: write its fields instead");
    }
    admission.channel(publish.topic());
    return publisher.publish(
        new PublishRequest(
            codec,
            publish.topic(),
            publish.event(),
            publish.data(),
            new PublishOptions(publish.persist(), publish.key(), who.userId()),
            who,
            publish.echo() ? null : session));
  }

  private CompletionStage<Reply> history(Identity who, Command.History page) {
    long limit = page.limit() == null ? DEFAULT_PAGE : page.limit();
    if (limit < 1) {
      throw new Rejection(ErrorCode.BAD_REQUEST, "'limit' is 1 or more");
    }
    if (limit > limits.historyPage()) {
      limits.met(Limit.HISTORY_PAGE);
      throw new Rejection(ErrorCode.LIMIT_EXCEEDED, "'limit' is at most " + limits.historyPage());
    }
    access.require(who, page.topic(), Action.HISTORY);
    HistoryQuery query =
        new HistoryQuery(page.topic(), (int) limit, page.before(), page.beforeTime());
    return Backend.call("the history failed", () -> history.page(query))
        .thenApply(messages -> new Reply.HistoryPage(page.topic(), messages));
  }

  private CompletionStage<Reply> call(Identity who, Command.Call call) throws Exception {
    access.require(who, call.method(), Action.CALL);
    CallHandler handler = handlers.get(call.method());
    if (handler == null) {
      throw new Rejection(ErrorCode.UNKNOWN_TOPIC, "no such method");
    }
    Object answer = handler.handle(new CallRequest(codec, who, call.method(), call.data()));
    CompletionStage<?> later =
        answer instanceof CompletionStage<?> stage
            ? stage
            : CompletableFuture.completedFuture(answer);
    return later.thenApply(value -> new Reply.Answer(codec.toJson(value)));
  }

  /** What the client is told: a rejection as it is, anything else without its details. */
  Reply.Failure refusal(Throwable failure, Command command) {
    Throwable cause = Backend.cause(failure);
    if (cause instanceof Rejection rejection) {
      return rejection.toReply();
    }
    String what = command.getClass().getSimpleName();
    if (cause instanceof RealtimeException) {
      away(what, cause);
      return Reply.Failure.of(
          ErrorCode.UNAVAILABLE, "what this needs cannot be reached now: try again later");
    }
    String correlation = ids.next(CORRELATION_LENGTH);
    log.atError()
        .addKeyValue("correlation", correlation)
        .setCause(cause)
        .log("{} failed [{}]", what, correlation);
    return Reply.Failure.of(
        ErrorCode.INTERNAL, "the server failed; its log has the cause under " + correlation);
  }

  /** While a backend is away this is every command's end. */
  private void away(String what, Throwable cause) {
    long more = unavailable.ask(System.currentTimeMillis());
    if (more >= 0) {
      log.atWarn()
          .addKeyValue("more", more)
          .setCause(cause)
          .log("{} was refused, as {} before: {}", what, more, cause.getMessage());
    }
  }
}
