package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.sync.DocumentOptions;
import dev.tidewire.sync.DocumentStore;
import dev.tidewire.sync.FieldMap;
import dev.tidewire.sync.FieldWrite;
import dev.tidewire.sync.HybridClock;
import dev.tidewire.sync.Stamp;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One document in this JVM: what is asked of it is done in turn, all that waits at once. A write is
 * first stored, then part of the document, then told on its channel, then acknowledged.
 *
 * <p>Other nodes may write to the same store and channel. What is in memory holds as long as the
 * channel stands where this node has left it; otherwise the document is read again, and as every
 * write is stored before it is told, that contains all that was told.
 *
 * <p>Safe for any thread: {@code waiting} and {@code running} are guarded by this; the rest belongs
 * to whoever is running.
 */
final class DocumentRoom {

  private static final Logger log = LoggerFactory.getLogger(DocumentRoom.class);
  private static final int MAX_WAITING = 10_000;
  private static final int MAX_BATCH = 100;
  private static final Broker.ReadLimit POSITION_ONLY = new Broker.ReadLimit(1, 1);

  /** What all rooms share. */
  record Shared(
      DocumentOptions options,
      Broker broker,
      Publisher publisher,
      Function<Told, Draft> encoding,
      HybridClock stamps,
      Clock clock,
      Executor executor) {}

  /** Writes to tell of. */
  record Told(String topic, List<FieldWrite> writes, @Nullable String userId) {}

  /** A document at one moment. */
  record View(Collection<FieldWrite> writes, @Nullable Stamp floor) {}

  /**
   * How an update ended.
   *
   * @param position where it was told, null if nothing of it counted
   * @param lost the fields of writes that came too late to count
   */
  record Written(@Nullable Position position, List<String> lost) {}

  /** A read has no writes; its answer is the view. */
  private record Task(
      @Nullable Supplier<List<FieldWrite>> writes,
      @Nullable String userId,
      CompletableFuture<View> read,
      CompletableFuture<Written> written) {

    void fail(Throwable why) {
      read.completeExceptionally(why);
      written.completeExceptionally(why);
    }
  }

  private record Accepted(Task task, List<FieldWrite> told, List<String> lost, Draft draft) {}

  private final String name;
  private final String topic;
  private final Shared shared;

  private final Deque<Task> waiting = new ArrayDeque<>();
  private boolean running;
  private long lastUsed;

  private @Nullable FieldMap map;
  private @Nullable Position applied;
  private final List<Draft> untold = new ArrayList<>();

  DocumentRoom(String name, String topic, Shared shared) {
    this.name = name;
    this.topic = topic;
    this.shared = shared;
  }

  /** Lets {@link #pump} read the document. */
  synchronized CompletionStage<View> read() {
    return enqueue(null, null).read();
  }

  /** Lets {@link #pump} write what the supplier gives then. */
  synchronized CompletionStage<Written> write(
      Supplier<List<FieldWrite>> writes, @Nullable String userId) {
    return enqueue(writes, userId).written();
  }

  private Task enqueue(@Nullable Supplier<List<FieldWrite>> writes, @Nullable String userId) {
    Task task = new Task(writes, userId, new CompletableFuture<>(), new CompletableFuture<>());
    lastUsed = shared.clock().millis();
    if (waiting.size() >= MAX_WAITING) {
      task.fail(new RealtimeException("too much waits for document " + name, null));
    } else {
      waiting.add(task);
    }
    return task;
  }

  /** Whether nothing has been asked of it since then and nothing is left to do. */
  synchronized boolean isIdleSince(long time) {
    return !running && waiting.isEmpty() && untold.isEmpty() && lastUsed <= time;
  }

  synchronized boolean owesNews() {
    return !running && waiting.isEmpty() && !untold.isEmpty();
  }

  /** Does what waits, unless somebody is at it; returns at once where a backend takes its time. */
  void pump() {
    List<Task> batch = new ArrayList<>();
    synchronized (this) {
      if (running || waiting.isEmpty()) {
        return;
      }
      running = true;
      while (!waiting.isEmpty() && batch.size() < MAX_BATCH) {
        batch.add(waiting.remove());
      }
    }
    tellAgain()
        .thenCompose(nothing -> refresh())
        .thenCompose(current -> carryOut(batch, current))
        .whenComplete((nothing, failure) -> ended(batch, failure));
  }

  private void ended(List<Task> batch, @Nullable Throwable failure) {
    if (failure != null) {
      map = null; // whether it was stored is not known: read again
      batch.forEach(task -> task.fail(Backend.cause(failure)));
    }
    List<Task> left = List.of();
    synchronized (this) {
      running = false;
      if (waiting.isEmpty()) {
        return;
      }
      try {
        shared.executor().execute(this::pump);
      } catch (RejectedExecutionException e) {
        left = List.copyOf(waiting);
        waiting.clear();
      }
    }
    left.forEach(task -> task.fail(new RealtimeException("the bus is closed", null)));
  }

  /** What was stored but could not be told is told first. */
  private CompletionStage<Void> tellAgain() {
    CompletionStage<Void> done = CompletableFuture.completedStage(null);
    for (Draft draft : List.copyOf(untold)) {
      done =
          done.thenCompose(nothing -> shared.publisher().append(draft))
              .thenAccept(
                  position -> {
                    untold.remove(draft);
                    advance(position);
                  });
    }
    return done;
  }

