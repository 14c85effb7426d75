package dev.tidewire.sync.yjs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.Identity;
import dev.tidewire.Rejection;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.transport.BinaryConnection;
import dev.tidewire.transport.Connection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class YjsRoomsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final ExecutorService executor = Executors.newFixedThreadPool(2);
  private final AtomicLong time = new AtomicLong(1_000_000);
  private YjsRooms rooms = open(YjsOptions.on(new MemoryYjsStore()));

  private YjsRooms open(YjsOptions options) {
    Clock clock =
        new Clock() {
          @Override
          public ZoneId getZone() {
            return ZoneOffset.UTC;
          }

          @Override
          public Clock withZone(ZoneId zone) {
            return this;
          }

          @Override
          public Instant instant() {
            return Instant.ofEpochMilli(time.get());
          }
        };
    return new YjsRooms(options, null, this::require, identity -> identity, executor, clock);
  }

  private void require(Identity identity, String topic, Action action) {
    boolean reader = identity.userId().equals("reader") && action == Action.PUBLISH;
    if (topic.startsWith("yjs/closed") || reader) {
      throw new Rejection(ErrorCode.FORBIDDEN, "no");
    }
  }

  @AfterEach
  void close() {
    rooms.close();
    executor.shutdownNow();
  }

  /** Holds sends back while told so. */
  private static final class Link implements BinaryConnection {
    private final List<byte[]> received = new CopyOnWriteArrayList<>();
    private final List<Integer> closes = new CopyOnWriteArrayList<>();
    private volatile boolean slow;

    @Override
    public void send(byte[] message, Connection.Completion completion) {
      received.add(message);
      if (!slow) {
        completion.sent();
      }
    }

    @Override
    public void close(int code, String reason) {
      closes.add(code);
    }

    private long count(int... start) {
      return received.stream()
          .filter(
              m -> {
                boolean same = m.length >= start.length;
                for (int i = 0; same && i < start.length; i++) {
                  same = m[i] == start[i];
                }
                return same;
              })
          .count();
    }
  }

  private YjsClient connect(String room, Link link) {
    return rooms.connect(room, link, Identity.of("ada"));
  }

  /** A garbage-collected run of one client: the shortest update there is. */
  private static byte[] update(int client, int clock, int length) {
    return new byte[] {1, 1, (byte) client, (byte) clock, 0, (byte) length, 0};
  }

  private static byte[] edit(int client, int clock, int length) {
    return YjsMessages.sync(YjsMessages.UPDATE, update(client, clock, length));
  }

  private static byte[] state(int client, int clock, String json) {
    return YjsMessages.awareness(
        Awareness.write(List.of(new Awareness.State(client, clock, json))));
  }

  @Test
  void anEditReachesTheOthersOnceAndOnlyWhenItIsStored() {
    List<CompletableFuture<String>> writes = new CopyOnWriteArrayList<>();
    rooms =
        open(
            YjsOptions.on(
                store(
                    update -> {
                      CompletableFuture<String> write = new CompletableFuture<>();
                      writes.add(write);
                      return write;
                    })));
    Link one = new Link();
    Link two = new Link();
    YjsClient writer = connect("r", one);
    connect("r", two);
    writer.receive(edit(5, 0, 3));
    await().atMost(PATIENCE).until(() -> writes.size() == 1);
    assertThat(two.count(0, 2)).isZero();
    writes.get(0).complete("k");
    await().atMost(PATIENCE).until(() -> two.count(0, 2) == 1);
    writer.receive(edit(5, 0, 3)); // nothing new
    writer.receive(edit(5, 3, 1));
    await().atMost(PATIENCE).until(() -> writes.size() == 2);
    assertThat(one.count(0, 2)).isZero();
  }

  @Test
  void someAreSentAwaySoThatSoManyStay() {
    List<Link> links = new ArrayList<>();
    Map<Link, YjsClient> clients = new HashMap<>();
    for (int i = 0; i < 10; i++) {
      Link link = new Link();
      links.add(link);
      clients.put(link, connect("r" + i % 3, link));
    }
    for (int stay : List.of(7, 7, 4, 0)) {
      rooms.dismissAllBut(stay);
      List<Link> gone = links.stream().filter(link -> !link.closes.isEmpty()).toList();
      assertThat(gone).hasSize(10 - stay).allMatch(link -> link.closes.equals(List.of(1001)));
      if (stay == 4) {
        gone.forEach(link -> clients.get(link).closed()); // only now the adapter tells
        rooms.dismissAllBut(4);
        assertThat(links.stream().filter(link -> link.closes.isEmpty())).hasSize(4);
      }
    }
  }

  private static YjsStore store(Function<byte[], CompletionStage<String>> append) {
    return new YjsStore() {
      @Override
      public CompletionStage<Map<String, byte[]>> load(String room) {
        return CompletableFuture.completedFuture(Map.of());
      }

      @Override
      public CompletionStage<String> append(String room, byte[] update) {
        return append.apply(update);
      }

      @Override
      public CompletionStage<String> replace(
          String room, java.util.Collection<String> keys, byte[] update) {
        return CompletableFuture.failedFuture(new IllegalStateException("not now"));
      }

      @Override
      public CompletionStage<Void> delete(String room) {
        return CompletableFuture.completedFuture(null);
      }

      @Override
      public void close() {}
    };
  }

  @Test
  void anEditThatCannotBeStoredIsForwardedToNobodyAndItsSenderTriesAgain() {
    rooms =
        open(
            YjsOptions.on(
                store(
                    update -> CompletableFuture.failedFuture(new IllegalStateException("down")))));
    Link one = new Link();
    Link two = new Link();
    YjsClient writer = connect("r", one);
    connect("r", two);
    writer.receive(edit(5, 0, 3));
    await().atMost(PATIENCE).until(() -> one.closes.contains(1013));
    assertThat(two.count(0, 2)).isZero();
    assertThat(two.closes).isEmpty();
  }

  @Test
  void whatIsMissingBeforeAnEditIsAskedForAndNotClaimed() {
    Link link = new Link();
    YjsClient client = connect("gaps", link);
    time.addAndGet(10_000);
    client.receive(edit(5, 7, 3));
    await().atMost(PATIENCE).until(() -> link.count(0, 0) == 2); // at first, and for the gap
    assertThat(link.received.get(link.received.size() - 1)).containsExactly(0, 0, 1, 0);
    client.receive(edit(5, 0, 7));
    client.receive(YjsMessages.sync(YjsMessages.STEP_1, new byte[] {0}));
    await().atMost(PATIENCE).until(() -> link.count(0, 1) >= 1);
  }

  @Test
  void tenThousandRoomsOpenedAndLeftAreForgotten() {
    List<YjsClient> clients = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      clients.add(connect("room/" + i, new Link()));
    }
    assertThat(rooms.roomCount()).isEqualTo(10_000);
    assertThat(connectedTooMany().closes).containsExactly(1013);
    for (YjsClient client : clients) {
      client.receive(state(7, 1, "{}"));
      client.closed();
      client.closed();
    }
    await().atMost(PATIENCE).until(() -> rooms.roomCount() == 0);
    assertThat(rooms.connectionCount()).isZero();
  }

  private Link connectedTooMany() {
    Link link = new Link();
    assertThat(connect("one/more", link)).isNull();
    return link;
  }

  @Test
  void aRoomIsCompactedAndNothingOfItIsLost() throws Exception {
    MemoryYjsStore store = new MemoryYjsStore();
    rooms = open(YjsOptions.on(store));
    Link link = new Link();
    YjsClient client = connect("long", link);
    for (int i = 0; i < 100; i++) {
      client.receive(edit(5, i, 1));
    }
    byte[] all = rooms.read("long").toCompletableFuture().get();
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                UpdateCheck.of(rooms.read("long").toCompletableFuture().get())
                        .structs()
                        .stateVector()
                        .clock(5)
                    == 100);
    assertThat(all).isNotNull();
    client.closed();
    await().atMost(PATIENCE).until(() -> rooms.roomCount() == 0);
    Map<String, byte[]> stored = store.load("long").toCompletableFuture().get();
    assertThat(stored.size()).isLessThan(20);
    byte[] again = YjsUpdates.merge(List.copyOf(stored.values()));
    assertThat(UpdateCheck.of(again).structs().stateVector().clock(5)).isEqualTo(100);
  }

  @Test
  void aStoredUpdateThatIsSpoiledDoesNotSpoilTheRoom() throws Exception {
    MemoryYjsStore store = new MemoryYjsStore();
    store.append("spoiled", update(5, 0, 3));
    store.append("spoiled", new byte[] {1, 2, 3});
    rooms = open(YjsOptions.on(store));
    byte[] all = rooms.read("spoiled").toCompletableFuture().get();
    assertThat(UpdateCheck.of(all).structs().stateVector().clock(5)).isEqualTo(3);
    assertThat(store.load("spoiled").toCompletableFuture().get()).hasSize(2);
  }

  @Test
  void aSlowReaderIsClosedAndHoldsNobodyUp() {
    rooms = open(YjsOptions.on(new MemoryYjsStore()).queueBytes(200));
    Link slow = new Link();
    slow.slow = true;
    Link quick = new Link();
    connect("r", slow);
    connect("r", quick);
    YjsClient writer = connect("r", new Link());
    for (int i = 0; i < 60; i++) {
      writer.receive(edit(5, i, 1));
    }
    await().atMost(PATIENCE).until(() -> slow.closes.contains(4008));
    await().atMost(PATIENCE).until(() -> quick.count(0, 2) == 60);
    assertThat(quick.closes).isEmpty();
  }

  @Test
  void aDocumentBeyondItsBytesIsRefused() {
    rooms = open(YjsOptions.on(new MemoryYjsStore()).roomBytes(40));
    Link link = new Link();
    YjsClient client = connect("full", link);
    for (int i = 0; i < 30; i++) {
      client.receive(edit(i + 1, 0, 1));
    }
    await().atMost(PATIENCE).until(() -> link.closes.contains(4413));
    assertThat(link.count(2, 0)).isPositive();
  }

  @Test
  void aReaderIsToldOnceAndItsEditIsDropped() {
    Link link = new Link();
    YjsClient reader = rooms.connect("r", link, Identity.of("reader"));
    reader.receive(YjsMessages.sync(YjsMessages.STEP_2, new byte[] {0, 0})); // says nothing
    reader.receive(edit(5, 0, 1));
    reader.receive(edit(5, 1, 1));
    reader.receive(YjsMessages.sync(YjsMessages.STEP_1, new byte[] {0}));
    await().atMost(PATIENCE).until(() -> link.count(0, 1) == 1);
    assertThat(link.count(2, 0)).isEqualTo(1);
    assertThat(link.received.get(link.received.size() - 1)).containsExactly(0, 1, 2, 0, 0);
    assertThat(link.closes).isEmpty();
  }

  @Test
  void whoeverIsNotLetInHearsWhyAndIsClosed() {
    Link forbidden = new Link();
    assertThat(connect("closed/room", forbidden)).isNull();
    assertThat(forbidden.count(2, 0)).isEqualTo(1);
    assertThat(forbidden.closes).containsExactly(4403);
    Link nobody = new Link();
    assertThat(rooms.connect("r", nobody, null)).isNull();
    assertThat(nobody.closes).containsExactly(4401);
    assertThat(rooms.roomCount()).isZero();
  }

  @Test
  void silentClientsLoseTheirCursorThenTheirConnection() {
    Link silent = new Link();
    Link other = new Link();
    connect("r", silent).receive(state(7, 1, "{\"user\":1}"));
    YjsClient lively = connect("r", other);
    await().atMost(PATIENCE).until(() -> other.count(1) >= 1);
    for (int i = 0; i < 55; i++) {
      time.addAndGet(1_000);
      lively.receive(new byte[] {9});
      rooms.tick();
    }
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                other.received.stream()
                    .anyMatch(
                        m ->
                            new String(m, java.nio.charset.StandardCharsets.UTF_8)
                                .endsWith("null")));
    assertThat(silent.count(3)).isPositive(); // was asked who is here
    assertThat(silent.closes).containsExactly(4000);
    assertThat(other.count(1, 1, 0)).isPositive(); // and the lively one heard that all is well
    assertThat(other.closes).isEmpty();
  }

  @Test
  void anExpiredOrRevokedIdentityIsClosed() {
    Link expires = new Link();
    Link revoked = new Link();
    rooms.connect("r", expires, Identity.of("a").until(Instant.ofEpochMilli(time.get() + 500)));
    rooms.connect("r", revoked, Identity.of("b"));
    time.addAndGet(1_000);
    rooms.tick();
    rooms.revoke(identity -> identity.userId().equals("b"));
    assertThat(expires.closes).containsExactly(4401);
    assertThat(revoked.closes).containsExactly(4401);
  }

  @Test
  void awarenessFollowsTheClock() {
    Link link = new Link();
    Link other = new Link();
    YjsClient client = connect("r", link);
    connect("r", other);
    // both were greeted: a greeting tells who is here, too
    await().atMost(PATIENCE).until(() -> link.count(0) == 1 && other.count(0) == 1);
    client.receive(state(7, 5, "{\"at\":5}"));
    client.receive(state(7, 4, "{\"at\":4}"));
    client.receive(state(7, 5, "{\"at\":55}"));
    client.receive(state(7, 6, "{\"at\":6}"));
    await().atMost(PATIENCE).until(() -> other.count(1) == 2);
    client.closed();
    await().atMost(PATIENCE).until(() -> other.count(1) == 3);
    Link back = new Link();
    connect("r", back).receive(state(7, 6, "{\"at\":6}"));
    // it hears that it is gone, so that it insists with its next clock
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                back.received.stream()
                    .anyMatch(
                        m ->
                            new String(m, java.nio.charset.StandardCharsets.UTF_8)
                                .endsWith("null")));
  }

  @Test
  void namesOfRooms() {
    assertThat(List.of("a", "a/b//c", "ü 漢字 🎉", ".", "x".repeat(255))).allMatch(YjsRooms::isName);
    assertThat(List.of("", " a", "a ", "a\nb", "\ud800", "x".repeat(256)))
        .noneMatch(YjsRooms::isName);
  }
}
