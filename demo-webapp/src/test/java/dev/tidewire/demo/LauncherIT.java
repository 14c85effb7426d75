package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher as a process of its own. */
class LauncherIT {
  static final Pattern URL = Pattern.compile("Tidewire demo: (https?://\\S+)");
  private static final int SIGTERM = 128 + 15;

  /** The JVM's own start counts here, not how fast it gets in the end. */
  private static final List<String> QUICK =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m");

  private Process process;

  private Process launch(String... properties) throws IOException {
    process = command(properties).start();
    return process;
  }

  static ProcessBuilder command(String... properties) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(QUICK);
    command.add("-Ddemo.war=" + Stage.WAR.toAbsolutePath());
    command.addAll(List.of(properties));
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add("dev.tidewire.demo.launcher.Launcher");
    return new ProcessBuilder(command).redirectErrorStream(true);
  }

  @AfterEach
  void end() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  @Test
  void printsAnAddressThatWorksAndEndsOnSigterm() throws Exception {
    var lines = launch("-Dport=0").inputReader();
    String line = lines.readLine();
    Matcher url = URL.matcher("");
    StringBuilder before = new StringBuilder();
    while (line != null && !url.reset(line).find()) {
      before.append(line).append('\n');
      line = lines.readLine();
    }
    assertThat(line).as(before.toString()).isNotNull();
    var answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(url.group(1))).build(), BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).contains("<title>Dashboard");

    process.toHandle().destroy(); // unlike process.destroy() it leaves the output open

    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(SIGTERM);
    assertThat(lines.lines()).noneMatch(each -> each.contains("Exception"));
  }

  @Test
  void clientsAreToldToComeBackBeforeItEnds() throws Exception {
    var lines = launch("-Dport=0", "-Ddrain=2").inputReader();
    String line = lines.readLine();
    Matcher url = URL.matcher("");
    while (line != null && !url.reset(line).find()) {
      line = lines.readLine();
    }
    assertThat(line).isNotNull();
    StringBuffer told = new StringBuffer();
    CompletableFuture<Void> welcome = new CompletableFuture<>();
    CompletableFuture<Integer> closed = new CompletableFuture<>();
    WebSocket.Listener listener =
        new WebSocket.Listener() {
          @Override
          public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            told.append(data);
            welcome.complete(null);
            from.request(1);
            return null;
          }

          @Override
          public CompletionStage<?> onClose(WebSocket from, int statusCode, String reason) {
            closed.complete(statusCode);
            return null;
          }
        };
    URI address = URI.create(url.group(1).replaceFirst("http", "ws") + "realtime/ws");
    HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(address, listener).join();
    welcome.get(30, TimeUnit.SECONDS);

    process.toHandle().destroy();

    assertThat(closed.get(30, TimeUnit.SECONDS)).isEqualTo(1001);
    assertThat(told.toString()).contains("\"advice\"", "\"delayMs\":[0,1000]");
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(SIGTERM);
  }

  @Test
  void takenPortIsToldInOneLine() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      List<String> lines = launch("-Dport=" + taken.getLocalPort()).inputReader().lines().toList();
      assertThat(lines).hasSize(1);
      assertThat(lines.get(0))
          .contains("port " + taken.getLocalPort() + " is taken")
          .contains("-Dport=");
      assertThat(process.waitFor()).isEqualTo(1);
    }
  }

  @Test
  void badPortIsToldInOneLine() throws Exception {
    List<String> lines = launch("-Dport=eighty").inputReader().lines().toList();
    assertThat(lines).singleElement().asString().contains("-Dport must be a number");
    assertThat(process.waitFor()).isEqualTo(1);
  }

  @Test
  void missingKeystoreIsToldInOneLine() throws Exception {
    List<String> lines =
        launch("-Dport=0", "-Dtls", "-Dtls.keystore=none.p12").inputReader().lines().toList();
    assertThat(lines)
        .singleElement()
        .asString()
        .contains("none.p12")
        .contains("-Dtls.keystore and -Dtls.password");
    assertThat(process.waitFor()).isEqualTo(1);
  }

  @Test
  void unreachableDatabaseIsToldClearly() throws Exception {
    List<String> lines =
        launch("-Dport=0", "-Ddb.url=jdbc:postgresql://127.0.0.1:1/none")
            .inputReader()
            .lines()
            .toList();
    assertThat(lines).singleElement().asString().contains("jdbc:postgresql://127.0.0.1:1/none");
    assertThat(process.waitFor()).isEqualTo(1);
  }

  @Test
  void unreachableRedisIsToldInOneLine() throws Exception {
    List<String> lines =
        launch("-Dport=0", "-Dredis.url=redis://user:secret@127.0.0.1:1")
            .inputReader()
            .lines()
            .toList();
    assertThat(lines)
        .singleElement()
        .asString()
        .contains("cannot reach its Redis at redis://127.0.0.1:1")
        .doesNotContain("secret");
    assertThat(process.waitFor()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost:6379", "redis://"})
  void badRedisAddressIsToldInOneLine(String url) throws Exception {
    List<String> lines = launch("-Dport=0", "-Dredis.url=" + url).inputReader().lines().toList();
    assertThat(lines).singleElement().asString().contains("-Dredis.url=" + url);
    assertThat(process.waitFor()).isEqualTo(1);
  }
}
