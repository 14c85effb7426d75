package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.protocol.FrameCodec;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Java subscriber: publications wait in a queue of their own and are handed to the listener one
 * at a time, in order, on the callback threads. A listener that falls too far behind is told to
 * reload instead of filling the memory; so is one whose start the broker refused at first, once it
 * stands. Safe for any thread.
 */
final class LocalSubscription implements Subscriber, Subscription {

  /** Who may change what the hub knows of it: one at a time, and nobody after the end. */
  private enum Hold {
    FREE,
    TAKEN,
    ENDED
  }

  private static final Logger log = LoggerFactory.getLogger(LocalSubscription.class);
  private static final int MAX_WAITING = 10_000;

  /** Messages handed over before other subscriptions get the thread. */
  private static final int TURN = 32;

  private final Hub hub;
  private final String topic;
  private final @Nullable String event;
  private final Consumer<Message> listener;
  private final FrameCodec codec;
  private final Executor executor;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Publication> waiting = new ArrayDeque<>();
  private final AtomicReference<Hold> hold = new AtomicReference<>(Hold.FREE);
  private boolean running;
  private volatile Membership membership = new Membership(this);
  private volatile boolean isLate;
  private volatile boolean closed;

  /**
   * @param event only this event; null for all
   */
  LocalSubscription(
      Hub hub,
      String topic,
      @Nullable String event,
      Consumer<Message> listener,
      FrameCodec codec,
      Executor executor) {
    this.hub = hub;
    this.topic = topic;
    this.event = event;
    this.listener = listener;
    this.codec = codec;
    this.executor = executor;
  }

  /** Subscribes at the hub until the result is closed. */
  static Subscription open(
      Hub hub,
      String topic,
      @Nullable String event,
      Consumer<Message> listener,
      FrameCodec codec,
      Executor executor) {
    LocalSubscription subscription =
        new LocalSubscription(hub, topic, event, listener, codec, executor);
    hub.subscribe(topic, subscription.membership, null);
    return subscription;
  }

  @Override
  public void close() {
    closed = true;
    if (hold.getAndSet(Hold.ENDED) == Hold.FREE) {
      hub.unsubscribe(topic, membership, () -> {});
    }
  }

  /** A new membership in the place of the one that could not start. */
  private void startAgain() {
    if (!hold.compareAndSet(Hold.FREE, Hold.TAKEN)) {
      return;
    }
    Membership failed = membership;
    Membership next = new Membership(this);
    membership = next;
    hub.subscribe(topic, next, failed);
    if (!hold.compareAndSet(Hold.TAKEN, Hold.FREE)) {
      hub.unsubscribe(topic, next, () -> {}); // closed meanwhile
    }
  }

  @Override
  public @Nullable Position since() {
    return null;
  }

  @Override
  public boolean isLate() {
    return isLate;
  }

  @Override
  public void started(@Nullable Tail tail) {
    if (tail == null) {
      if (!isLate && !closed) {
        log.atWarn()
            .addKeyValue("channel", topic)
            .log("A Java subscriber of channel {} waits: the channel cannot be read", topic);
      }
      isLate = true;
      hub.later(this::startAgain);
    } else if (isLate) {
      isLate = false;
      log.atInfo()
          .addKeyValue("channel", topic)
          .log("A Java subscriber of channel {} has started, and is told to reload", topic);
      add(hub.reset(topic, Tail.Outcome.EVICTED, tail.position()));
    }
  }

  @Override
  public void deliver(Run run) {
    for (Publication publication : run.publications()) {
      if (event == null || event.equals(Message.event(publication))) {
        add(publication);
      }
    }
  }

  private void add(Publication publication) {
    boolean overflowed;
    boolean idle;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      overflowed = waiting.size() >= MAX_WAITING;
      if (overflowed) {
        waiting.clear();
      }
      waiting.add(overflowed ? resetAt(publication) : publication);
      idle = !running;
      running = true;
    } finally {
      lock.unlock();
    }
    if (overflowed) {
      log.atWarn()
          .addKeyValue("channel", topic)
          .log(
              "A Java subscriber of channel {} was {} messages behind; it is told to reload",
              topic,
              MAX_WAITING);
    }
    if (idle && !handedOn()) {
      closed = true; // shutting down
    }
  }

  private Publication resetAt(Publication publication) {
    return codec.reset(topic, "EVICTED").at(publication.position(), publication.timestamp());
  }

  /** Hands over some messages, then lets other subscriptions have the thread. */
  private void handOver() {
    for (int i = 0; ; i++) {
      if (i >= TURN && handedOn()) {
        return;
      }
      Publication next = next();
      if (next == null) {
        return;
      }
      try {
        listener.accept(new Message(codec, next));
      } catch (Throwable e) { // an error of the application is no reason to stop either
        log.atError()
            .addKeyValue("channel", topic)
            .setCause(e)
            .log("A Java subscriber of channel {} failed", topic);
      }
    }
  }

  /** Whether a turn follows; while the bus shuts down, what waits is handed over in this one. */
  private boolean handedOn() {
    try {
      executor.execute(this::handOver);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  private @Nullable Publication next() {
    lock.lock();
    try {
      Publication next = closed ? null : waiting.poll();
      if (next == null) {
        running = false;
        waiting.clear();
      }
      return next;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean wantsPresence() {
    return false;
  }

  @Override
  public void present(@Nullable PresenceState state) {}

  @Override
  public void present(PresenceRun differences) {}

  @Override
  public String toString() {
    return "LocalSubscription[" + topic + ' ' + (event == null ? "*" : event) + ']';
  }
}
