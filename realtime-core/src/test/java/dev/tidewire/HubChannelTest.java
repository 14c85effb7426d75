package dev.tidewire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.Occupancy;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.testing.Drafts;
import dev.tidewire.testing.Parallel;
import dev.tidewire.transport.Frame;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HubChannelTest {

  private final Queue<Runnable> handedOver = new ConcurrentLinkedQueue<>();
  private final Queue<Runnable> ticks = new ConcurrentLinkedQueue<>();

  /** A subscriber that notes what it is told and how it was bundled. */
  private static class Noting implements Subscriber {
    final List<String> runs = new ArrayList<>();
    final List<String> presence = new ArrayList<>();
    final Membership membership = new Membership(this);
    boolean wantsPresence;

    @Override
    public @Nullable Position since() {
      return null;
    }

    @Override
    public void started(@Nullable Tail tail) {}

    @Override
    public void deliver(Run run) {
      runs.add(String.join(" ", run.publications().stream().map(Publication::dataJson).toList()));
    }

    @Override
    public boolean wantsPresence() {
      return wantsPresence;
    }

    @Override
    public void present(@Nullable PresenceState state) {}

    @Override
    public void present(PresenceRun differences) {
      presence.add(differences.together().text());
    }
  }

  private HubChannel channel(Executor executor) {
    return new HubChannel(
        "t",
        SlowReading.of(ChannelOptions.DEFAULT),
        executor,
        REVISIONS,
        NO_COUNTS,
        (time, task) -> ticks.add(task),
        new Counters());
  }

  private static final ChannelCount.Source NO_COUNTS =
      new ChannelCount.Source() {
        @Override
        public CompletionStage<Occupancy> occupancy(String topic) {
          return CompletableFuture.failedStage(new IllegalStateException());
        }

        @Override
        public Frame count(Occupancy occupancy) {
          throw new IllegalStateException();
        }
      };

  private static final PresenceRun.Encoding REVISIONS =
      new PresenceRun.Encoding() {
        @Override
        public Frame one(PresenceDiff diff) {
          return Frame.of("rev" + diff.revision());
        }

        @Override
        public Frame several(long from, long to, List<PresenceDiff> changes, String topic) {
          return Frame.of("from" + from + " to" + to + " of" + changes.size());
        }
      };

  private static void join(HubChannel channel, Noting subscriber) {
    channel.later(
        () -> {
          channel.join(subscriber.membership, null);
          subscriber.membership.start(
              new Tail(new Position("a", 0), Tail.Outcome.COMPLETE, List.of()), null);
          if (subscriber.wantsPresence) {
            subscriber.membership.awaitPresence();
            subscriber.membership.present(new PresenceState("t", 1, List.of()));
          }
        });
  }

  private static List<Noting> crowd(HubChannel channel, int size) {
    List<Noting> crowd = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      Noting subscriber = new Noting();
      join(channel, subscriber);
      crowd.add(subscriber);
    }
    return crowd;
  }

  private static Publication publication(int offset) {
    return Drafts.event("t", offset).at(new Position("a", offset), 0);
  }

  private static Publication large(int offset, int bytes) {
    return Drafts.event("t", "x".repeat(bytes)).at(new Position("a", offset), 0);
  }

  private void runHandedOver() {
    for (Runnable next = handedOver.poll(); next != null; next = handedOver.poll()) {
      next.run();
    }
  }

  @Test
  void fewSubscribersAreServedByThePublisherItself() {
    HubChannel channel = channel(handedOver::add);
    List<Noting> crowd = crowd(channel, 8);
    channel.enqueue(publication(1));
    channel.ready();

    assertThat(handedOver).isEmpty();
    assertThat(crowd).allSatisfy(s -> assertThat(s.runs).containsExactly("1"));
  }

  @Test
  void manySubscribersAreServedByAnotherThreadAndWhatWaitsIsJoined() {
    HubChannel channel = channel(handedOver::add);
    List<Noting> crowd = crowd(channel, 9);
    runHandedOver();
    for (int i = 1; i <= 5; i++) {
      channel.enqueue(publication(i));
      channel.ready();
    }
    assertThat(handedOver).hasSize(1);
    runHandedOver();

    assertThat(crowd).allSatisfy(s -> assertThat(s.runs).containsExactly("1 2 3 4 5"));
  }

  @Test
  void acknowledgementsDoNotKeepPublicationsApartAndComeAfterTheirOwn() {
    HubChannel channel = channel(handedOver::add);
    List<Noting> crowd = crowd(channel, 9);
    runHandedOver();
    List<String> acknowledged = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      String ack = "ack " + i;
      channel.enqueue(publication(i));
      channel.afterDelivery(() -> acknowledged.add(ack + " after " + crowd.get(0).runs));
    }
    runHandedOver();

    assertThat(crowd).allSatisfy(s -> assertThat(s.runs).containsExactly("1 2 3"));
    assertThat(acknowledged)
        .containsExactly("ack 1 after [1 2 3]", "ack 2 after [1 2 3]", "ack 3 after [1 2 3]");
  }

  @Test
  void whoLeavesBetweenTwoPublicationsGetsTheFirstOnlyWhateverIsAcknowledged() {
    HubChannel channel = channel(handedOver::add);
    List<Noting> crowd = crowd(channel, 9);
    runHandedOver();
    channel.enqueue(publication(1));
    channel.afterDelivery(() -> {});
    channel.later(() -> channel.remove(crowd.get(0).membership));
    channel.enqueue(publication(2));
    channel.afterDelivery(() -> {});
    channel.ready();
    runHandedOver();

    assertThat(crowd.get(0).runs).containsExactly("1");
    assertThat(crowd.get(8).runs).containsExactly("1", "2");
  }

  @Test
  void runsAreBoundedInNumberAndBytes() {
    HubChannel channel = channel(handedOver::add);
    Noting subscriber = crowd(channel, 1).get(0);
    for (int i = 1; i <= 300; i++) {
      channel.enqueue(publication(i));
    }
    channel.enqueue(large(301, 200_000));
    channel.enqueue(large(302, 40_000));
    channel.enqueue(large(303, 40_000));
    channel.enqueue(publication(304));
    channel.ready();
    runHandedOver();

    assertThat(subscriber.runs)
        .extracting(r -> r.split(" ").length)
        .containsExactly(256, 44, 1, 1, 2);
  }

  @Test
  void aThreadThatDidItsShareGoesOnToOtherWork() {
    HubChannel channel = channel(handedOver::add);
    Noting subscriber = crowd(channel, 1).get(0);
    AtomicInteger tasks = new AtomicInteger();
    List<Integer> turns = new ArrayList<>();
    channel.later(
        () -> {
          // While this task runs somebody else keeps filling the mailbox.
          for (int i = 0; i < 1_000; i++) {
            channel.later(tasks::incrementAndGet);
          }
          channel.enqueue(publication(1));
        });
    turns.add(tasks.get());
    while (!handedOver.isEmpty()) {
      assertThat(handedOver).hasSize(1); // one drainer at a time
      handedOver.remove().run();
      turns.add(tasks.get());
    }

    assertThat(turns).containsExactly(255, 511, 767, 1_000);
    assertThat(subscriber.runs).containsExactly("1");
  }

  @Test
  void oneSubscribersTroubleIsNotTheOthers() {
    HubChannel channel = channel(handedOver::add);
    List<Noting> good = crowd(channel, 2);
    Noting bad =
        new Noting() {
          @Override
          public void deliver(Run run) {
            throw new IllegalStateException("trouble");
          }
        };
    join(channel, bad);
    good.addAll(crowd(channel, 2));
    for (int i = 1; i <= 3; i++) {
      channel.enqueue(publication(i));
      channel.ready();
    }

    assertThat(good).allSatisfy(s -> assertThat(s.runs).containsExactly("1", "2", "3"));
  }

  @Test
  void anErrorDoesNotStopTheChannel() {
    HubChannel channel = channel(handedOver::add);
    Noting subscriber = crowd(channel, 1).get(0);
    channel.enqueue(publication(1));
    try {
      channel.later(
          () -> {
            channel.enqueue(publication(2));
            throw new NoClassDefFoundError("undeployed");
          });
    } catch (NoClassDefFoundError e) {
      assertThat(e).hasMessage("undeployed");
    }
    runHandedOver();

    assertThat(subscriber.runs).containsExactly("1", "2");
  }

  @Test
  void joiningAndLeavingInAnyOrderKeepTheOthers() {
    HubChannel channel = channel(handedOver::add);
    List<Noting> crowd = crowd(channel, 7);
    for (int gone : new int[] {0, 6, 3}) {
      channel.later(() -> channel.remove(crowd.get(gone).membership));
      channel.later(() -> channel.remove(crowd.get(gone).membership));
    }
    Noting replacing = new Noting();
    channel.later(() -> channel.join(replacing.membership, crowd.get(1).membership));
    channel.later(
        () ->
            replacing.membership.start(
                new Tail(new Position("a", 0), Tail.Outcome.COMPLETE, List.of()), null));
    channel.enqueue(publication(1));
    channel.ready();

    assertThat(crowd).extracting(s -> s.runs.size()).containsExactly(0, 0, 1, 0, 1, 1, 0);
    assertThat(replacing.runs).containsExactly("1");
  }

  @Test
  void presenceDifferencesThatWaitAreJoinedForThoseWhoWantThem() {
    HubChannel channel = channel(handedOver::add);
    Noting wanting = new Noting();
    wanting.wantsPresence = true;
    join(channel, wanting);
    Noting other = crowd(channel, 1).get(0);
    for (int revision = 1; revision <= 4; revision++) {
      channel.enqueue(diff(revision)); // 1 is in the state already
    }
    channel.enqueue(publication(1));
    channel.enqueue(diff(5));
    channel.enqueue(diff(6));
    channel.ready();

    assertThat(wanting.presence).containsExactly("rev2\nrev3\nrev4", "rev5\nrev6");
    assertThat(other.presence).isEmpty();
    assertThat(other.runs).containsExactly("1");
  }

  @Test
  void inABigChannelTheFirstDifferenceIsToldAtOnceAndTheOthersTogether() {
    HubChannel channel = channel(Runnable::run);
    Noting wanting = new Noting();
    wanting.wantsPresence = true;
    join(channel, wanting);
    crowd(channel, ChannelPresence.SMALL);
    for (int revision = 2; revision <= 9; revision++) {
      channel.enqueue(diff(revision));
      channel.ready();
    }

    assertThat(wanting.presence).containsExactly("rev2");
    ticks.remove().run();
    assertThat(wanting.presence).containsExactly("rev2", "from2 to9 of1");
    ticks.remove().run();
    assertThat(ticks).isEmpty(); // nothing to tell: no timer
    channel.enqueue(diff(10));
    channel.ready();
    assertThat(wanting.presence).endsWith("rev10");
  }

  private static PresenceDiff diff(int revision) {
    Member member = new Member("u", "{}", Member.Status.ONLINE, List.of(), 0);
    return new PresenceDiff("t", revision, PresenceDiff.Change.UPDATE, member, null);
  }

  @Test
  void afterTheEndOfTheExecutorNothingIsStuck() {
    HubChannel channel =
        channel(
            task -> {
              throw new RejectedExecutionException();
            });
    List<Noting> crowd = crowd(channel, 9);
    channel.enqueue(publication(1));
    channel.ready();
    channel.ready();

    assertThat(crowd.get(0).runs).isEmpty();
  }

  @Test
  void whatIsPutInWhileTheDrainEndsIsNotForgotten() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(1);
    HubChannel channel = channel(pool);
    AtomicInteger ran = new AtomicInteger();
    AtomicInteger round = new AtomicInteger();
    Thread other =
        new Thread(
            () -> {
              for (int seen = 0; seen >= 0; ) {
                int now = round.get();
                if (now > seen) {
                  channel.later(ran::incrementAndGet);
                } else {
                  Thread.onSpinWait();
                }
                seen = now;
              }
            });
    other.setDaemon(true);
    other.start();
    // As often as a second allows: both put a task in at once, and both tasks must run.
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
    int rounds = 0;
    while (System.nanoTime() < end && ran.get() == 2 * rounds) {
      round.set(++rounds);
      channel.later(ran::incrementAndGet);
      long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (ran.get() < 2 * rounds && System.nanoTime() < patience) {
        Thread.onSpinWait();
      }
    }
    round.set(-1);
    pool.shutdown();

    assertThat(ran).hasValue(2 * rounds);
  }

  @Test
  void publishersAndTasksFromManyThreadsKeepOneOrder() {
    List<Integer> seen = new ArrayList<>();
    HubChannel channel = channel(task -> new Thread(task).start());
    Noting subscriber = crowd(channel, 1).get(0);
    Object brokerLock = new Object();
    AtomicInteger offset = new AtomicInteger();
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    Parallel.times(
        4,
        () -> {
          for (int i = 0; i < 1_000; i++) {
            synchronized (brokerLock) {
              channel.enqueue(publication(offset.incrementAndGet()));
            }
            channel.ready();
            channel.later(
                () -> {
                  assertThat(inside.incrementAndGet()).isOne();
                  seen.add(subscriber.runs.size());
                  inside.decrementAndGet();
                  done.incrementAndGet();
                });
          }
        });
    Client.eventually().until(() -> done.get() == 4_000);

    List<String> heard =
        subscriber.runs.stream().flatMap(r -> Arrays.stream(r.split(" "))).toList();
    assertThat(heard).hasSize(4_000);
    for (int i = 0; i < heard.size(); i++) {
      assertThat(heard.get(i)).isEqualTo("" + (i + 1));
    }
    assertThat(seen).isSorted();
  }
}
