package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.broker.Broker;
import dev.tidewire.sync.DocumentOptions;
import dev.tidewire.sync.DocumentStore;
import dev.tidewire.sync.FieldMap;
import dev.tidewire.sync.FieldWrite;
import dev.tidewire.sync.MemoryDocumentStore;
import dev.tidewire.sync.Stamp;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.Parallel;
import dev.tidewire.testing.WrappedBroker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Shared documents as pages and the server see them. */
class SharedDocumentsTest {

  private static final String NAME = "document-abc";
  private static final int MAX_FIELDS = 5;
  private static final int MAX_BYTES = 1_000;

  private final ManualClock clock = new ManualClock();
  private final WrappedBroker broker = new WrappedBroker(clock);
  private final GatedStore store = new GatedStore();
  private final Realtime realtime =
      realtime(DocumentOptions.in(store).removals(2, Duration.ofDays(30)), broker);
  private final SharedDocument document = realtime.documents().get(NAME);
  private final Client ada = connect(realtime, "ada");

  /** A memory store whose saves can be watched, held back and refused. */
  private static final class GatedStore implements DocumentStore {
    final DocumentStore store = new MemoryDocumentStore();
    volatile Supplier<CompletionStage<@Nullable Void>> before =
        () -> CompletableFuture.completedStage(null);

    @Override
    public CompletionStage<Stored> load(String name) {
      return store.load(name);
    }

    @Override
    public CompletionStage<Void> save(
        String name, Collection<FieldWrite> writes, FieldMap.@Nullable Purge purge) {
      return before.get().thenCompose(nothing -> store.save(name, writes, purge));
    }

    @Override
    public void close() {
      store.close();
    }
  }

  private Realtime realtime(DocumentOptions options, Broker streams) {
    return Realtime.builder()
        .clock(clock)
        .broker(streams)
        .documents(options.limit(MAX_FIELDS, MAX_BYTES))
        .access(
            (who, topic, action) ->
                switch (who.userId()) {
                  case "stranger" -> false;
                  case "reader" -> action == Action.SUBSCRIBE;
                  default -> true;
                })
        .channels("doc/*", channel -> channel.retain(100, Duration.ofHours(1)))
        .build();
  }

  @AfterEach
  void close() {
    realtime.close();
  }

  private Stamp stamp(long after, String replica) {
    return new Stamp(clock.millis() + after, 0, replica);
  }

  private static String write(String field, Stamp at, @Nullable String value) {
    return "{'field':'%s','at':'%s'%s}"
        .formatted(field, at, value == null ? "" : ",'value':" + value);
  }

  private static String update(String... writes) {
    return call("update", "'document':'" + NAME + "','writes':[" + String.join(",", writes) + "]");
  }

  private static String call(String method, String data) {
    return "'type':'call','method':'document:" + method + "','data':{" + data + "}";
  }

  private static String open() {
    return call("open", "'document':'" + NAME + "'");
  }

  private static List<String> lost(JsonNode ack) {
    return ack.at("/data/lost").valueStream().map(JsonNode::asString).toList();
  }

  private DocumentSnapshot now() {
    return await(document.read());
  }

  @Test
  void whatAPageWritesIsReadInJavaAndToldToEverybody() {
    Client bob = connect(realtime, "bob").subscribed("doc/" + NAME);
    Stamp at = stamp(0, "a");

    assertThat(lost(ada.acked(update(write("title", at, "'Tide'"), write("n", at, "[1, 2]")))))
        .isEmpty();

    assertThat(now().get("title", String.class)).isEqualTo("Tide");
    assertThat(now().fields()).containsExactlyInAnyOrder("title", "n");
    assertThat(new JsonMapper().readTree(now().json()).toString())
        .isEqualTo("{\"title\":\"Tide\",\"n\":[1,2]}");
    JsonNode event = bob.told("event", 1).get(0);
    assertThat(event.get("event").asString()).isEqualTo("document:update");
    assertThat(event.get("userId").asString()).isEqualTo("ada");
    assertThat(event.at("/data/writes/0").toString())
        .isEqualTo("{\"field\":\"title\",\"at\":\"" + at + "\",\"value\":\"Tide\"}");
  }

  record Paper(String title, int pages) {}

