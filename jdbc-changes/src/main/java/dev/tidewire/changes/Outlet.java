package dev.tidewire.changes;

import dev.tidewire.channel.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of committed changes to the sink, with what others ask about their place in the order.
 * Methods that return a stage are safe for any thread, the others for the publishing one.
 */
final class Outlet implements PublishedOrder {

  private static final int MAX_IN_FLIGHT = 1_024;

  private final Marks marks;
  private final CaptureCounters counters = new CaptureCounters();
  private final Semaphore inFlight = new Semaphore(MAX_IN_FLIGHT);

  /** Of those who read rows now; touched by the publishing thread alone. */
  private final List<Window> windows = new ArrayList<>();

  /**
   * @param marker has something run by the publishing thread behind all that is committed by now;
   *     false if that has stopped
   */
  Outlet(ChangeSink sink, Predicate<Runnable> marker) {
    marks = new Marks(sink, marker);
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
    return marks.set(
        opened -> {
          windows.add(window);
          opened.complete(true);
        });
  }

  @Override
  public CompletionStage<Position> close(Window window) {
    return marks.set(
        closed -> {
          windows.remove(window);
          String topic = window.table().topic();
          complete(closed, () -> marks.position(topic));
        });
  }

  @Override
  public CompletionStage<Map<String, Position>> positions(Set<CapturedTable> tables) {
    return marks.set(told -> complete(told, () -> marks.positions(tables)));
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
}
