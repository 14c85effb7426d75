package dev.tidewire.changes;

import dev.tidewire.channel.Position;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of committed changes to the sink, with what others ask about their place in the order.
 * Methods that return a stage are safe for any thread, the others for the publishing one.
 */
final class Outlet implements PublishedOrder {

  private static final int MAX_IN_FLIGHT = 1_024;
  private static final long POSITION_PATIENCE_SECONDS = 5;

  private final ChangeSink sink;
  private final Predicate<Runnable> marker;
  private final CaptureCounters counters = new CaptureCounters();
  private final Semaphore inFlight = new Semaphore(MAX_IN_FLIGHT);

  /** Of those who read rows now; touched by the publishing thread alone. */
  private final List<Window> windows = new ArrayList<>();

  /**
   * @param marker has something run by the publishing thread behind all that is committed by now;
   *     false if that has stopped
   */
  Outlet(ChangeSink sink, Predicate<Runnable> marker) {
    this.sink = sink;
    this.marker = marker;
  }

  CaptureCounters counters() {
    return counters;
  }

  /** What became of a call of the sink. */
  interface Done {
    /**
     * Tells of one call.
     *
     * @param position where it stands, as far as the sink tells, if there is no failure
     */
    void done(@Nullable Object position, @Nullable Throwable failure);
  }

  /** Calls the sink; {@code done} is called once, by whatever thread. */
  void send(Supplier<CompletionStage<?>> sending, Done done) throws InterruptedException {
    inFlight.acquire();
    try {
      sending
          .get()
          .whenComplete(
              (position, failure) -> {
                inFlight.release();
                done.done(position, failure);
              });
    } catch (RuntimeException e) {
      inFlight.release();
      done.done(null, e);
    }
  }

  /** Whether anybody wants to {@link #note} what is published. */
  boolean isWatched() {
    return !windows.isEmpty();
  }

  void note(Change change) {
    windows.forEach(window -> window.note(change));
  }

  /** Completes when what is committed by now is published. */
  @Override
  public CompletionStage<Boolean> open(Window window) {
    CompletableFuture<Boolean> opened = new CompletableFuture<>();
    mark(
        opened,
        () -> {
          windows.add(window);
          opened.complete(true);
        });
    return opened;
  }

  @Override
  public CompletionStage<Position> close(Window window) {
    CompletableFuture<Position> closed = new CompletableFuture<>();
    mark(
        closed,
        () -> {
          windows.remove(window);
          String topic = window.table().topic();
          complete(closed, () -> position(topic));
        });
    return closed;
  }

  @Override
  public CompletionStage<Map<String, Position>> positions(Set<CapturedTable> tables) {
    CompletableFuture<Map<String, Position>> told = new CompletableFuture<>();
    mark(
        told,
        () ->
            complete(
                told,
                () -> {
                  Map<String, Position> positions = new LinkedHashMap<>();
                  for (CapturedTable table : tables) {
                    positions.put(table.topic(), position(table.topic()));
                  }
                  return positions;
                }));
    return told;
  }

  private void mark(CompletableFuture<?> result, Runnable mark) {
    if (!marker.test(mark)) {
      result.completeExceptionally(new IllegalStateException("the capture is closed"));
    }
  }

  /** In the thread, with nothing under way: finds out something that must not fail the thread. */
  private <T> void complete(CompletableFuture<T> result, Callable<T> question) {
    try {
      inFlight.acquire(MAX_IN_FLIGHT);
      inFlight.release(MAX_IN_FLIGHT);
      result.complete(question.call());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      result.completeExceptionally(e);
    } catch (Exception e) {
      result.completeExceptionally(e);
    }
  }

  private Position position(String topic) throws Exception {
    return sink.position(topic)
        .toCompletableFuture()
        .get(POSITION_PATIENCE_SECONDS, TimeUnit.SECONDS);
  }
}
