package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Cursor;
import dev.tidewire.channel.Operation;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import dev.tidewire.rows.ColumnType;
import dev.tidewire.rows.RowColumns;
import dev.tidewire.rows.RowFilter;
import dev.tidewire.rows.RowSource;
import dev.tidewire.rows.Where;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Subscriptions to some rows of a table, through the session. */
class RowsTest {

  private static final String OPEN = "'type':'subscribe','topic':'t','where':{'status':'open'}";

  private final Realtime.Builder settings =
      Realtime.builder().access(AccessPolicy.open()).limits(l -> l.frames(0, 0));
  private final Rows source = new Rows();
  private Realtime realtime;
  private TableChannel table;

  /** Rows that stand where the test says. */
  private static final class Rows implements RowSource {
    CompletionStage<Snapshot> snapshot = CompletableFuture.failedStage(new IllegalStateException());
    final List<RowFilter> asked = new ArrayList<>();

    @Override
    public CompletionStage<RowColumns> columns() {
      Map<String, ColumnType> types = new LinkedHashMap<>();
      types.put("id", ColumnType.NUMBER);
      types.put("status", ColumnType.TEXT);
      types.put("owner", ColumnType.TEXT);
      types.put("doc", ColumnType.OTHER);
      return CompletableFuture.completedFuture(new RowColumns(types));
    }

    @Override
    public synchronized CompletionStage<Snapshot> snapshot(RowFilter filter) {
      asked.add(filter);
      return snapshot;
    }
  }

  private void start(@Nullable RowPolicy policy) {
    realtime = settings.build();
    table = realtime.tableChannel("t", source, policy);
  }

  @AfterEach
  void close() {
    if (realtime != null) {
      realtime.close();
    }
  }

  private static Map<String, @Nullable Object> row(long id, @Nullable String status, String owner) {
    Map<String, @Nullable Object> row = new LinkedHashMap<>();
    row.put("id", id);
    row.put("status", status);
    row.put("owner", owner);
    return row;
  }

  private Position insert(long id, @Nullable String status, String owner) {
    return change(Operation.INSERT, row(id, status, owner), null);
  }

  private Position change(
      Operation operation,
      Map<String, @Nullable Object> row,
      @Nullable Map<String, @Nullable Object> old) {
    return await(table.publish(new RowChange("t", operation, row, old, "u", "tx", "why")));
  }

  private static List<String> heard(Client client, int count) {
    return client.told("db_change", count).stream().map(RowsTest::text).toList();
  }

  private static String text(JsonNode frame) {
    return frame.get("operation").asString()
        + frame.at("/data/id").asString()
        + (frame.has("old") ? "<" + frame.at("/old/status").asString() : "")
        + "@"
        + offset(frame.get("id"))
        + (frame.has("prev") ? ">" + offset(frame.get("prev")) : "");
  }

  private static String offset(JsonNode id) {
    return id.asString().substring(id.asString().indexOf('.') + 1);
  }

  @Test
  void aRowThatLeavesIsADeleteAndOneThatEntersAnInsert() {
    start(null);
    Client some = connect(realtime, "ada");
    some.acked(OPEN);
    Client all = connect(realtime, "bob").subscribed("t");

    insert(1, "open", "ada");
    insert(2, "done", "ada");
    change(Operation.UPDATE, row(1, "open", "bob"), row(1, "open", "ada"));
    change(Operation.UPDATE, row(1, "done", "bob"), row(1, "open", "bob"));
    change(Operation.UPDATE, row(2, "open", "ada"), row(2, "done", "ada"));
    change(Operation.UPDATE, row(1, null, "bob"), row(1, "done", "bob"));
    change(Operation.DELETE, row(1, null, "bob"), null);
    change(Operation.DELETE, row(2, "open", "ada"), null);

    assertThat(heard(some, 5))
        .containsExactly(
            "INSERT1@1>0",
            "UPDATE1<open@3>1",
            "DELETE1<open@4>3",
            "INSERT2@5>4",
            "DELETE2<open@8>5");
    assertThat(heard(all, 8))
        .containsExactly(
            "INSERT1@1",
            "INSERT2@2",
            "UPDATE1<open@3",
            "UPDATE1<open@4",
            "UPDATE2<done@5",
            "UPDATE1<done@6",
            "DELETE1<@7",
            "DELETE2<open@8");
    JsonNode left = some.told("db_change").get(2);
    assertThat(left.get("data")).isEqualTo(left.get("old"));
    assertThat(left.get("userId").asString()).isEqualTo("u");
    assertThat(left.get("cause").asString()).isEqualTo("why");
  }

