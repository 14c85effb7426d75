package dev.tidewire.sync.yjs;

import static org.awaitility.Awaitility.await;

import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.FrameIds;
import dev.tidewire.testing.FaultyStreams;
import dev.tidewire.testing.HeardStream;
import dev.tidewire.testing.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/** Nodes that have one room, on streams that lose, delay and repeat what is told; and its pages. */
final class RoomNodes implements AutoCloseable {

  static final String ROOM = "draft ü 漢字";

  private final ManualClock clock = new ManualClock();
  final FaultyStreams streams = new FaultyStreams(clock);
  private final ExecutorService executor = Executors.newFixedThreadPool(4);
  private final AtomicInteger names = new AtomicInteger();
  final MemoryYjsStore common = new MemoryYjsStore();
  final List<Node> all = new ArrayList<>();
  final List<YjsPage> pages = new ArrayList<>();

  @Override
  public void close() {
    pages.forEach(YjsPage::leave);
    all.forEach(node -> node.rooms.close());
    executor.shutdownNow();
  }

  /** One of several. */
  final class Node {
    final FaultyStreams.Node broker = streams.node();
    private final YjsStore store;
    final YjsRooms rooms;

    private Node(boolean shares) {
      store = shares ? new Shared(common) : new MemoryYjsStore();
      YjsOptions options = YjsOptions.on(store);
      YjsNodes others =
          new YjsNodes(
              broker,
              new FrameCodec(new FrameIds("n"), 100),
              options,
              length -> "n" + names.incrementAndGet(),
              clock);
      rooms =
          new YjsRooms(
              options, others, (who, topic, action) -> {}, identity -> identity, executor, clock);
      broker.start(rooms.listener(new HeardStream()));
      rooms.tick();
      all.add(this);
    }

    YjsPage page() {
      YjsPage page = new YjsPage(pages.size() + 1L);
      pages.add(page);
      page.connect(rooms, ROOM);
      return page;
    }

    byte[] read() {
      return rooms.read(ROOM).toCompletableFuture().join();
    }

    /** What has begun here goes on for a moment. */
    void breathe() {
      var unused =
          rooms
              .read(ROOM)
              .toCompletableFuture()
              .completeOnTimeout(new byte[0], 10, TimeUnit.MILLISECONDS)
              .join();
    }

    Collection<byte[]> stored() {
      return store.load(ROOM).toCompletableFuture().join().values();
    }

    /** The process is killed: nothing is told, nothing is heard. */
    void die() {
      broker.die();
      all.remove(this);
    }
  }

  /**
   * One more node.
   *
   * @param shares whether its store is that of others, too
   */
  Node node(boolean shares) {
    return new Node(shares);
  }

  /** What several nodes have in common, as a database. */
  private record Shared(YjsStore of) implements YjsStore {
    @Override
    public CompletionStage<Map<String, byte[]>> load(String room) {
      return of.load(room);
    }

    @Override
    public CompletionStage<String> append(String room, byte[] update) {
      return of.append(room, update);
    }

    @Override
    public CompletionStage<String> replace(String room, Collection<String> keys, byte[] update) {
      return of.replace(room, keys, update);
    }

    @Override
    public CompletionStage<Void> delete(String room) {
      return of.delete(room);
    }

    @Override
    public void close() {}
  }

  /** Lets the time pass as fast as the threads allow. */
  void eventually(String what, BooleanSupplier condition) {
    await(what)
        .atMost(Duration.ofSeconds(60))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .until(
            () -> {
              second();
              return condition.getAsBoolean();
            });
  }

  /** Time passes on every node. */
  void second() {
    clock.advance(Duration.ofSeconds(1));
    all.forEach(
        node -> {
          node.broker.housekeep();
          node.rooms.tick();
        });
  }

  /** Waits without any time: for what is told at once. */
  static void atOnce(String what, BooleanSupplier condition) {
    await(what)
        .atMost(Duration.ofSeconds(60))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .until(condition::getAsBoolean);
  }

  boolean isOneDocument() {
    Contents first = pages.get(0).contents();
    return pages.stream().allMatch(page -> page.isConnected() && page.contents().isSameAs(first));
  }

  static Contents contents(Collection<byte[]> updates) {
    YjsDocument document = new YjsDocument();
    updates.forEach(update -> document.add(UpdateCheck.of(update)));
    return document.contents(true);
  }
}
