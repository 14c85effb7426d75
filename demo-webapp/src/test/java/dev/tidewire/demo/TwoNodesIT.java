package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Two demos with one Redis and one database are one application. */
class TwoNodesIT extends BrowserTest {
  private static final Pattern ON_DUTY = Pattern.compile("\"cause\":\"([^\"]+)\"");

  private final long seed = Long.getLong("tidewire.seed", System.nanoTime());
  private TwoNodes nodes;
  private Api one;
  private Api two;

  @BeforeAll
  void start() throws Exception {
    nodes = new TwoNodes(seed);
    one = nodes.one.api();
    two = nodes.two.api();
  }

  @AfterAll
  void stop() throws Exception {
    nodes.close();
  }

  private static ConditionFactory eventually() {
    return await().pollInterval(Duration.ofMillis(50)).atMost(Duration.ofSeconds(60));
  }

  @Test
  void eachSaysWhichNodeItIsAndWhereItsBusIs() {
    for (NodeProcess node : nodes.nodes()) {
      assertThat(node.output())
          .anyMatch(
              line ->
                  line.contains("Node " + node.name() + ": bus on redis://127.0.0.1:")
                      && line.endsWith("PostgreSQL"));
      assertThat(node.api().get("session").get("node").asString()).isEqualTo(node.name());
    }
  }

  @Test
  void anEmptyDatabaseIsFilledOnceAndAuctionedByOne() {
    assertThat(one.get("lists")).hasSize(2);
    assertThat(two.get("lists")).hasSize(2);
    assertThat(one.value("select count(*) from duty").intValue()).isOne();
    assertThat(one.value("select count(*) from lots").intValue()).isEqualTo(4);
    assertThat(one.value("select count(distinct title) from lots").intValue()).isEqualTo(4);
  }

