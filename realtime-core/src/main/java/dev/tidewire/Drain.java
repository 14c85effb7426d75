package dev.tidewire;

import dev.tidewire.sync.yjs.YjsRooms;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the clients of this node elsewhere before it is closed, in a wave each second, so that
 * those who take them over get them a few at a time. Safe for any thread.
 */
final class Drain {

  private static final Logger log = LoggerFactory.getLogger(Realtime.class);

  /** A wave's clients come back before the next is sent. */
  private static final Duration WAVE = Duration.ofSeconds(1);

  /** Where there is but one wave. */
  private static final Duration ONE_WAVE = Duration.ofSeconds(15);

  /** For what is under way, and for clients that do not take their leave; then they are cut. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Sessions sessions;
  private final Publisher publisher;
  private final Admission admission;
  private final @Nullable YjsRooms yjs;
  private final Clock clock;
  private final AtomicReference<@Nullable Plan> plan = new AtomicReference<>();
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  /** Who was there when it began, by kind, and until when they go. */
  private record Plan(long begunAt, Duration over, int sessions, int yjs) {
    int clients() {
      return sessions + yjs;
    }
  }

  Drain(
      Sessions sessions,
      Publisher publisher,
      Admission admission,
      @Nullable YjsRooms yjs,
      Clock clock) {
    this.sessions = sessions;
    this.publisher = publisher;
    this.admission = admission;
    this.yjs = yjs;
    this.clock = clock;
  }

  boolean isBegun() {
    return plan.get() != null;
  }

  CompletionStage<Void> begin(Duration over) {
    if (over.isNegative()) {
      throw new IllegalArgumentException("negative: " + over);
    }
    Plan made = new Plan(clock.millis(), over, sessions.count(), YjsPart.connections(yjs));
    if (plan.compareAndSet(null, made)) {
      admission.drain();
      log.atInfo()
          .addKeyValue("connections", made.clients())
          .addKeyValue("seconds", over.toSeconds())
          .log("Draining: {} connections within {}", made.clients(), over);
      if (made.clients() == 0 && publisher.underWay() == 0) {
        end(0);
      }
    }
    return done.minimalCompletionStage();
  }

  /** The next wave. Called about once a second, by one thread. */
  void tick() {
    Plan made = plan.get();
    if (made == null) {
      return;
    }
    long elapsed = clock.millis() - made.begunAt();
    long over = made.over().toMillis();
    boolean patient = elapsed < over + PATIENCE.toMillis();
    Duration spread = made.over().isZero() ? ONE_WAVE : WAVE;
    long rest = Math.max(0, over - elapsed);
    sessions.dismiss(share(made.sessions(), rest, over), spread, patient);
    YjsPart.dismiss(yjs, share(made.yjs(), rest, over));
    int left = sessions.count() + YjsPart.connections(yjs);
    boolean finished = left == 0 && publisher.underWay() == 0;
    if (finished || elapsed >= over + 2 * PATIENCE.toMillis()) {
      end(left);
    }
  }

  /** How many of these may stay for the rest of the time, rounded up: nobody goes early. */
  private static long share(long count, long rest, long over) {
    return over == 0 ? 0 : (count * rest + over - 1) / over;
  }

  private void end(int left) {
    if (done.complete(null)) {
      log.atInfo().addKeyValue("connections", left).log("Drained: {} connections left", left);
    }
  }

  /** The bus is closed: nobody need wait any longer. */
  void close() {
    done.complete(null);
  }
}
