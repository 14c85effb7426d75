package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocketHandshakeException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The same WAR on containers of other makers, each in a process of its own. */
@ParameterizedClass
@EnumSource(ContainersIT.Container.class)
class ContainersIT {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** A folder with its jars, and the program that starts it. */
  enum Container {
    TOMCAT_11("tomcat-11", "TomcatRunner"),
    TOMCAT_10_1("tomcat-10.1", "TomcatRunner"),
    UNDERTOW("undertow", "UndertowRunner");

    final String jars;
    final String runner;

    Container(String jars, String runner) {
      this.jars = jars;
      this.runner = runner;
    }
  }

  @TempDir private static Path folder;
  private static Runner server;

  private final HttpClient http = HttpClient.newHttpClient();

  @Parameter Container container;

  @BeforeParameterizedClassInvocation
  static void start(Container container) throws Exception {
    Path own = Files.createDirectories(folder.resolve(container.jars));
    TestWar.write(own.resolve("war"), org.slf4j.Logger.class);
    server = new Runner(container, own);
  }

  @AfterParameterizedClassInvocation
  static void stop() throws Exception {
    server.close();
  }

  /** The process of a container, which is told what to do line by line. */
  private static final class Runner implements AutoCloseable {

    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();
    private final Process process;
    private final PrintWriter commands;
    final int port;

    Runner(Container container, Path folder) throws Exception {
      process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "-cp",
                  Path.of("target", "containers", container.jars).toAbsolutePath() + "/*",
                  Path.of("src", "test", "containers", container.runner + ".java").toString(),
                  folder.resolve("war").toString(),
                  folder.toString())
              .redirectError(folder.resolve("errors.txt").toFile())
              .start();
      commands = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
      BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
      Thread reader = new Thread(() -> read(lines), "container-output");
      reader.setDaemon(true);
      reader.start();
      port = Integer.parseInt(heard("PORT"));
    }

    private void read(BufferedReader lines) {
      try {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          said.add(line);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** What it said after this word. */
    private String heard(String word) throws InterruptedException {
      while (true) {
        String line = said.poll(120, TimeUnit.SECONDS);
        assertThat(line).as(word).isNotNull();
        if (line.startsWith(word)) {
          return line.substring(word.length()).trim();
        }
      }
    }

    String ask(String command, String word) throws InterruptedException {
      commands.println(command);
      return heard(word);
    }

    @Override
    public void close() throws InterruptedException {
      commands.close();
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    }
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port + "/app" + path);
  }

  private WireClient connect(String... headers) {
    return WireClient.connect(
        URI.create("ws://127.0.0.1:" + server.port + "/app/realtime/ws"), headers);
  }