  @Test
  void clientsOfBothNodesHearOneStreamWhileBothPublish() {
    StreamOracle oracle = new StreamOracle();
    List<NodeClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        clients.add(
            new NodeClient("n" + i, nodes.urls(), i % 2, List.of("chat/n"), oracle, seed + i));
      }
      eventually().until(() -> clients.stream().allMatch(NodeClient::isSubscribed));
      clients.forEach(client -> client.publish(true));
      eventually().until(() -> clients.stream().allMatch(c -> c.acknowledged() >= 40));
      clients.forEach(client -> client.publish(false));
      eventually().until(() -> clients.stream().allMatch(NodeClient::isSettled));
      eventually().until(() -> clients.stream().allMatch(c -> c.hasHeard(oracle.ends())));
      oracle.isSatisfied("both publish, seed " + seed);
    } finally {
      clients.forEach(NodeClient::close);
    }
  }

  @Test
  void sqlOfOneNodeReachesClientsOfTheOtherWithOldAndNewRow() {
    Wire wire = new Wire(nodes.two.url(), "orders");

    one.sql("insert into orders (customer, total, status) values ('Neighbour', 12.30, 'paid')");
    long id = one.value("select id from orders where customer = 'Neighbour'").longValue();
    one.sql("update orders set status = 'shipped' where id = " + id);
    one.sql("delete from orders where id = " + id);

    String row = "{\"id\":" + id + ",\"customer\":\"Neighbour\",\"total\":12.30,\"status\":";
    wire.awaitOnBoth("\"operation\":\"INSERT\",\"data\":" + row + "\"paid\"");
    wire.awaitOnBoth("\"operation\":\"UPDATE\",\"data\":" + row + "\"shipped\"");
    wire.awaitOnBoth("\"operation\":\"DELETE\",\"data\":" + row + "\"shipped\"");
    assertThat(wire.frame("\"operation\":\"UPDATE\"")).contains("\"old\":" + row + "\"paid\"");
  }

  @Test
  void aVisitorIsTheSameOnEveryNode() {
    HttpResponse<String> entered =
        one.send("POST", "session", "application/json", "{\"name\":\"Ida\",\"color\":\"red\"}");
    String cookie = entered.headers().firstValue("Set-Cookie").orElseThrow();
    assertThat(cookie).contains("HttpOnly").contains("SameSite=Lax");
    String mine = cookie.substring(0, cookie.indexOf(';'));
    JsonNode known = session(two, mine, null);
    assertThat(known.get("name").asString()).isEqualTo("Ida");
    assertThat(known.get("userId")).isEqualTo(Api.json(entered, 200).get("userId"));

    session(two, mine, "{\"name\":\"Ida B.\",\"color\":\"blue\"}");
    assertThat(session(one, mine, null).get("name").asString()).isEqualTo("Ida B.");

    String list = "{\"name\":\"Once\"}";
    JsonNode first = Api.json(write(one, mine, list), 201);
    assertThat(Api.json(write(two, mine, list), 201)).isEqualTo(first);
    assertThat(two.value("select count(*) from lists where name = 'Once'").intValue()).isOne();
    one.sql("delete from lists where name = 'Once'");
  }

  private static JsonNode session(Api node, String cookie, String json) {
    var request = node.request("session").header("Cookie", cookie);
    if (json != null) {
      request.header("Content-Type", "application/json").POST(BodyPublishers.ofString(json));
    }
    return Api.json(node.send(request), 200);
  }

  private static HttpResponse<String> write(Api node, String cookie, String list) {
    return node.send(
        node.request("lists")
            .header("Cookie", cookie)
            .header("Idempotency-Key", "two-nodes")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(list)));
  }

  @Test
  void theStreamOfOrdersIsSwitchedAnywhereAndWrittenByOne() {
    Wire wire = new Wire(nodes.one.url(), "orders");
    Api.json(one.send("PUT", "orders/stream", "application/json", "{\"running\":true}"), 200);
    assertThat(two.get("orders/stream").get("running").booleanValue()).isTrue();
    eventually().until(() -> wire.frames("\"status\":\"pending\"").size() >= 5);
    Api.json(two.send("PUT", "orders/stream", "application/json", "{\"running\":false}"), 200);
    assertThat(one.get("orders/stream").get("running").booleanValue()).isFalse();

    Set<String> writers = new TreeSet<>();
    for (String frame : wire.frames("\"status\":\"pending\"")) {
      Matcher node = ON_DUTY.matcher(frame);
      assertThat(node.find()).as(frame).isTrue();
      writers.add(node.group(1));
    }
    assertThat(writers).hasSize(1);
  }

  @Test
  void aPollGoesOnAtTheOtherNodeAndALinkDoesNot() {
    Api first = new Api(nodes.one.url(), "realtime/");
    Api second = new Api(nodes.two.url(), "realtime/");
    String cursor = first.get("poll?topic=chat/poll").get("cursor").asString();
    for (int i = 1; i <= 3; i++) {
      first.post("publish", "{\"topic\":\"chat/poll\",\"event\":\"n\",\"data\":" + i + "}");
    }
    assertThat(second.get("poll?topic=chat/poll&cursor=" + cursor).get("messages"))
        .extracting(message -> message.get("data").intValue())
        .containsExactly(1, 2, 3);

    String link = link(first);
    String send = "send?link=" + link;
    assertThat(first.send("POST", send, "application/json", "{\"type\":\"ping\"}").statusCode())
        .isEqualTo(204);
    assertThat(second.send("POST", send, "application/json", "{\"type\":\"ping\"}").statusCode())
        .isEqualTo(410);
  }

  /** Opens a link that is polled, and gives its secret. */
  private static String link(Api realtime) {
    HttpResponse<String> opened = realtime.send(realtime.request("poll?link=new").GET());
    Matcher secret = Pattern.compile("event: ?link\\ndata: ?(\\S+)").matcher(opened.body());
    assertThat(secret.find()).as(opened.body()).isTrue();
    return secret.group(1);
  }

  @Test
  void nginxTakesTurnsWithPagesAndKeepsAClientsLinkAtOneNode(@TempDir Path folder)
      throws Exception {
    StreamOracle oracle = new StreamOracle();
    try (Balancer balancer = new Balancer(nodes.nodes(), folder);
        NodeClient client =
            new NodeClient("b", List.of(balancer.url()), 0, List.of("chat/b"), oracle, seed)) {
      Set<String> answering = new TreeSet<>();
      Api pages = new Api(balancer.url());
      for (int i = 0; i < 8; i++) {
        answering.add(pages.get("session").get("node").asString());
      }
      assertThat(answering).containsExactlyInAnyOrder(nodes.one.name(), nodes.two.name());

      Api realtime = new Api(balancer.url(), "realtime/");
      String send = "send?link=" + link(realtime);
      for (int i = 0; i < 8; i++) {
        assertThat(
                realtime.send("POST", send, "application/json", "{\"type\":\"ping\"}").statusCode())
            .isEqualTo(204);
      }

      client.publish(true);
      eventually().until(() -> client.acknowledged() > 10);
      for (NodeProcess node : nodes.nodes()) { // one of them is the client's
        node.stop();
        int before = client.acknowledged();
        eventually().until(() -> client.acknowledged() > before + 10);
        node.start();
        node.awaitStart();
      }
      client.publish(false);
      eventually().until(client::isSettled);
      eventually().until(() -> client.hasHeard(oracle.ends()));
      assertThat(client.links()).as("links of a client that was moved").isGreaterThan(1);
      oracle.isSatisfied("through nginx, both nodes stopped and started, seed " + seed);
    }
  }

  @Test
  void pagesOnBothNodesShowTheSame() {
    Tab ada = keep(Tab.open(browser(), nodes.one.url(), "sql.html", "Ada Lovelace", "violet"));
    Tab grace = keep(Tab.open(browser(), nodes.two.url(), "", "Grace Hopper", "amber"));
    grace.expectCount("#orders tbody tr", 12);
    for (Map.Entry<Tab, NodeProcess> each : Map.of(ada, nodes.one, grace, nodes.two).entrySet()) {
      each.getKey().expectCount("#status[title='Connected to " + each.getValue().name() + "']", 1);
    }

    grace.expectText("#active-users", "2");
    grace.expectText("#site-people", "A");

    ada.find("#statement")
        .fill("insert into orders (customer, total, status) values ('Far away', 5, 'pending')");
    ada.find("#console button").click();
    grace.expectText("#orders tbody tr:first-child", "Far away");

    URI document = URI.create("document.html?name=far");
    ada.go(document.toString());
    grace.go(document.toString());
    ada.find("#title").fill("Written on the first node");
    grace.expect("#title").hasValue("Written on the first node");
    grace.find("#title").fill("And on the second");
    ada.expect("#title").hasValue("And on the second");
    assertThat(ada.complaints()).isEmpty();
    assertThat(grace.complaints()).isEmpty();
  }
}
