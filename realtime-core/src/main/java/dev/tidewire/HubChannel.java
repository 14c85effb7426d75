package dev.tidewire;

import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.Occupancy;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.transport.Frame;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
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
 *
 * <p>Safe for any thread, but for the methods marked "in the drain".
 */
final class HubChannel {

  private static final Logger log = LoggerFactory.getLogger(HubChannel.class);

  /** Up to this many subscribers the publishing thread itself delivers: no hand-over. */
  private static final int INLINE_SUBSCRIBERS = 8;

  /** After so many items the thread goes on to other work, and the drain to the executor. */
  private static final int TURN = 256;

  private static final int MAX_RUN = 256;
  private static final int MAX_RUN_BYTES = 64 * 1024;

  /** A task that only has to come after what stands before it. */
  private record Acknowledgement(Runnable task) {}

  private final String topic;
  private final SlowReading slowReading;
  private final Executor executor;
  private final ChannelPresence presence;
  private final Counters counters;
  private final ChannelCount count;
  private final ConcurrentLinkedQueue<Object> mailbox = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean draining = new AtomicBoolean();
  private final Runnable drain = this::drain;
  // Confined to the drain; others see only the number.
  private final List<Membership> members = new ArrayList<>(2);
  private Map<RowScope, RowClass> classes = Map.of(); // most channels have none
  private volatile int memberCount;
  // For the inspector alone.
  private volatile @Nullable Position newest;
  private volatile @Nullable Position lost;
  // How many subscribers hold the channel; guarded by the hub's map entry.
  private int holders;
  private int clients;

  HubChannel(
      String topic,
      SlowReading slowReading,
      Executor executor,
      PresenceRun.Encoding encoding,
      ChannelCount.Source counts,
      BiConsumer<Duration, Runnable> timer,
      Counters counters) {
    this.topic = topic;
    this.slowReading = slowReading;
    this.executor = executor;
    this.counters = counters;
    BiConsumer<Duration, Runnable> afterwards =
        (time, task) -> timer.accept(time, () -> later(task));
    this.presence =
        new ChannelPresence(
            encoding,
            (time, task) ->
                afterwards.accept(
                    time,
                    () -> {
                      task.run();
                      tellPresence();
                    }));
    this.count = new ChannelCount(topic, counts, afterwards, this::later);
  }

  /** What members that are behind may miss. */
  SlowReading slowReading() {
    return slowReading;
  }

  String topic() {
    return topic;
  }

  /** In the drain: who subscribes. */
  List<Membership> members() {
    return Collections.unmodifiableList(members);
  }

  /** In the drain: groups of members that see the same rows. */
  int classCount() {
    return classes.size();
  }

  /** The last publication that was given to all members; null if there was none yet. */
  @Nullable Position newest() {
    return newest;
  }

  /** What was published up to here may not have been heard of. */
  void lost(Position upTo) {
    lost = upTo;
  }

  @Nullable Position lost() {
    return lost;
  }

  /** Under the hub's map entry: one holder more or less; returns how many there are now. */
  int hold(int change) {
    holders += change;
    return holders;
  }

  /** How many subscribers it has, those that just start among them. */
  int memberCount() {
    return memberCount;
  }

  /** The same for those holders that are clients. */
  int holdClient(int change) {
    clients += change;
    return clients;
  }

  /** Takes note; never runs anything. */
  void enqueue(Publication publication) {
    mailbox.add(publication);
  }

  /** Takes note; never runs anything. */
  void enqueue(PresenceDiff diff) {
    mailbox.add(diff);
  }

  /** Takes note; never runs anything. */
  void enqueue(PresenceState state) {
    mailbox.add((Runnable) () -> presentAnew(state));
  }

  /** Runs the task in the drain, after everything that is in the mailbox now. */
  void later(Runnable task) {
    mailbox.add(task);
    ready();
  }

  /**
   * Runs the task in the drain, after what is in the mailbox now, and perhaps after publications
   * that came later: it does not keep them from being delivered together.
   */
  void afterDelivery(Runnable task) {
    mailbox.add(new Acknowledgement(task));
    ready();
  }

  /** Has the mailbox drained, on this thread if that is quick. */
  void ready() {
    if (draining.compareAndSet(false, true)) {
      if (memberCount > INLINE_SUBSCRIBERS) {
        handOver();
      } else {
        drain();
      }
    }
  }

  private void handOver() {
    try {
      executor.execute(drain);
    } catch (RejectedExecutionException e) {
      draining.set(false); // shutting down: nobody is left to deliver to
    }
  }

  /** Drains for one turn. Whoever is here has set {@code draining}. */
  private void drain() {
    boolean more = true;
    try {
      more = takeTurn();
    } finally {
      if (!more) {
        draining.set(false);
        // Somebody may have enqueued after the last look and found us draining.
        more = !mailbox.isEmpty() && draining.compareAndSet(false, true);
      }
      if (more) {
        handOver();
      }
    }
  }