  @Test
  void resetsAreForEverybody() {
    start(null);
    Client some = connect(realtime, "ada");
    some.acked(OPEN);
    insert(1, "done", "x");
    await(table.reset());
    insert(2, "open", "x");

    JsonNode reset = some.told("reset", 1).get(0);
    assertThat(offset(reset.get("id"))).isEqualTo("2");
    assertThat(reset.at("/payload/reason").asString()).isEqualTo("UNKNOWN_CHANGE");
    assertThat(heard(some, 1)).containsExactly("INSERT2@3>2");
  }

  @Test
  void everyRunIsJudgedOncePerClass() {
    AtomicInteger judged = new AtomicInteger();
    start(
        who ->
            RowView.matching(
                who.roles().contains("staff"),
                row -> {
                  judged.incrementAndGet();
                  return who.roles().contains("staff") || "open".equals(row.get("status"));
                }));
    List<Client> guests = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      guests.add(connect(realtime, "u" + i).subscribed("t"));
    }
    Client staff =
        connect(realtime, Identity.of("s").withRoles(java.util.Set.of("staff"))).subscribed("t");

    insert(1, "open", "x");
    insert(2, "done", "x");

    heard(staff, 2);
    guests.forEach(guest -> assertThat(heard(guest, 1)).containsExactly("INSERT1@1>0"));
    assertThat(judged).hasValue(4);
    List<String> frames =
        guests.stream()
            .map(g -> g.connection().messages().get(g.connection().messages().size() - 1))
            .distinct()
            .toList();
    assertThat(frames).hasSize(1);
  }

  @Test
  void conditionsThatOnlyLookDifferentAreOneClass() {
    RowColumns columns = source.columns().toCompletableFuture().join();
    RowFilter one = RowFilter.of(Where.eq("status", "a").and(Where.in("id", 1, 2.0)), columns);
    RowFilter other =
        RowFilter.of(
            Where.and(
                List.of(
                    Where.and(List.of(Where.in("id", 2, 1.00, 1))),
                    Where.not(Where.not(Where.in("status", "a"))))),
            columns);
    assertThat(one).isEqualTo(other).hasSameHashCodeAs(other);
  }

  @Test
  void laterMembersOfAClassAreToldWhatCameBeforeThem() {
    start(null);
    Client first = connect(realtime, "ada");
    first.acked(OPEN);
    insert(1, "open", "x");
    insert(2, "done", "x");
    Client second = connect(realtime, "bob");
    assertThat(offset(second.acked(OPEN).get("position"))).isEqualTo("2");
    insert(3, "open", "x");
    first.acked("'type':'unsubscribe','topic':'t'");
    insert(4, "open", "x");

    assertThat(heard(first, 2)).containsExactly("INSERT1@1>0", "INSERT3@3>1");
    assertThat(heard(second, 2)).containsExactly("INSERT3@3>1", "INSERT4@4>3");
  }

  @Test
  void whatIsRecoveredIsFilteredToo() {
    start(null);
    Position since = insert(1, "open", "x");
    insert(2, "done", "x");
    change(Operation.UPDATE, row(2, "open", "x"), row(2, "done", "x"));
    insert(3, "done", "x");
    change(Operation.UPDATE, row(1, "done", "x"), row(1, "open", "x"));

    Client ada = connect(realtime, "ada");
    JsonNode ack = ada.acked(OPEN + ",'since':'" + since + "'");
    insert(4, "open", "x");

    assertThat(ack.get("recovered").asBoolean()).isTrue();
    assertThat(offset(ack.get("position"))).isEqualTo("5");
    List<String> missed = new ArrayList<>();
    ack.get("messages").forEach(message -> missed.add(text(message)));
    assertThat(missed).containsExactly("INSERT2@3>1", "DELETE1<open@5>3");
    assertThat(heard(ada, 1)).containsExactly("INSERT4@6>5");
  }

  @Test
  void syncReplaysOnlyWhatTheSubscriptionSees() {
    start(null);
    Position since = insert(1, "open", "x");
    insert(2, "done", "x");
    insert(3, "open", "x");
    Client ada = connect(realtime, "ada");
    ada.acked(OPEN);

    ada.acked("'type':'sync','topic':'t','after':'" + since + "'");
    assertThat(heard(ada, 1)).containsExactly("INSERT3@3>1");
    insert(4, "done", "x");
    insert(5, "open", "x");
    assertThat(heard(ada, 2).get(1)).startsWith("INSERT5@5");
  }

  @Test
  void anotherConditionTakesThePlaceOfTheFirst() {
    start(null);
    Client ada = connect(realtime, "ada");
    ada.acked(OPEN);
    insert(1, "open", "x");
    ada.acked("'type':'subscribe','topic':'t','where':{'status':'done'}");
    insert(2, "open", "x");
    insert(3, "done", "x");
    ada.acked("'type':'subscribe','topic':'t'");
    insert(4, "open", "x");

    assertThat(heard(ada, 3)).containsExactly("INSERT1@1>0", "INSERT3@3>1", "INSERT4@4");
  }

  @Test
  void senselessConditionsAreRefusedAndSayWhy() {
    start(null);
    Client ada = connect(realtime, "ada");
    Map<String, String> wrong =
        Map.ofEntries(
            Map.entry("{'nope':1}", "no column 'nope'"),
            Map.entry("{'status':{'like':'a%'}}", "unknown operator 'like'"),
            Map.entry("{'status':7}", "'status' is compared with a string"),
            Map.entry("{'id':'seven'}", "'id' is compared with a number"),
            Map.entry("{'id':1e999}", "'id' is compared with a number"),
            Map.entry("{'doc':'x'}", "'doc' can only be compared with null"),
            Map.entry("{'status':['a']}", "is compared with a string, a number"),
            Map.entry("{'status':{}}", "no operator"),
            Map.entry("{'status':{'in':'a'}}", "'in' is a list"),
            Map.entry("{'status':{'in':[null]}}", "'in' lists values"),
            Map.entry("{'id':{'gt':null}}", "not null"),
            Map.entry("{'or':[]}", "at least one"),
            Map.entry("{'and':{}}", "a list of conditions"),
            Map.entry("{'not':[]}", "a condition is an object"),
            Map.entry("'open'", "a condition is an object"),
            Map.entry("{'not':".repeat(9) + "{'id':1}" + "}".repeat(9), "nested deeper than 8"),
            Map.entry(
                "{'or':[" + "{'id':1},".repeat(100) + "{'id':1}]}", "more than 100 conditions"));
    wrong.forEach(
        (where, message) -> {
          JsonNode error = ada.ask("'type':'subscribe','topic':'t','where':" + where);
          assertThat(error.at("/payload/code").asString()).as(where).isEqualTo("BAD_REQUEST");
          assertThat(error.at("/payload/message").asString()).as(where).contains(message);
        });
    assertThat(ada.refused("'type':'subscribe','topic':'chat','where':{'a':1}"))
        .isEqualTo("BAD_REQUEST");
    assertThat(ada.refused("'type':'subscribe','topic':'chat','snapshot':true"))
        .isEqualTo("BAD_REQUEST");
    insert(1, "open", "x");
    assertThat(ada.told("db_change")).isEmpty();
    ada.acked("'type':'subscribe','topic':'t','where':{}");
  }

  @Test
  void policiesHoldForEverySubscription() {
    start(RowPolicy.where(who -> Where.eq("owner", who.userId())));
    Position since = insert(1, "open", "bob");
    insert(2, "open", "ada");
    Client ada = connect(realtime, "ada");
    JsonNode ack = ada.acked("'type':'subscribe','topic':'t','since':'" + since + "'");
    assertThat(ack.get("messages")).hasSize(1);
    Client bob = connect(realtime, "bob");
    bob.acked(OPEN);

    insert(3, "open", "ada");
    change(Operation.UPDATE, row(1, "done", "ada"), row(1, "done", "bob"));
    change(Operation.UPDATE, row(3, "open", "bob"), row(3, "open", "ada"));

    assertThat(heard(ada, 3)).containsExactly("INSERT3@3>2", "INSERT1@4>3", "DELETE3<open@5>4");
    assertThat(heard(bob, 1)).containsExactly("INSERT3@5>2");
  }

  @Test
  void policiesHoldForStreams() {
    start(who -> RowView.where(Where.eq("owner", who.userId())).hide("status"));
    Position since = insert(1, "open", "bob");
    insert(2, "open", "ada");
    Client ada =
        Client.stream(
            realtime, "ada", new StreamRequest(List.of("t"), Cursor.parse("t=" + since), null));
    assertThat(heard(ada, 1)).containsExactly("INSERT2@2>1");

    insert(3, "open", "bob");
    insert(4, "open", "ada");

    assertThat(heard(ada, 2)).containsExactly("INSERT2@2>1", "INSERT4@4>2");
    assertThat(ada.connection().messages().toString()).doesNotContain("bob", "status\"");
  }

  @Test
  void hiddenColumnsAreNeitherShownNorToBeAskedFor() {
    start(who -> RowView.where(Where.eq("owner", who.userId())).hide("Owner"));
    Client ada = connect(realtime, "ada").subscribed("t");
    JsonNode refused = ada.ask("'type':'subscribe','topic':'t','where':{'owner':'ada'}");
    assertThat(refused.at("/payload/message").asString()).contains("no column 'owner'");
    ada.acked("'type':'subscribe','topic':'t'");

    insert(1, "open", "ada");
    change(Operation.UPDATE, row(1, "open", "bob"), row(1, "open", "ada"));

    assertThat(heard(ada, 2)).containsExactly("INSERT1@1>0", "DELETE1<open@2>1");
    assertThat(ada.connection().messages().toString()).doesNotContain("owner\":");
  }

  @Test
  void aMisspeltNameToHideRefusesAndShowsNothing() {
    start(who -> RowView.all().hide("ownr"));
    Client ada = connect(realtime, "ada");
    for (String more : List.of("", ",'where':{'id':1}", ",'snapshot':true")) {
      JsonNode refused = ada.ask("'type':'subscribe','topic':'t'" + more);
      assertThat(refused.at("/payload/code").asString()).as(more).isEqualTo("FORBIDDEN");
    }
    insert(1, "open", "x");
    assertThat(ada.told("db_change")).isEmpty();
  }

  @Test
  void aPolicyThatFailsLetsNothingThrough() {
    start(
        who -> {
          if (who.userId().equals("eve")) {
            throw new IllegalStateException("no roles");
          }
          return who.userId().equals("mal")
              ? RowView.where(Where.eq("nope", 1))
              : RowView.matching(
                  1,
                  row -> {
                    throw new IllegalStateException("cannot tell");
                  });
        });
    assertThat(connect(realtime, "eve").refused("'type':'subscribe','topic':'t'"))
        .isEqualTo("FORBIDDEN");
    Client mal = connect(realtime, "mal");
    for (String where : List.of("", ",'where':{'id':1}", ",'where':{'nope':1}")) {
      JsonNode refused = mal.ask("'type':'subscribe','topic':'t'" + where);
      assertThat(refused.at("/payload/code").asString()).as(where).isEqualTo("FORBIDDEN");
      assertThat(refused.at("/payload/message").asString())
          .as(where)
          .isEqualTo("the row policy does not fit the table");
    }
    Client ada = connect(realtime, "ada").subscribed("t");
    insert(1, "open", "x");
    ada.told("reset", 1);
    assertThat(ada.told("db_change")).isEmpty();
  }

  @Test
  void theRowsAndTheirPositionComeWithTheAck() {
    start(who -> RowView.all().hide("owner"));
    Position at = insert(1, "open", "x");
    insert(2, "open", "x");
    CompletableFuture<RowSource.Snapshot> later = new CompletableFuture<>();
    source.snapshot = later;
    Client ada = connect(realtime, "ada");
    String id = ada.tell(OPEN + ",'snapshot':true");
    insert(3, "open", "x");
    insert(4, "done", "x");
    Position position = insert(5, "open", "x");
    insert(6, "open", "x");
    later.complete(new RowSource.Snapshot(List.of(row(1, "open", "x")), position));

    JsonNode ack = ada.answer(id).get("payload");
    assertThat(ack.get("position").asString()).isEqualTo(position.toString());
    assertThat(ack.get("rows").toString()).isEqualTo("[{\"id\":1,\"status\":\"open\"}]");
    assertThat(ack.has("messages")).isFalse();
    assertThat(heard(ada, 1)).containsExactly("INSERT6@6>5");
    assertThat(source.asked).hasSize(1);
    assertThat(at.offset()).isEqualTo(1);
  }

  @Test
  void rowsComeInThePlaceOfAResetWhereRecoveryIsNotPossible() {
    settings.channels("t", c -> c.retain(2, Duration.ofHours(1)));
    start(null);
    Position first = insert(1, "open", "x");
    insert(2, "open", "x");
    insert(3, "open", "x");
    Position last = insert(4, "open", "x");
    source.snapshot =
        CompletableFuture.completedFuture(
            new RowSource.Snapshot(List.of(row(4, "open", "x")), last));
    Client ada = connect(realtime, "ada");

    JsonNode far = ada.acked(OPEN + ",'snapshot':true,'since':'" + first + "'");
    assertThat(far.get("recovered").asBoolean()).isFalse();
    assertThat(far.get("rows")).hasSize(1);
    assertThat(ada.told("reset")).isEmpty();
    JsonNode near = ada.acked(OPEN + ",'snapshot':true,'since':'" + last + "'");
    assertThat(near.get("recovered").asBoolean()).isTrue();
    assertThat(near.has("rows")).isFalse();
    assertThat(source.asked).hasSize(1);
  }

  @Test
  void rowsThatCannotBeReadAreARefusalAndLeaveNoSubscription() {
    settings.limits(l -> l.queueBytes(1_000));
    start(null);
    Client ada = connect(realtime, "ada");
    assertThat(ada.refused(OPEN + ",'snapshot':true")).isEqualTo("UNAVAILABLE");
    source.snapshot =
        CompletableFuture.failedStage(
            new Rejection(dev.tidewire.protocol.ErrorCode.LIMIT_EXCEEDED, "too many"));
    assertThat(ada.refused(OPEN + ",'snapshot':true")).isEqualTo("LIMIT_EXCEEDED");
    Position position = insert(1, "open", "x");
    source.snapshot =
        CompletableFuture.completedFuture(
            new RowSource.Snapshot(List.of(row(1, "o".repeat(1_000), "x")), position));
    assertThat(ada.refused(OPEN + ",'snapshot':true")).isEqualTo("LIMIT_EXCEEDED");
    insert(2, "open", "x");
    Client.eventually()
        .until(() -> ada.refused("'type':'unsubscribe','topic':'t'").equals("NOT_SUBSCRIBED"));
    assertThat(ada.told("db_change")).isEmpty();
  }
}