  private CompletionStage<FieldMap> refresh() {
    return Backend.call("the broker failed", () -> shared.broker().read(topic, null, POSITION_ONLY))
        .thenCompose(
            tail -> {
              FieldMap known = map;
              return known != null && tail.position().equals(applied)
                  ? CompletableFuture.completedStage(known)
                  : load(tail.position());
            });
  }

  private CompletionStage<FieldMap> load(Position position) {
    return Backend.call("the document store failed", () -> shared.options().store().load(name))
        .thenApply(
            (DocumentStore.Stored stored) -> {
              FieldMap loaded = new FieldMap(stored.writes(), stored.floor());
              stored.writes().forEach(write -> shared.stamps().observe(write.at()));
              map = loaded;
              applied = position;
              return loaded;
            });
  }

  private CompletionStage<Void> carryOut(List<Task> batch, FieldMap current) {
    FieldMap next = current;
    List<Accepted> accepted = new ArrayList<>();
    List<FieldWrite> changed = new ArrayList<>();
    for (Task task : batch) {
      if (task.writes() != null) {
        try {
          FieldMap trial = next.copy();
          Accepted update = accept(task, task.writes().get(), trial, next);
          accepted.add(update);
          changed.addAll(update.told());
          next = trial;
        } catch (RuntimeException e) {
          task.fail(e);
        }
      }
    }
    FieldMap result = next;
    if (changed.isEmpty()) {
      accepted.forEach(this::answer);
      answerReads(batch, result);
      return CompletableFuture.completedStage(null);
    }
    long oldest = shared.clock().millis() - shared.options().removalAge().toMillis();
    FieldMap.Purge purge = result.purge(shared.options().maxRemovals(), oldest);
    return Backend.call(
            "the document store failed", () -> shared.options().store().save(name, changed, purge))
        .thenCompose(
            saved -> {
              map = result;
              answerReads(batch, result);
              return tell(accepted);
            });
  }

  private Accepted accept(Task task, List<FieldWrite> writes, FieldMap trial, FieldMap before) {
    List<FieldWrite> told = new ArrayList<>();
    List<String> lost = new ArrayList<>();
    for (FieldWrite write : writes) {
      switch (trial.merge(write)) {
        case NEWER -> told.add(write);
        case SAME -> told.add(known(trial, write)); // perhaps it was stored and never told
        case OLDER, FORGOTTEN -> lost.add(write.field());
      }
    }
    int maxFields = shared.options().maxFields();
    int maxBytes = shared.options().maxBytes();
    if (trial.fields() > maxFields && trial.fields() > before.fields()) {
      throw new Rejection(
          ErrorCode.LIMIT_EXCEEDED, "a document has at most " + maxFields + " fields");
    }
    if (trial.bytes() > maxBytes && trial.bytes() > before.bytes()) {
      throw new Rejection(
          ErrorCode.LIMIT_EXCEEDED, "a document has at most " + maxBytes + " bytes");
    }
    Draft draft = shared.encoding().apply(new Told(topic, told, task.userId()));
    if (shared.publisher().isTooLarge(draft)) {
      throw new Rejection(ErrorCode.TOO_LARGE, "too much is written at once");
    }
    told.forEach(write -> shared.stamps().observe(write.at()));
    return new Accepted(task, told, lost, draft);
  }

  private static FieldWrite known(FieldMap map, FieldWrite write) {
    FieldWrite known = map.get(write.field());
    return known == null ? write : known;
  }

  private static void answerReads(List<Task> batch, FieldMap now) {
    View view = new View(List.copyOf(now.writes()), now.floor());
    batch.stream()
        .filter(task -> task.writes() == null)
        .forEach(task -> task.read().complete(view));
  }

  private void answer(Accepted update) {
    update.task().written().complete(new Written(null, update.lost()));
  }

  private CompletionStage<Void> tell(List<Accepted> updates) {
    CompletionStage<Void> done = CompletableFuture.completedStage(null);
    for (Accepted update : updates) {
      done =
          update.told().isEmpty()
              ? done.thenRun(() -> answer(update))
              : done.thenCompose(nothing -> tell(update));
    }
    return done;
  }

  /** Never fails: what cannot be told now is told later, and its writer tries again. */
  private CompletionStage<Void> tell(Accepted update) {
    return shared
        .publisher()
        .append(update.draft())
        .handle(
            (position, failure) -> {
              if (position == null) {
                log.atWarn()
                    .addKeyValue("document", name)
                    .setCause(failure)
                    .log("A change of document {} is stored and not told yet", name);
                untold.add(update.draft());
                update.task().fail(Backend.cause(failure));
              } else {
                advance(position);
                update.task().written().complete(new Written(position, update.lost()));
              }
              return null;
            });
  }

  /** Where something of others stands between, the document has to be read again. */
  private void advance(Position position) {
    Position before = applied;
    applied =
        before != null
                && before.epoch().equals(position.epoch())
                && before.offset() + 1 == position.offset()
            ? position
            : null;
  }
}
