package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.demo.launcher.DemoServer;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The HTTP API without a browser: what is good, and what is refused. */
class ApiIT {
  private static DemoServer server;
  private static Api api;

  @BeforeAll
  static void start() throws Exception {
    server = DemoServer.start(Stage.WAR, "127.0.0.1", 0, null);
    api = new Api(server.url());
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  private static JsonNode problem(HttpResponse<String> answer, int status) {
    assertThat(answer.headers().firstValue("content-type")).hasValue("application/problem+json");
    JsonNode problem = Api.json(answer, status);
    assertThat(problem.get("status").intValue()).isEqualTo(status);
    assertThat(problem.get("detail").stringValue())
        .isNotBlank()
        .doesNotContain("Exception", "\tat ", "org.");
    assertThat(problem.get("code").stringValue()).isNotBlank();
    return problem;
  }

  @Test
  void orderIsWrittenAndAnsweredAsStored() {
    JsonNode order =
        api.post("orders", "{\"customer\":\"Edsger\",\"total\":12.5,\"status\":\"paid\"}");
    assertThat(order.get("id").longValue()).isGreaterThan(1000);
    assertThat(order.get("total").decimalValue()).isEqualByComparingTo("12.5");
    assertThat(order.get("created_at").stringValue())
        .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
    assertThat(api.get("orders?limit=1").get(0)).isEqualTo(order);
  }

  @Test
  void consoleAnswersRowsAndCounts() {
    JsonNode table = api.sql("select 1 as a, 'x' as b, cast(null as integer) as c");
    assertThat(table.toString())
        .isEqualTo(
            "{\"columns\":[\"a\",\"b\",\"c\"],\"rows\":[[1,\"x\",null]],\"truncated\":false}");
    api.sql("insert into todos (list_id, text) values (1, 'a?b'), (1, '{0}')");
    assertThat(api.sql("update todos set done = true where list_id = 1").toString())
        .isEqualTo("{\"updated\":2}");
    assertThat(api.sql("delete from todos where list_id = 1;").get("updated").intValue())
        .isEqualTo(2);
    assertThat(api.sql("update todos set done = true where list_id = 1").get("updated").intValue())
        .isZero();
  }

  @Test
  void consoleCutsLongResults() {
    JsonNode table = api.sql("select x from system_range(1, 1000)");
    assertThat(table.get("rows")).hasSize(200);
    assertThat(table.get("truncated").booleanValue()).isTrue();
  }

  @Test
  void consoleEndsLongStatements() {
    problem(
        api.send(
            "POST",
            "sql",
            "text/plain",
            "select count(*) from system_range(1, 100000) a, system_range(1, 100000) b"),
        400);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "selec 1",
        "select * from nowhere",
        "insert into orders (customer, total) values ('x', 'not a number')",
        "insert into orders (customer) values (null)",
        "create alias evil as 'void f() { System.exit(1); }'",
        "create user evil password '' admin",
        "select file_read('/etc/passwd')",
        "call csvwrite('/tmp/tidewire-test.csv', 'select 1')",
        "script to '/tmp/tidewire-test.sql'",
        "shutdown",
        "",
        "  "
      })
  void consoleRefusesWithTheDatabasesWords(String sql) {
    problem(api.send("POST", "sql", "text/plain", sql), 400);
  }

  @Test
  void consoleTakesPlainTextOnly() {
    problem(api.send("POST", "sql", "application/json", "\"select 1\""), 415);
    problem(api.send("POST", "sql", "application/x-www-form-urlencoded", "select 1"), 415);
    problem(
        api.send(
            api.request("sql")
                .POST(BodyPublishers.ofByteArray(new byte[] {(byte) 0xc3, 0x28}))
                .header("Content-Type", "text/plain")),
        400);
    problem(api.send("POST", "sql", "text/plain", "-".repeat(20_000)), 413);
    problem(api.send(api.request("sql").GET()), 405);
  }

  @ParameterizedTest
  @CsvSource({
    "Origin, https://evil.example",
    "Origin, null",
    "Origin, http://localhost:1",
    "Sec-Fetch-Site, cross-site",
    "Sec-Fetch-Site, same-site"
  })
  void otherSitesMayNotWrite(String header, String value) {
    for (String path : List.of("sql", "orders", "session")) {
      problem(
          api.send(
              api.request(path)
                  .POST(BodyPublishers.ofString("select 1"))
                  .header("Content-Type", "text/plain")
                  .header(header, value)),
          403);
    }
  }