  private HttpResponse<String> get(String path, String... headers) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri(path));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return http.send(
        HttpRequest.newBuilder(uri(path))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static WireClient subscribe(WireClient client, String topic) {
    client
        .send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"" + topic + "\",\"presence\":true}")
        .awaitAnswer("s");
    return client;
  }

  private static String publication(String topic, int data) {
    return "{\"id\":\"p%d\",\"type\":\"publish\",\"topic\":\"%s\",\"event\":\"e%d\",\"data\":%d}"
        .formatted(data, topic, data, data);
  }

  @Test
  void theConfigurerIsFoundAndFilesAreServed() throws Exception {
    try (WireClient client = connect()) {
      client.send("{\"id\":\"c\",\"type\":\"call\",\"method\":\"where\"}");
      assertThat(client.awaitAnswer("c").at("/payload/data").asString()).isEqualTo("/app");
    }
    assertThat(get("/realtime/client.js").body()).contains("createRealtime");
    assertThat(get("/index.html").body()).contains("live");
    assertThat(get("/realtime/nothing").statusCode()).isEqualTo(404);
  }

  @Test
  void messagesReachEverybodyOnceAndInOrder() {
    try (WireClient ada = subscribe(connect(), "c/order");
        WireClient bob = subscribe(connect(), "c/order")) {
      for (int i = 1; i <= 40; i++) {
        ada.send(publication("c/order", i));
      }
      ada.awaitAnswer("p40");
      bob.awaitEvent("e40");
      for (WireClient client : new WireClient[] {ada, bob}) {
        assertThat(client.frames("event").stream().map(f -> f.path("data").asInt()))
            .hasSize(40)
            .isSorted();
      }
    }
  }

  @Test
  void whatWasMissedComesWithTheNextSubscription() {
    JsonNode first;
    try (WireClient ada = subscribe(connect(), "c/missed")) {
      ada.send(publication("c/missed", 1)).awaitAnswer("p1");
      first = ada.awaitEvent("e1");
      ada.send(publication("c/missed", 2)).awaitAnswer("p2");
    }
    try (WireClient again = connect()) {
      JsonNode ack =
          again
              .send(
                  "{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"c/missed\",\"since\":\""
                      + first.path("id").asString()
                      + "\"}")
              .awaitAnswer("s");
      assertThat(ack.at("/payload/recovered").asBoolean()).isTrue();
      assertThat(ack.at("/payload/messages")).hasSize(1);
      assertThat(ack.at("/payload/messages/0/data").asInt()).isEqualTo(2);
    }
  }

  @Test
  void whoIsCutOffLeaves() {
    try (WireClient ada = subscribe(connect(), "c/room")) {
      WireClient bob = connect();
      bob.send(
          "{\"id\":\"t\",\"type\":\"track\",\"topic\":\"c/room\",\"data\":{\"name\":\"Bob\"}}");
      ada.awaitEvent("presence:join");
      bob.drop();
      ada.awaitEvent("presence:leave");
    }
  }

  @Test
  void whoLogsOutIsClosedAndLeaves() throws Exception {
    String cookie =
        get("/session?user=eve").headers().firstValue("Set-Cookie").orElseThrow().split(";")[0];
    try (WireClient ada = subscribe(connect(), "c/logout");
        WireClient eve = connect("Cookie", cookie)) {
      eve.send("{\"id\":\"t\",\"type\":\"track\",\"topic\":\"c/logout\"}").awaitAnswer("t");
      assertThat(ada.awaitEvent("presence:join").path("userId").asString()).isEqualTo("eve");

      get("/session", "Cookie", cookie);

      assertThat(eve.awaitClose()).isEqualTo(4001);
      assertThat(ada.awaitEvent("presence:leave").path("reason").asString()).isEqualTo("logout");
    }
  }

  @Test
  void strangersAndGarbageAreRefused() {
    assertThatThrownBy(() -> connect("Origin", "http://evil.example"))
        .hasCauseInstanceOf(WebSocketHandshakeException.class);
    try (WireClient client = connect()) {
      client.send("no json").awaitType("error");
      client.send("{\"id\":\"u\",\"type\":\"what\"}");
      assertThat(client.awaitAnswer("u").at("/payload/code").asString()).isEqualTo("UNKNOWN_TYPE");
      client.send("x".repeat(70_000));
      assertThat(client.awaitClose()).isEqualTo(1009);
    }
  }

  @Test
  void streamsAndPollsTellTheSame() throws Exception {
    String cursor =
        JSON.readTree(get("/realtime/poll?topic=c/all").body()).path("cursor").asString();
    try (SseClient stream = SseClient.open(uri("/realtime/sse?topic=c/all"))) {
      assertThat(stream.awaitEvent("connected").json().path("topics")).hasSize(1);
      stream.awaitEvent("subscribed");
      CompletableFuture<HttpResponse<String>> waiting =
          http.sendAsync(
              HttpRequest.newBuilder(uri("/realtime/poll?topic=c/all&wait=25&cursor=" + cursor))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(
              post("/realtime/publish", "{\"topic\":\"c/all\",\"event\":\"e1\",\"data\":1}")
                  .statusCode())
          .isEqualTo(200);
      assertThat(stream.awaitEvent("e1").json().path("data").asInt()).isEqualTo(1);
      JsonNode polled = JSON.readTree(waiting.get(30, TimeUnit.SECONDS).body());
      assertThat(polled.at("/messages/0/data").asInt()).isEqualTo(1);
      HttpResponse<String> nothing =
          get(
              "/realtime/poll?topic=c/all",
              "If-None-Match",
              "\"" + polled.path("cursor").asString() + "\"");
      assertThat(nothing.statusCode()).isEqualTo(304);
      assertThat(
              SseClient.open(uri("/realtime/sse?topic=c/all"), "Last-Event-ID", cursor)
                  .awaitEvent("e1")
                  .json()
                  .path("data")
                  .asInt())
          .isEqualTo(1);
    }
  }

  @Test
  void problemsAreToldAsProblems() throws Exception {
    HttpResponse<String> bad = post("/realtime/publish", "{\"topic\":\"not a topic\"}");
    assertThat(bad.statusCode()).isEqualTo(400);
    assertThat(bad.headers().firstValue("Content-Type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("application/problem+json"));
    assertThat(get("/realtime/ws").statusCode()).isEqualTo(426);
  }

  @Test
  void aHandshakeTooManyIsRefusedBeforeTheUpgrade() throws Exception {
    server.ask("narrow", "DEPLOYED");
    WireClient.soon("refused")
        .until(
            () -> {
              URI events =
                  URI.create("http://127.0.0.1:" + server.port + "/narrow/realtime/sse?topic=t");
              try (RawWebSocket socket =
                      RawWebSocket.handshake(server.port, "/narrow/realtime/ws");
                  SseClient stream = SseClient.open(events)) {
                boolean refused = socket.status() == 503 && stream.status() == 503;
                return refused
                    && stream.headers().firstValue("Retry-After").orElse("").equals("1")
                    && socket.answer().toLowerCase(Locale.ROOT).contains("retry-after: 1\r\n");
              }
            });
    server.ask("done", "UNDEPLOYED");
  }

  /** {@code -Dtidewire.redeployments=…} for more than ten. */
  @Test
  void redeployingUnderLoadTellsTheClientsAndLeavesNoThreadAndNoClassLoader() throws Exception {
    int times = Integer.getInteger("tidewire.redeployments", 10);
    try (Visitors visitors = new Visitors(uri("/"))) {
      for (int i = 0; i < times; i++) {
        visitors.awaitAll();
        server.ask("undeploy", "UNDEPLOYED");
        server.ask("deploy", "DEPLOYED");
      }
      visitors.awaitAll();
      assertThat(visitors.ends()).as("each was told").isNotEmpty().containsOnly(1001);
      System.out.printf(
          "%s: %d redeployments, %d published, %d sockets told to come back%n",
          container, times, visitors.published(), visitors.ends().size());
    }
    server.ask("undeploy", "UNDEPLOYED");
    WireClient.soon("the threads' end").until(() -> server.ask("threads", "THREADS").equals("0"));
    WireClient.soon("class loaders")
        .pollInterval(Duration.ofMillis(250)) // each look is a garbage collection
        // One may stay: the JDK remembers the last type that a record was compared by.
        .until(() -> Integer.parseInt(server.ask("loaders", "LOADERS")) <= 1);
    server.ask("deploy", "DEPLOYED");
  }
}
