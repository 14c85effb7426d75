package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.transport.Frame;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A channel as this JVM's subscribers see it: a mailbox of publications, presence differences and
 * tasks, drained by one thread at a time. That one thread gives every subscriber the same order,
 * and makes joining, leaving and acknowledging exact without a lock around the walk.
 *
 * <p>Publications that wait together are delivered together as one {@link Run}: under load runs
 * grow by themselves, at rest a run is one publication and nothing waits for a timer.
 */
final class HubChannel {

  private static final Logger log = LoggerFactory.getLogger(HubChannel.class);

  /** Up to this many subscribers the publishing thread itself delivers: no hand-over. */
  private static final int INLINE_SUBSCRIBERS = 8;

  private static final int MAX_RUN = 256;
  private static final int MAX_RUN_BYTES = 64 * 1024;
  private static final Membership[] NOBODY = {};

  private final String topic;
  private final Hub hub;
  private final Executor executor;
  private final ConcurrentLinkedQueue<Object> mailbox = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean draining = new AtomicBoolean();
  // Replaced as a whole by the draining thread; others read its length.
  private volatile Membership[] memberships = NOBODY;
  // How many subscribers hold the channel; guarded by the hub's map entry.
  private int holders;

  HubChannel(String topic, Hub hub, Executor executor) {
    this.topic = topic;
    this.hub = hub;
    this.executor = executor;
  }

  /** Under the hub's map entry: one holder more or less; returns how many there are now. */
  int hold(int change) {
    holders += change;
    return holders;
  }

  /** Takes note; never runs anything. */
  void enqueue(Object item) {
    mailbox.add(item);
  }

  /** Has the mailbox drained, on this thread if that is quick. */
  void ready() {
    if (memberships.length > INLINE_SUBSCRIBERS) {
      schedule();
    } else if (draining.compareAndSet(false, true)) {
      drain();
    }
  }

  /** Has the mailbox drained by another thread. */
  void schedule() {
    if (draining.compareAndSet(false, true)) {
      try {
        executor.execute(this::drain);
      } catch (RejectedExecutionException e) {
        draining.set(false); // shutting down: nobody is left to deliver to
      }
    }
  }

  private void drain() {
    try {
      Object item = mailbox.poll();
      while (item != null) {
        if (item instanceof Publication publication) {
          item = deliverFrom(publication);
        } else {
          handle(item);
          item = mailbox.poll();
        }
      }
    } finally {
      draining.set(false);
      // Somebody may have enqueued after the last poll and found us draining.
      if (!mailbox.isEmpty()) {
        schedule();
      }
    }
  }

  /** Delivers a run beginning with {@code first}; returns the item that ended it, or null. */
  private @Nullable Object deliverFrom(Publication first) {
    List<Publication> publications = new ArrayList<>(4);
    publications.add(first);
    int bytes = first.frame().length;
    Object next = mailbox.poll();
    while (next instanceof Publication publication
        && publications.size() < MAX_RUN
        && bytes + publication.frame().length < MAX_RUN_BYTES) {
      publications.add(publication);
      bytes += publication.frame().length;
      next = mailbox.poll();
    }
    Run run = new Run(publications);
    Membership[] all = memberships;
    for (Membership membership : all) {
      guarded(() -> membership.deliver(run));
    }
    return next;
  }

  private void handle(Object item) {
    if (item instanceof PresenceDiff diff) {
      Frame frame = null;
      for (Membership membership : memberships) {
        if (membership.subscriber().wantsPresence()) {
          Frame shared = frame == null ? hub.encode(diff) : frame;
          frame = shared;
          guarded(() -> membership.present(diff, shared));
        }
      }
    } else if (item instanceof Runnable task) {
      guarded(task);
    }
  }

  /** One subscriber's trouble must not keep the others from their frames. */
  private void guarded(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      log.error("Delivery on channel {} failed for one subscriber", topic, e);
    }
  }

  /** In the drain: adds the subscriber in place of {@code replaced}, if that is there. */
  void join(Subscriber subscriber, @Nullable Subscriber replaced) {
    remove(replaced);
    Membership membership = new Membership(subscriber);
    Membership[] all = memberships;
    Membership[] grown = Arrays.copyOf(all, all.length + 1);
    grown[all.length] = membership;
    memberships = grown;
    hub.broker()
        .read(topic, subscriber.since(), hub.recoveryLimit())
        .whenComplete((tail, failure) -> later(() -> start(membership, tail, failure)));
  }

  private void start(Membership membership, @Nullable Tail tail, @Nullable Throwable failure) {
    if (!isMember(membership)) {
      return; // left again meanwhile
    }
    if (tail == null) {
      log.warn("Channel {} could not be read", topic, failure);
      remove(membership.subscriber());
      membership.subscriber().started(null);
      return;
    }
    membership.started(tail);
    if (membership.subscriber().wantsPresence()) {
      membership.awaitPresence();
      hub.presence()
          .state(topic)
          .whenComplete(
              (state, unread) ->
                  later(
                      () -> {
                        if (state == null) {
                          log.warn("Presence of channel {} could not be read", topic, unread);
                        } else if (isMember(membership)) {
                          membership.present(state);
                        }
                      }));
    }
  }

  private boolean isMember(Membership membership) {
    return Arrays.asList(memberships).contains(membership);
  }

  /** In the drain: takes the subscriber out. */
  void remove(@Nullable Subscriber subscriber) {
    Membership[] all = memberships;
    for (int i = 0; i < all.length; i++) {
      if (all[i].subscriber() == subscriber) {
        Membership[] rest = new Membership[all.length - 1];
        System.arraycopy(all, 0, rest, 0, i);
        System.arraycopy(all, i + 1, rest, i, rest.length - i);
        memberships = rest;
        return;
      }
    }
  }

  /** Runs the task in the drain, in turn. */
  void later(Runnable task) {
    enqueue(task);
    ready();
  }
}