  @Test
  void ownPagesMayWrite() {
    URI url = server.url();
    String origin = "http://localhost:" + url.getPort();
    Api.json(
        api.send(
            api.request("sql")
                .POST(BodyPublishers.ofString("select 1"))
                .header("Content-Type", "text/plain; charset=utf-8")
                .header("Origin", origin)
                .header("Sec-Fetch-Site", "same-origin")),
        200);
  }

  @Test
  void consoleIsDeafToForeignNamesOfThisMachine() throws IOException {
    String request =
        "POST /api/sql HTTP/1.1\r\nHost: rebound.example\r\nOrigin: http://rebound.example\r\nContent-Type: text/plain\r\nContent-Length: 8\r\nConnection: close\r\n\r\nselect 1";
    try (Socket socket = new Socket("127.0.0.1", server.url().getPort())) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 403").contains("FORBIDDEN");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "POST  | orders              | {\"customer\":\"\",\"total\":1}                  | 400",
        "POST  | orders              | {\"customer\":\"x\",\"total\":-1}                | 400",
        "POST  | orders              | {\"customer\":\"x\",\"total\":1.234}             | 400",
        "POST  | orders              | {\"customer\":\"x\",\"total\":1e999999999}       | 400",
        "POST  | orders              | {\"customer\":\"x\",\"total\":\"1\"}             | 400",
        "POST  | orders              | {\"customer\":7,\"total\":1}                     | 400",
        "POST  | orders              | {\"customer\":\"x\",\"total\":1,\"status\":\"?\"}| 400",
        "POST  | orders              | [1]                                              | 400",
        "POST  | orders              | {\"customer\":                                   | 400",
        "POST  | orders              | {} {}                                            | 400",
        "PUT   | orders/stream       | {\"running\":\"yes\"}                            | 400",
        "POST  | session             | {\"name\":\"x\",\"color\":\"#fff\"}              | 400",
        "POST  | session             | {\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"color\":\"teal\"} | 400",
        "POST  | lists               | {\"name\":\"  \"}                                | 400",
        "POST  | lists               | {\"name\":\"a\\u0000b\"}                         | 400",
        "POST  | lists/1/todos       | {\"text\":\"no such list\"}                      | 404",
        "PATCH | lists/1             | {\"name\":\"no such list\"}                      | 404",
        "PATCH | todos/1             | {\"baseVersion\":1,\"done\":true}                | 404",
        "PATCH | todos/1001          | {\"done\":true}                                  | 400",
        "PATCH | todos/1001          | {\"baseVersion\":1}                              | 400",
        "PATCH | todos/1001          | {\"baseVersion\":1.5,\"done\":true}              | 400",
        "PATCH | todos/x             | {\"baseVersion\":1,\"done\":true}                | 404",
        "POST  | todos/1001/move     | {\"after\":1001}                                 | 400",
        "POST  | todos/1001/move     | {\"after\":\"first\"}                            | 400",
        "DELETE| todos/1             | {}                                               | 404",
        "DELETE| orders              | {}                                               | 405",
        "POST  | nowhere             | {}                                               | 404",
      })
  void badInputIsRefusedWithAReason(String method, String path, String body, int status) {
    problem(api.send(method, path, "application/json", body), status);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"orders?limit=0", "orders?limit=-1", "orders?limit=1000000000", "orders?limit=x"})
  void limitsOutOfRangeAreRefused(String path) {
    problem(api.send(api.request(path).GET()), 400);
  }

  @Test
  void writeOnAnOldVersionIsAConflictWithTheCurrentRow() {
    long list = api.post("lists", "{\"name\":\"Conflicts\"}").get("id").longValue();
    long todo = api.post("lists/" + list + "/todos", "{\"text\":\"first\"}").get("id").longValue();
    JsonNode second =
        Api.json(
            api.send(
                "PATCH",
                "todos/" + todo,
                "application/json",
                "{\"baseVersion\":1,\"text\":\"second\"}"),
            200);
    assertThat(second.get("version").intValue()).isEqualTo(2);

    JsonNode problem =
        problem(
            api.send(
                "PATCH",
                "todos/" + todo,
                "application/json",
                "{\"baseVersion\":1,\"text\":\"third\"}"),
            409);

    assertThat(problem.get("code").stringValue()).isEqualTo("CONFLICT");
    assertThat(problem.get("current")).isEqualTo(second);
  }

  @Test
  void movingManyTimesKeepsTheOrderThatWasAskedFor() {
    long list = api.post("lists", "{\"name\":\"Shuffle\"}").get("id").longValue();
    List<Long> ids = new java.util.ArrayList<>();
    for (int i = 0; i < 4; i++) {
      ids.add(
          api.post("lists/" + list + "/todos", "{\"text\":\"item " + i + "\"}")
              .get("id")
              .longValue());
    }
    // always the last one between the first two: the room between them is used up again and again
    for (int i = 0; i < 30; i++) {
      Long last = ids.remove(3);
      Api.json(
          api.send(
              "POST",
              "todos/" + last + "/move",
              "application/json",
              "{\"after\":" + ids.get(0) + "}"),
          204);
      ids.add(1, last);
    }
    JsonNode rows =
        api.sql("select id from todos where list_id = " + list + " order by position").get("rows");
    assertThat(rows.valueStream().map(row -> row.get(0).longValue()))
        .containsExactlyElementsOf(ids);
  }

  @Test
  void answersCarryTheSecurityHeaders() throws Exception {
    HttpResponse<String> page = api.send(java.net.http.HttpRequest.newBuilder(server.url()).GET());
    assertThat(page.headers().firstValue("content-security-policy").orElseThrow())
        .contains("default-src 'self'", "frame-ancestors 'none'");
    assertThat(page.headers().firstValue("x-content-type-options")).hasValue("nosniff");
    assertThat(page.body()).doesNotContain("${");
    String chart = page.body().replaceAll("(?s).*src=\"(webjars/chart[^\"]+)\".*", "$1");
    assertThat(
            api.send(java.net.http.HttpRequest.newBuilder(server.url().resolve(chart)).GET())
                .statusCode())
        .isEqualTo(200);
  }

  private static HttpResponse<String> keyed(String method, String path, String key, String body) {
    return api.send(
        api.request(path)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .method(method, BodyPublishers.ofString(body)));
  }

  @Test
  void repeatedWriteIsCarriedOutOnce() {
    long list = api.post("lists", "{\"name\":\"Once\"}").get("id").longValue();
    String path = "lists/" + list + "/todos";
    HttpResponse<String> first = keyed("POST", path, "k1", "{\"text\":\"one\"}");
    HttpResponse<String> again = keyed("POST", path, "k1", "{\"text\":\"one\"}");
    JsonNode row = Api.json(first, 201);
    assertThat(Api.json(again, 201)).isEqualTo(row);
    assertThat(api.value("select count(*) from todos where list_id = " + list).intValue())
        .isEqualTo(1);
    assertThat(first.headers().firstValue("Tidewire-Position").orElse("")).startsWith("todos=");
    assertThat(again.headers().firstValue("Tidewire-Position")).isEmpty();

    String todo = "todos/" + row.get("id").longValue();
    String change = "{\"baseVersion\":1,\"done\":true}";
    JsonNode changed = Api.json(keyed("PATCH", todo, "k2", change), 200);
    assertThat(changed.get("version").longValue()).isEqualTo(2);
    assertThat(Api.json(keyed("PATCH", todo, "k2", change), 200)).isEqualTo(changed);
    problem(keyed("PATCH", todo, "k3", change), 409);
    problem(keyed("PATCH", todo, "k3", change), 409);
    assertThat(keyed("DELETE", todo, "k4", "").statusCode()).isEqualTo(204);
    assertThat(keyed("DELETE", todo, "k4", "").statusCode()).isEqualTo(204);
    problem(keyed("DELETE", todo, "k5", ""), 404);
  }

  @Test
  void keyOfAnotherRequestIsRefused() {
    long list = api.post("lists", "{\"name\":\"Reused\"}").get("id").longValue();
    String path = "lists/" + list + "/todos";
    Api.json(keyed("POST", path, "r1", "{\"text\":\"one\"}"), 201);
    problem(keyed("DELETE", "lists/" + list, "r1", ""), 422);
    problem(keyed("POST", path, "a b", "{\"text\":\"one\"}"), 400);
    problem(keyed("POST", path, "x".repeat(101), "{\"text\":\"one\"}"), 400);
  }

  @Test
  void sameRequestAtTheSameMomentIsCarriedOutOnce() {
    long list = api.post("lists", "{\"name\":\"Race\"}").get("id").longValue();
    List<Integer> statuses =
        java.util.stream.IntStream.range(0, 8)
            .parallel()
            .mapToObj(i -> keyed("POST", "lists/" + list + "/todos", "race", "{\"text\":\"one\"}"))
            .map(HttpResponse::statusCode)
            .toList();
    assertThat(statuses).containsOnly(201);
    assertThat(api.value("select count(*) from todos where list_id = " + list).intValue())
        .isEqualTo(1);
  }
}