  /** Returns whether something may be left. */
  private boolean takeTurn() {
    int taken = 0;
    while (taken < TURN) {
      Object item = mailbox.peek();
      if (item == null) {
        return false;
      }
      if (item instanceof Publication) {
        taken += deliverRun();
      } else if (item instanceof PresenceDiff) {
        taken += presentRun();
      } else {
        mailbox.remove();
        taken++;
        run(item instanceof Acknowledgement only ? only.task() : (Runnable) item);
      }
    }
    return true;
  }

  private int deliverRun() {
    List<Publication> publications = new ArrayList<>(4);
    List<Acknowledgement> acknowledgements = new ArrayList<>(4);
    int bytes = 0;
    while (true) {
      Object next = mailbox.peek();
      if (next instanceof Publication publication) {
        bytes += publication.frame().length;
        boolean fits = publications.size() < MAX_RUN && bytes <= MAX_RUN_BYTES;
        if (!fits && !publications.isEmpty()) {
          break;
        }
        publications.add(publication);
      } else if (next instanceof Acknowledgement acknowledgement) {
        acknowledgements.add(acknowledgement);
      } else {
        break;
      }
      mailbox.remove();
    }
    try {
      deliver(publications);
    } finally {
      acknowledgements.forEach(acknowledgement -> run(acknowledgement.task()));
    }
    return publications.size() + acknowledgements.size();
  }

  private void deliver(List<Publication> publications) {
    counters.delivered((long) publications.size() * members.size());
    Run run = new Run(slowReading.of(publications));
    if (!classes.isEmpty()) {
      classes.values().forEach(rows -> run(() -> rows.see(run)));
    }
    for (int i = 0; i < members.size(); i++) {
      try {
        members.get(i).deliver(run);
      } catch (RuntimeException e) {
        failed(e);
      }
    }
    newest = run.lastPosition();
  }

  private int presentRun() {
    boolean wanted = false;
    boolean counted = false;
    for (int i = 0; i < members.size() && !(wanted && counted); i++) {
      wanted |= members.get(i).subscriber().wantsPresence();
      counted |= members.get(i).subscriber().wantsCount();
    }
    boolean changed = false;
    int taken = 0;
    while (mailbox.peek() instanceof PresenceDiff next && taken < MAX_RUN) {
      mailbox.remove();
      taken++;
      changed |= next.change() != PresenceDiff.Change.UPDATE;
      if (wanted) {
        presence.add(next);
      }
    }
    tellPresence();
    if (counted && changed) {
      count.changed(this::tellCount);
    }
    return taken;
  }

  private void tellPresence() {
    presence.tell(members.size(), this::present);
  }

  private void tellCount(Occupancy occupancy, Frame frame) {
    for (int i = 0; i < members.size(); i++) {
      Membership member = members.get(i);
      if (member.subscriber().wantsCount()) {
        run(() -> member.count(occupancy, frame));
      }
    }
  }

  /** In the drain: a new member asks how many there are. */
  void countFor(Membership member) {
    count.ask(
        (occupancy, frame) -> {
          if (member.isPresent()) {
            member.count(occupancy, frame);
          }
        });
  }

  private void present(PresenceRun run) {
    for (int i = 0; i < members.size(); i++) {
      Membership member = members.get(i);
      if (member.subscriber().wantsPresence()) {
        run(() -> member.present(run));
      }
    }
  }

  private void presentAnew(PresenceState state) {
    presence.forget(state.revision());
    if (members.stream().anyMatch(m -> m.subscriber().wantsCount())) {
      count.changed(this::tellCount);
    }
    for (int i = 0; i < members.size(); i++) {
      Membership member = members.get(i);
      if (member.subscriber().wantsPresence()) {
        run(() -> member.presentAnew(state));
      }
    }
  }

  private void run(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  /** One subscriber's trouble must not keep the others from their frames. */
  private void failed(RuntimeException e) {
    log.atError()
        .addKeyValue("channel", topic)
        .setCause(e)
        .log("Delivery on channel {} failed for one subscriber", topic);
  }

  /** In the drain: what is published from here on is the member's, no more the replaced one's. */
  void join(Membership member, @Nullable Membership replaced) {
    if (replaced != null) {
      remove(replaced);
    }
    member.moveTo(members.size());
    members.add(member);
    memberCount = members.size();
  }

  /** In the drain: finds the class of a member that sees only some rows. */
  void classify(Membership member, FrameCodec codec) {
    RowScope scope = member.subscriber().scope();
    if (scope == null) {
      return;
    }
    if (!member.isPresent()) {
      member.subscriber().enter(new RowClass(scope, codec)); // it has gone: only to be answered
      return;
    }
    classes = classes.isEmpty() ? new HashMap<>() : classes;
    RowClass rows = classes.computeIfAbsent(scope, s -> new RowClass(s, codec));
    rows.count(1);
    member.subscriber().enter(rows);
  }

  /** In the drain: takes the member out, if it is there. */
  void remove(Membership member) {
    if (member.isPresent()) {
      RowClass rows = member.subscriber().rowClass();
      if (rows != null && rows.count(-1) == 0) {
        classes.remove(rows.scope());
      }
      int index = member.index();
      Membership last = members.remove(members.size() - 1);
      if (last != member) {
        members.set(index, last);
        last.moveTo(index);
      }
      member.moveTo(-1);
      memberCount = members.size();
    }
  }
}