  @Test
  void javaReadsAndWritesTheSameDocument() {
    Client bob = connect(realtime, "bob").subscribed(document.topic());
    await(document.setAll(Map.of("title", "Tide", "pages", 3)));
    await(document.set("gone", List.of()));
    await(document.remove("gone"));

    assertThat(now().as(Paper.class)).isEqualTo(new Paper("Tide", 3));
    assertThat(now().json("gone")).isNull();
    await(document.set("title", null));
    assertThat(now().json("title")).isEqualTo("null");
    assertThat(now().get("title", String.class)).isNull();
    assertThat(bob.told("event", 4).get(2).at("/data/writes/0").has("value")).isFalse();
    assertThatThrownBy(() -> document.set("", 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> document.set("a\n", 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> realtime.documents().get("a b"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void newcomerGetsTheDocumentAsItIsWithItsRemovals() {
    ada.acked(update(write("title", stamp(0, "a"), "'x'"), write("__proto__", stamp(0, "a"), "1")));
    ada.acked(update(write("title", stamp(1, "a"), null)));

    JsonNode opened = connect(realtime, "reader").acked(open()).get("data");

    assertThat(opened.get("now").asLong()).isEqualTo(clock.millis());
    assertThat(opened.get("drift").asLong()).isEqualTo(60_000);
    assertThat(opened.get("writable").asBoolean()).isFalse();
    assertThat(opened.get("writes").valueStream().map(JsonNode::toString))
        .containsExactlyInAnyOrder(
            "{\"field\":\"title\",\"at\":\"" + stamp(1, "a") + "\"}",
            "{\"field\":\"__proto__\",\"at\":\"" + stamp(0, "a") + "\",\"value\":1}");
    assertThat(ada.acked(open()).at("/data/writable").asBoolean()).isTrue();
  }

  @Test
  void readingAndWritingAreAllowedApart() {
    Client reader = connect(realtime, "reader");
    Client stranger = connect(realtime, "stranger");

    assertThat(reader.refused(update(write("a", stamp(0, "r"), "1")))).isEqualTo("FORBIDDEN");
    assertThat(stranger.refused(open())).isEqualTo("FORBIDDEN");
    assertThat(stranger.refused(update())).isEqualTo("FORBIDDEN");
    assertThat(now().fields()).isEmpty();
  }

  @Test
  void nobodyForgesWhatADocumentTells() {
    String forged = "'type':'publish','topic':'%s','event':'%s','data':{}";
    assertThat(ada.refused(forged.formatted("doc/" + NAME, "document:update")))
        .isEqualTo("BAD_REQUEST");
    assertThat(ada.refused(forged.formatted("doc/" + NAME, "message"))).isEqualTo("FORBIDDEN");
    assertThatThrownBy(() -> realtime.channel("doc/x").publish("document:update", 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> realtime.onCall("document:open", request -> 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void laterWriteCountsWhateverComesFirst() {
    ada.acked(update(write("a", stamp(5, "a"), "'later'"), write("b", stamp(1, "a"), "1")));

    JsonNode ack =
        ada.acked(update(write("a", stamp(4, "z"), "'late'"), write("b", stamp(1, "b"), "2")));

    assertThat(lost(ack)).containsExactly("a");
    assertThat(now().get("a", String.class)).isEqualTo("later");
    assertThat(now().get("b", Integer.class)).isEqualTo(2);
  }

  @Test
  void repeatedUpdateIsAcceptedAndToldAsItIsKnown() {
    Client bob = connect(realtime, "bob").subscribed(document.topic());
    ada.acked(update(write("a", stamp(0, "a"), "1")));

    assertThat(lost(ada.acked(update(write("a", stamp(0, "a"), "2"))))).isEmpty();

    assertThat(now().get("a", Integer.class)).isEqualTo(1);
    assertThat(bob.told("event", 2).get(1).at("/data/writes/0/value").asInt()).isEqualTo(1);
  }

  @Test
  void clockThatIsFarAheadDoesNotWin() {
    assertThat(ada.refused(update(write("a", stamp(60_001, "a"), "1")))).isEqualTo("CONFLICT");
    assertThat(now().fields()).isEmpty();

    ada.acked(update(write("a", stamp(60_000, "a"), "1")));
    await(document.set("a", 2));
    assertThat(now().get("a", Integer.class)).isEqualTo(2);
  }

  @Test
  void documentHasItsLimitsAndARefusedUpdateLeavesNothing() {
    String[] six = new String[MAX_FIELDS + 1];
    for (int i = 0; i < six.length; i++) {
      six[i] = write("f" + i, stamp(0, "a"), "1");
    }
    assertThat(ada.refused(update(six))).isEqualTo("LIMIT_EXCEEDED");
    assertThat(now().fields()).isEmpty();

    six[5] = write("f0", stamp(1, "a"), null);
    ada.acked(update(six));
    assertThat(now().fields()).hasSize(MAX_FIELDS - 1);
    int room = MAX_BYTES - 4 * 3 - 1;
    assertThat(ada.refused(update(write("x", stamp(0, "a"), "'" + "y".repeat(room - 1) + "'"))))
        .isEqualTo("LIMIT_EXCEEDED");
    ada.acked(update(write("x", stamp(0, "a"), "'" + "y".repeat(room - 2) + "'")));
    assertThatThrownBy(() -> await(document.set("f1", 22)))
        .hasRootCauseMessage("a document has at most 1000 bytes");
  }

  @Test
  void callsThatMakeNoSenseAreRefused() {
    String at = stamp(0, "a").toString();
    String writes = "'document':'" + NAME + "','writes':";
    assertThat(ada.refused("'type':'call','method':'document:open'")).isEqualTo("BAD_REQUEST");
    assertThat(ada.refused(call("open", ""))).isEqualTo("BAD_REQUEST");
    assertThat(ada.refused(call("open", "'document':'ä'"))).isEqualTo("BAD_REQUEST");
    assertThat(ada.refused(call("open", "'document':''"))).isEqualTo("BAD_REQUEST");
    assertThat(ada.refused(call("delete", "'document':'x'"))).isEqualTo("UNKNOWN_TOPIC");
    for (String bad :
        List.of(
            "[1]",
            "[{}]",
            "[{'field':'a','at':'now','value':1}]",
            "[{'field':'','at':'" + at + "'}]",
            "[{'field':'a\\u0000','at':'" + at + "'}]",
            "[{'field':'" + "a".repeat(129) + "','at':'" + at + "'}]",
            "[{'at':'" + at + "'}]")) {
      assertThat(ada.refused(call("update", writes + bad))).as(bad).isEqualTo("BAD_REQUEST");
    }
    ada.acked(call("update", writes + "[]"));
    assertThat(now().fields()).isEmpty();
  }

  @Test
  void writeIsStoredBeforeAnybodyHearsOfIt() {
    CompletableFuture<@Nullable Void> gate = new CompletableFuture<>();
    store.before = () -> gate;
    Client bob = connect(realtime, "bob").subscribed(document.topic());

    String id = ada.tell(update(write("a", stamp(0, "a"), "1")));
    ada.say("{'type':'ping'}");
    ada.told("pong", 1);
    assertThat(ada.answers(id)).isEmpty();
    assertThat(bob.told("event")).isEmpty();

    gate.complete(null);
    ada.answer(id);
    bob.told("event", 1);
  }

  @Test
  void writeThatIsNotStoredIsNotThere() {
    store.before = () -> CompletableFuture.failedStage(new IllegalStateException("disk full"));
    assertThat(ada.refused(update(write("a", stamp(0, "a"), "1")))).isEqualTo("UNAVAILABLE");

    store.before = () -> CompletableFuture.completedStage(null);
    assertThat(now().fields()).isEmpty();
    ada.acked(update(write("a", stamp(0, "a"), "1")));
    assertThat(now().get("a", Integer.class)).isEqualTo(1);
  }

  @Test
  void whatIsStoredAndCouldNotBeToldIsToldLater() {
    Client bob = connect(realtime, "bob").subscribed(document.topic());
    store.before =
        () -> {
          broker.failWith(new IllegalStateException("no network"));
          return CompletableFuture.completedStage(null);
        };
    assertThat(ada.refused(update(write("a", stamp(0, "a"), "1")))).isEqualTo("UNAVAILABLE");

    broker.failWith(null);

    eventually().until(() -> !bob.told("event").isEmpty());
    assertThat(bob.told("event").get(0).at("/data/writes/0/value").asInt()).isEqualTo(1);
  }

  @Test
  void idleDocumentsLeaveMemoryAndComeBack() {
    await(document.set("a", 1));
    for (int i = 0; i < 10_000; i++) {
      await(realtime.documents().get("room/" + i).read());
    }
    assertThat(realtime.documents().loadedCount()).isEqualTo(10_001);

    clock.advance(Duration.ofMinutes(6));

    eventually().until(() -> realtime.documents().loadedCount() == 0);
    assertThat(now().get("a", Integer.class)).isEqualTo(1);
  }

  @Test
  void restartedServerGoesOnWithItsStore() {
    await(document.set("a", 1));
    Realtime next = Realtime.builder().clock(clock).documents(DocumentOptions.in(store)).build();
    try {
      SharedDocument again = next.documents().get(NAME);
      await(again.set("b", 2));
      assertThat(await(again.read()).json()).isEqualTo("{\"a\":1,\"b\":2}");
    } finally {
      next.close();
    }
  }

  @Test
  void writesOfOtherNodesAreSeen() {
    await(document.set("a", 1));
    FieldWrite other = new FieldWrite("a", stamp(100, "other"), "2");
    await(store.store.save(NAME, List.of(other), null));
    await(realtime.channel(document.topic()).publish("told-by-the-other-node", null));

    assertThat(now().get("a", Integer.class)).isEqualTo(2);
    await(document.set("a", 3));
    assertThat(now().get("a", Integer.class)).isEqualTo(3);
  }

  @Test
  void removedFieldsAreRememberedUpToABoundAndDoNotComeBack() {
    for (int i = 0; i < 3; i++) {
      await(document.set("f" + i, i));
      clock.advance(Duration.ofMillis(1));
      await(document.remove("f" + i));
    }
    assertThat(ada.acked(open()).at("/data/writes")).hasSize(2);

    Stamp early = stamp(-1_000, "a");
    JsonNode ack =
        ada.acked(
            update(write("f0", early, "1"), write("f1", early, "1"), write("f2", early, "1")));

    assertThat(lost(ack)).containsExactly("f0", "f1", "f2");
    assertThat(now().fields()).isEmpty();
    ada.acked(update(write("f0", stamp(1, "a"), "1")));
    assertThat(now().fields()).containsExactly("f0");
  }

  @Test
  void manyWritersAndEverybodyWhoListensAgreeInTheEnd() {
    long seed = Long.getLong("sync.seed", System.nanoTime());
    Map<String, FieldWrite> expected = new ConcurrentHashMap<>();
    FieldMap listener = new FieldMap();
    Realtime all =
        realtime(DocumentOptions.in(new MemoryDocumentStore()), new WrappedBroker(clock));
    Client bob = connect(all, "bob").subscribed(document.topic());
    int edits = Integer.getInteger("sync.writes", 100);
    List<Parallel.Task> writers = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      String name = "w" + i;
      Random random = new Random(seed + i);
      writers.add(() -> edit(connect(all, name), name, edits, random, expected));
    }
    Parallel.run(writers);
    expected.values().removeIf(FieldWrite::isRemoval);
    eventually()
        .untilAsserted(
            () -> {
              for (JsonNode event : bob.told("event")) {
                for (JsonNode told : event.at("/data/writes")) {
                  JsonNode value = told.get("value");
                  listener.merge(
                      new FieldWrite(
                          told.get("field").asString(),
                          Objects.requireNonNull(Stamp.parse(told.get("at").asString())),
                          value == null ? null : value.toString()));
                }
              }
              assertThat(listener.writes().stream().filter(write -> !write.isRemoval()))
                  .as("seed %s", seed)
                  .containsExactlyInAnyOrderElementsOf(expected.values());
            });
    DocumentSnapshot end = await(all.documents().get(NAME).read());
    assertThat(end.fields()).as("seed %s", seed).isEqualTo(expected.keySet());
    System.out.printf("sync: seed %d, 10 writers, %d writes%n", seed, 10 * edits);
    all.close();
  }

  /** Writes at random, now and then the same again. */
  private void edit(
      Client client, String name, int edits, Random random, Map<String, FieldWrite> expected) {
    for (int edit = 0; edit < edits; edit++) {
      Stamp at = new Stamp(clock.millis() + random.nextInt(50), edit, name);
      String field = "f" + random.nextInt(MAX_FIELDS);
      @Nullable String value = random.nextInt(4) == 0 ? null : "" + edit;
      String frame = update(write(field, at, value));
      for (int repeat = 0; repeat <= random.nextInt(2); repeat++) {
        while (!client.ask(frame).get("type").asString().equals("ack")) {
          clock.advance(Duration.ofMillis(100)); // too fast for the limit of frames
        }
      }
      expected.merge(
          field, new FieldWrite(field, at, value), (a, b) -> a.at().isAfter(b.at()) ? a : b);
    }
  }
}
