package dev.tidewire.changes;

import dev.tidewire.changes.CommitSequencer.Commit;
import dev.tidewire.channel.RowChange;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes committed transactions in order and publishes their changes, on a thread of its own. A
 * change that the sink refuses is made up for by a reset of its channel, tried again until it goes
 * through; the application's transaction never notices.
 *
 * <p>Safe for any thread.
 */
final class ChangePublisher implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ChangePublisher.class);
  private static final Duration IDLE = Duration.ofSeconds(1);
  private static final Duration DRAIN = Duration.ofSeconds(10);

  private final CommitSequencer sequencer;
  private final ChangeSink sink;
  private final String name;
  private final Set<String> failed = ConcurrentHashMap.newKeySet();

  /** Topics whose failure is in the log already. */
  private final Set<String> silenced = ConcurrentHashMap.newKeySet();

  private final Outlet outlet;
  private final Thread thread;
  private volatile boolean closing;

  /**
   * @param name what the identifiers of this publisher's transactions begin with
   */
  ChangePublisher(CommitSequencer sequencer, ChangeSink sink, String name) {
    this.sequencer = sequencer;
    this.sink = sink;
    this.name = name;
    outlet = new Outlet(sink, sequencer::mark);
    thread = new Thread(this::run, "tidewire-changes");
    thread.setDaemon(true);
    thread.start();
  }

  Outlet outlet() {
    return outlet;
  }

  private void run() {
    try {
      while (true) {
        boolean last = closing;
        Commit commit = sequencer.take(IDLE);
        resetFailed();
        if (commit != null) {
          publish(commit);
          if (commit.mark() != null) {
            commit.mark().run();
          }
        } else if (last) {
          return;
        }
      }
    } catch (InterruptedException e) {
      log.atWarn()
          .addKeyValue("part", "capture")
          .log("Stopped while changes were waiting; their subscribers were not told");
    } finally {
      sequencer.stop();
    }
  }

  private void publish(Commit commit) throws InterruptedException {
    String transaction = name + '-' + Long.toString(commit.number(), Character.MAX_RADIX);
    int left = commit.changes().size();
    for (Change change : commit.changes()) {
      String topic = change.table().topic();
      Runnable then = --left > 0 ? () -> {} : () -> took(commit);
      outlet.note(change);
      var operation = change.operation();
      if (operation == null) {
        reset(topic, then);
      } else if (!failed.contains(topic)) {
        Actor actor = change.actor();
        RowChange row =
            new RowChange(
                topic,
                operation,
                change.row(),
                change.old(),
                actor.userId(),
                transaction,
                actor.cause());
        publish(row, then);
      }
    }
  }

  private void resetFailed() throws InterruptedException {
    if (failed.isEmpty()) {
      return;
    }
    for (String topic : List.copyOf(failed)) {
      failed.remove(topic);
      reset(topic, () -> {});
    }
  }

  private void took(Commit commit) {
    outlet.counters().took(sequencer.age(commit));
  }

  private void publish(RowChange row, Runnable then) throws InterruptedException {
    outlet.send(
        () -> sink.publish(row),
        (position, failure) -> {
          outlet.counters().change(failure);
          done(row.topic(), failure, then);
        });
  }

  private void reset(String topic, Runnable then) throws InterruptedException {
    outlet.send(
        () -> sink.reset(topic),
        (position, failure) -> {
          outlet.counters().reset(failure);
          done(topic, failure, then);
        });
  }

  private void done(String topic, @Nullable Throwable failure, Runnable then) {
    if (failure == null) {
      silenced.remove(topic);
      then.run();
    } else {
      failed.add(topic);
      if (silenced.add(topic)) {
        log.atWarn()
            .addKeyValue("channel", topic)
            .setCause(failure)
            .log("A change of {} was not published; the channel will be reset", topic);
      }
    }
  }

  /** Publishes what is committed by now and stops; gives up after ten seconds. */
  @Override
  public void close() {
    closing = true;
    sequencer.close();
    if (Thread.currentThread() == thread) {
      return;
    }
    try {
      thread.join(DRAIN.toMillis());
      if (thread.isAlive()) {
        log.atWarn()
            .addKeyValue("part", "capture")
            .addKeyValue("seconds", DRAIN.toSeconds())
            .log("Changes still waited to be published after {} s", DRAIN.toSeconds());
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      thread.interrupt();
      Thread.currentThread().interrupt();
    }
  }
}
