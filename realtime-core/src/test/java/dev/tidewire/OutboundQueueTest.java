package dev.tidewire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.protocol.CloseCode;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.testing.Parallel;
import dev.tidewire.transport.Frame;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class OutboundQueueTest {

  /** Ended, so that each thread has to do everything itself. */
  private static final Executor NO_EXECUTOR =
      task -> {
        throw new RejectedExecutionException();
      };

  private final FakeConnection connection = new FakeConnection();
  private final AtomicInteger broken = new AtomicInteger();

  private OutboundQueue queue(int maxBytes) {
    return queue(maxBytes, Runnable::run);
  }

  private OutboundQueue queue(int maxBytes, Executor executor) {
    return new OutboundQueue(connection, maxBytes, executor, broken::incrementAndGet);
  }

  private static Frame frame(Object text) {
    return Frame.of("" + text);
  }

  private static void offer(OutboundQueue queue, Object... texts) {
    for (Object text : texts) {
      assertThat(queue.offer(frame(text))).isTrue();
    }
  }

  @Test
  void anIdleConnectionGetsAFrameAtOnce() {
    offer(queue(100), "a", "b", "c");

    assertThat(connection.messages()).containsExactly("a", "b", "c");
  }

  @Test
  void framesThatGatherDuringASendGoAsOneMessageInOrder() {
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(100);
    offer(queue, "a", "b", "c", "dd");
    assertThat(connection.messages()).containsExactly("a");

    connection.release(Sending.AT_ONCE);

    assertThat(connection.messages()).containsExactly("a", "b\nc\ndd");
  }

  @Test
  void framesAreJoinedUpToABoundAndLargeOnesGoAlone() {
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(0);
    String half = "h".repeat(32 * 1024);
    String large = "l".repeat(200 * 1024);
    offer(queue, "a", half, half, "x", large, "y", "z");

    connection.release(Sending.AT_ONCE);

    assertThat(connection.messages()).containsExactly("a", half, half + "\nx", large, "y\nz");
  }

  @Test
  void exactlyTheBoundIsJoined() {
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(0);
    String half = "h".repeat(32 * 1024);
    String fits = "h".repeat(32 * 1024 - 1);
    offer(queue, "a", half, fits);

    connection.release(Sending.AT_ONCE);

    assertThat(connection.messages()).containsExactly("a", half + "\n" + fits);
  }

  @Test
  void asMuchAsAllowedMayWaitAndNoByteMore() {
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(10);
    offer(queue, "in flight, does not count", "12345", "67890");

    assertThat(queue.offer(frame("x"))).isFalse();
    connection.release(Sending.STALL);
    offer(queue, "1234567890");
    assertThat(queue.offer(frame("x"))).isFalse();
  }

  @Test
  void oneFrameOfAnySizeGoesToAnIdleConnection() {
    offer(queue(10), "x".repeat(1_000));

    assertThat(connection.messages()).hasSize(1);
  }

  @Test
  void withoutABoundEverythingWaits() {
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(0);
    for (int i = 0; i < 1_000; i++) {
      offer(queue, "x".repeat(10_000));
    }
    assertThat(queue.hasRoomFor(1L << 40)).isTrue();
  }

  @Test
  void thereIsRoomForMuchOnlyWhileNothingOrLittleWaits() {
    OutboundQueue queue = queue(100);
    assertThat(queue.hasRoomFor(1_000_000)).isTrue();
    connection.behave(Sending.STALL);
    offer(queue, "in flight");

    assertThat(queue.hasRoomFor(50)).isTrue();
    assertThat(queue.hasRoomFor(51)).isFalse();
    offer(queue, "x".repeat(30));
    assertThat(queue.hasRoomFor(20)).isTrue();
    assertThat(queue.hasRoomFor(21)).isFalse();
  }

  @Test
  void completionsBeforeTheReturnOfSendDoNotRecurse() throws InterruptedException {
    // The first send completes only after all others were offered; from then on each completes
    // within its own call, which would be 100,000 calls deep.
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(0, NO_EXECUTOR);
    Frame frame = frame("x".repeat(40_000)); // too large to be joined
    for (int i = 0; i < 100_000; i++) {
      queue.offer(frame);
    }
    AtomicInteger sent = new AtomicInteger();
    Sending counting =
        (c, completion) -> {
          sent.incrementAndGet();
          completion.sent();
        };
    Thread small = new Thread(null, () -> connection.release(counting), "small", 64 * 1024);
    small.start();
    small.join(TimeUnit.SECONDS.toMillis(60));

    assertThat(sent).hasValue(99_999);
    assertThat(connection.closed()).isNull();
  }

  @Test
  void manyFramesOfferedToAnAlwaysReadyConnectionDoNotRecurse() {
    OutboundQueue queue = queue(0, NO_EXECUTOR);
    AtomicInteger sent = new AtomicInteger();
    connection.behave(
        (c, completion) -> {
          if (sent.incrementAndGet() < 100_000) {
            queue.offer(frame("next")); // as a client in this JVM does that answers at once
          }
          completion.sent();
        });
    offer(queue, "first");

    assertThat(sent).hasValue(100_000);
  }

  @Test
  void aThreadThatSentItsShareHandsTheRestOver() {
    ArrayDeque<Runnable> handedOver = new ArrayDeque<>();
    OutboundQueue queue = queue(0, handedOver::add);
    connection.behave(Sending.STALL);
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      expected.add(i + "x".repeat(40_000));
      offer(queue, expected.get(i));
    }
    connection.release(Sending.AT_ONCE);
    assertThat(connection.messages()).hasSizeBetween(2, 20);
    assertThat(handedOver).hasSize(1);
    offer(queue, "meanwhile");
    expected.add("meanwhile");

    while (!handedOver.isEmpty()) {
      handedOver.remove().run();
    }

    assertThat(String.join("\n", connection.messages()).split("\n"))
        .extracting(String::length)
        .isEqualTo(expected.stream().map(String::length).toList());
    assertThat(String.join("\n", connection.messages()).equals(String.join("\n", expected)))
        .isTrue();
  }

  @Test
  void whileTheExecutorEndsTheThreadSendsEverythingItself() {
    OutboundQueue queue = queue(0, NO_EXECUTOR);
    connection.behave(Sending.STALL);
    for (int i = 0; i < 100; i++) {
      offer(queue, "x".repeat(40_000));
    }
    queue.closeAfterFlush(CloseCode.GOING_AWAY);

    connection.release(Sending.AT_ONCE);

    assertThat(connection.messages()).hasSize(100);
    assertThat(connection.closed().code()).isEqualTo(1001);
  }

  @Test
  void whatIsGatheredGoesAsOneMessage() {
    OutboundQueue queue = queue(100);
    queue.gather();
    offer(queue, "copy", "ack");
    assertThat(connection.messages()).isEmpty();

    queue.release();
    offer(queue, "next");

    assertThat(connection.messages()).containsExactly("copy\nack", "next");
  }

  @Test
  void nothingGatheredIsNothingSent() {
    OutboundQueue queue = queue(100);
    queue.gather();
    queue.release();

    assertThat(connection.messages()).isEmpty();
    assertThat(connection.closed()).isNull();
  }

  @Test
  void anotherThreadsFrameTakesWhatIsGatheredWithIt() throws InterruptedException {
    OutboundQueue queue = queue(100);
    queue.gather();
    offer(queue, "mine");
    Thread other = new Thread(() -> offer(queue, "yours"));
    other.start();
    other.join();
    assertThat(connection.messages()).containsExactly("mine\nyours");

    queue.release();
    assertThat(connection.messages()).hasSize(1);
  }

  @Test
  void whatWasMissedGoesBehindWhatIsGathered() {
    OutboundQueue queue = queue(100);
    queue.gather();
    offer(queue, "copy");
    queue.offerRecovered(List.of(Frame.of("missed")));
    offer(queue, "ack");
    queue.release();

    assertThat(connection.messages()).containsExactly("copy\nmissed", "ack");
  }

  @Test
  void whatIsGatheredWaitsForAllToSeeAndGoesNowhereAfterAClose() {
    OutboundQueue queue = queue(100);
    queue.gather();
    offer(queue, "copy", "ack");
    Waiting waiting = queue.waiting(true);
    assertThat(waiting.frames()).extracting(Frame::text).containsExactly("copy\nack");
    assertThat(waiting.bytes()).isEqualTo(8);

    queue.discard();
    queue.release();

    assertThat(connection.messages()).isEmpty();
    assertThat(queue.waiting(true).frames()).isEmpty();
  }

  @Test
  void whatIsGatheredBehindAStalledSendGoesWithItsCompletion() {
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(100);
    offer(queue, "a");
    queue.gather();
    offer(queue, "b", "c");
    queue.release();
    assertThat(connection.messages()).containsExactly("a");

    connection.release(Sending.AT_ONCE);
    assertThat(connection.messages()).containsExactly("a", "b\nc");
  }

  @Test
  void moreThanMayWaitIsNotGathered() {
    OutboundQueue queue = queue(10);
    queue.gather();
    offer(queue, "12345", "67890", "x".repeat(50));
    queue.release();

    assertThat(connection.messages()).containsExactly("12345\n67890\n" + "x".repeat(50));
  }

  @Test
  void aCloseWhileFramesAreGatheredSendsThemFirst() {
    OutboundQueue queue = queue(100);
    queue.gather();
    offer(queue, "a", "b");
    queue.closeAfterFlush(CloseCode.UNAUTHORIZED);
    assertThat(connection.closed()).isNull();
    queue.release();

    assertThat(connection.messages()).containsExactly("a\nb");
    assertThat(connection.closed().code()).isEqualTo(4001);
  }

  @Test
  void onlyAMessageThatIsNotTakenForHalfAMinuteMeansStuck() {
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(100);
    offer(queue, "a");
    assertThat(queue.isStuck(1_000)).isFalse();
    assertThat(queue.isStuck(31_000)).isFalse();
    assertThat(queue.isStuck(31_001)).isTrue();

    offer(queue, "b");
    connection.release(Sending.STALL); // "b" is on its way now
    assertThat(queue.isStuck(40_000)).isFalse();
    assertThat(queue.isStuck(70_000)).isFalse();
    connection.release(Sending.AT_ONCE);
    assertThat(queue.isStuck(1_000_000)).isFalse();
  }

  @Test
  void closeAfterFlushSendsWhatWaitsFirstAndNothingAfter() {
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(100);
    offer(queue, "a", "b");
    queue.closeAfterFlush(CloseCode.GOING_AWAY);
    queue.closeAfterFlush(CloseCode.UNAUTHORIZED);
    assertThat(queue.offer(frame("late"))).isTrue();
    assertThat(connection.closed()).isNull();

    connection.release(Sending.AT_ONCE);

    assertThat(connection.messages()).containsExactly("a", "b");
    assertThat(connection.closed()).isEqualTo(new FakeConnection.Closed(1001, "server going away"));
  }

  @Test
  void closeAfterFlushOfAnIdleConnectionClosesAtOnce() {
    OutboundQueue queue = queue(100);
    offer(queue, "a");
    queue.closeAfterFlush(CloseCode.UNAUTHORIZED);

    assertThat(connection.closed().code()).isEqualTo(4001);
    assertThat(queue.offer(frame("late"))).isTrue();
    assertThat(connection.messages()).containsExactly("a");
  }

  @Test
  void closeDropsWhatWaits() {
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(100);
    offer(queue, "a", "b");
    queue.close(CloseCode.SLOW_CONSUMER);
    assertThat(connection.closed().code()).isEqualTo(4008);

    connection.release(Sending.AT_ONCE);

    assertThat(connection.messages()).containsExactly("a");
    assertThat(broken).hasValue(0);
  }

  @Test
  void aCloseThatWaitedTooLongIsCutWithItsOwnCode() {
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(100);
    offer(queue, "a", "b");
    queue.closeAfterFlush(CloseCode.UNAUTHORIZED);
    queue.close(CloseCode.GOING_AWAY);

    assertThat(connection.closed().code()).isEqualTo(4001);
  }

  @Test
  void aFailedSendEndsTheSessionOnceAndClosesTheLink() {
    connection.behave(Sending.FAIL);
    OutboundQueue queue = queue(100);
    offer(queue, "a", "b", "c");

    assertThat(broken).hasValue(1);
    assertThat(connection.messages()).containsExactly("a");
    assertThat(connection.closed().code()).isEqualTo(4010);
  }

  @Test
  void aSendThatThrowsIsAFailedSend() {
    connection.behave(Sending.THROW);
    OutboundQueue queue = queue(100);
    offer(queue, "a", "b");

    assertThat(broken).hasValue(1);
    assertThat(connection.closed()).isNotNull();
  }

  @Test
  void anErrorInASendIsAFailedSend() {
    connection.behave(
        (c, completion) -> {
          throw new NoClassDefFoundError("undeployed");
        });
    offer(queue(100), "a");

    assertThat(broken).hasValue(1);
  }

  @Test
  void afterTheLinkIsGoneNothingIsSentOrClosed() {
    connection.behave(Sending.STALL);
    OutboundQueue queue = queue(100);
    offer(queue, "a", "b");
    queue.discard();
    offer(queue, "c");
    queue.closeAfterFlush(CloseCode.GOING_AWAY);
    queue.close(CloseCode.SLOW_CONSUMER);
    connection.release(Sending.FAIL);

    assertThat(connection.messages()).containsExactly("a");
    assertThat(connection.closed()).isNull();
    assertThat(broken).hasValue(0);
  }

  @Test
  void manyThreadsAndManyWaysToCompleteLoseAndReorderNothing() throws Exception {
    long seed = new Random().nextLong();
    for (int round = 0; round < 20; round++) {
      hammer(seed + round);
    }
  }

  private void hammer(long seed) throws InterruptedException {
    FakeConnection wire = new FakeConnection();
    Random random = new Random(seed);
    ExecutorService network = Executors.newFixedThreadPool(2);
    ExecutorService bus = Executors.newFixedThreadPool(2);
    wire.behave(
        (c, completion) -> {
          int how;
          synchronized (random) {
            how = random.nextInt(4);
          }
          if (how == 0) {
            network.execute(completion::sent);
          } else {
            if (how == 1) {
              Thread.yield();
            }
            completion.sent();
          }
        });
    OutboundQueue queue = new OutboundQueue(wire, 0, bus, broken::incrementAndGet);
    int producers = 3;
    int each = 1_000;
    AtomicInteger names = new AtomicInteger();
    Parallel.times(
        producers,
        () -> {
          int me = names.getAndIncrement();
          for (int i = 0; i < each; i++) {
            queue.offer(frame(me + ":" + i));
          }
        });
    queue.closeAfterFlush(CloseCode.NORMAL);
    Client.eventually().until(() -> wire.closed() != null);
    network.shutdown();
    bus.shutdown();
    assertThat(network.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    assertThat(bus.awaitTermination(30, TimeUnit.SECONDS)).isTrue();

    Map<String, Integer> next = new HashMap<>();
    wire.messages().stream()
        .flatMap(message -> Arrays.stream(message.split("\n")))
        .forEach(
            text -> {
              String[] parts = text.split(":");
              assertThat(Integer.parseInt(parts[1]))
                  .as("seed %s", seed)
                  .isEqualTo(next.getOrDefault(parts[0], 0));
              next.merge(parts[0], 1, Integer::sum);
            });
    assertThat(next).as("seed %s", seed).hasSize(producers).containsValue(each);
    assertThat(next.values()).as("seed %s", seed).allMatch(count -> count == each);
    assertThat(broken).hasValue(0);
  }
}
