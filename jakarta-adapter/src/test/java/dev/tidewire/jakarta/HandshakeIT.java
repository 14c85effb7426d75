package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class HandshakeIT {

  /** Nobody is a guest; the token of a user is their name behind "token-". */
  private static final Consumer<Realtime.Builder> KNOWN_USERS =
      builder ->
          builder
              .access((who, topic, action) -> !who.guest())
              .tokens(token -> token.startsWith("token-") ? Identity.of(token.substring(6)) : null);

  @Test
  void aForeignOriginIsRefusedBeforeTheUpgrade() throws Exception {
    try (TestServer server = TestServer.open()) {
      assertThatThrownBy(() -> server.connect("Origin", "https://evil.example"))
          .isInstanceOf(CompletionException.class)
          .cause()
          .isInstanceOfSatisfying(
              WebSocketHandshakeException.class,
              e -> assertThat(e.getResponse().statusCode()).isEqualTo(403));
    }
  }

  @Test
  void theOwnOriginAndAllowedOnesGetIn() throws Exception {
    EndpointOptions options =
        EndpointOptions.defaults()
            .handshake(HandshakePolicy.sameOrigin().allowOrigins("https://shop.example"));
    try (TestServer server =
        TestServer.start(options, b -> b.access(dev.tidewire.AccessPolicy.open()))) {
      try (WireClient own = server.connect("Origin", "http://127.0.0.1:" + server.port());
          WireClient allowed = server.connect("Origin", "https://shop.example")) {
        own.awaitType("welcome");
        allowed.awaitType("welcome");
      }
      assertThatThrownBy(() -> server.connect("Origin", "http://127.0.0.1:1"))
          .hasCauseInstanceOf(WebSocketHandshakeException.class);
    }
  }

  @Test
  void theContainersLoginIsTheIdentity() throws Exception {
    try (TestServer server = TestServer.start(KNOWN_USERS);
        WireClient client = server.connect("X-Test-User", "ada")) {
      assertThat(userOf(client.awaitType("welcome"))).isEqualTo("ada");
    }
  }

  @Test
  void theHttpSessionIsTheIdentityAndLogoutEndsTheConnection() throws Exception {
    try (TestServer server = TestServer.start(KNOWN_USERS)) {
      var login = server.get("/login?user=bob");
      assertThat(login.statusCode()).as(login.body()).isEqualTo(200);
      String cookie = login.headers().firstValue("Set-Cookie").orElseThrow().split(";")[0];
      WireClient client = server.connect("Cookie", cookie);
      assertThat(userOf(client.awaitType("welcome"))).isEqualTo("bob");

      server.get("/login", "Cookie", cookie);

      assertThat(client.awaitClose()).isEqualTo(4001);
    }
  }

  @Test
  void aBearerTokenIsTheIdentity() throws Exception {
    try (TestServer server = TestServer.start(KNOWN_USERS);
        WireClient client = server.connect("Authorization", "Bearer token-eve")) {
      assertThat(userOf(client.awaitType("welcome"))).isEqualTo("eve");
    }
  }

  @Test
  void aTokenInTheFirstFrameIsTheIdentity() throws Exception {
    try (TestServer server = TestServer.start(KNOWN_USERS);
        WireClient client = server.connect()) {
      client.send("{\"id\":\"early\",\"type\":\"subscribe\",\"topic\":\"t\"}");
      assertThat(client.awaitAnswer("early").path("payload").path("code").asString())
          .isEqualTo("UNAUTHORIZED");

      client.send("{\"id\":\"a\",\"type\":\"auth\",\"token\":\"token-zoe\"}");

      assertThat(userOf(client.awaitType("welcome"))).isEqualTo("zoe");
      assertThat(client.awaitAnswer("a").path("type").asString()).isEqualTo("ack");
      client.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\"}");
      assertThat(client.awaitAnswer("s").path("type").asString()).isEqualTo("ack");
    }
  }

  @Test
  void aWrongTokenCloses4001() throws Exception {
    try (TestServer server = TestServer.start(KNOWN_USERS)) {
      WireClient byFrame = server.connect();
      byFrame.send("{\"id\":\"a\",\"type\":\"auth\",\"token\":\"stolen\"}");
      assertThat(byFrame.awaitAnswer("a").path("payload").path("code").asString())
          .isEqualTo("UNAUTHORIZED");
      assertThat(byFrame.awaitClose()).isEqualTo(4001);

      WireClient byHeader = server.connect("Authorization", "Bearer stolen");
      assertThat(byHeader.awaitClose()).isEqualTo(4001);
    }
  }

  @Test
  void tokensInTheUrlAreTakenOnlyWhereAllowed() throws Exception {
    try (TestServer server = TestServer.start(KNOWN_USERS)) {
      assertThat(server.connectTo("/realtime/ws?token=token-ada").awaitClose()).isEqualTo(4001);
    }
    EndpointOptions options =
        EndpointOptions.defaults().handshake(HandshakePolicy.sameOrigin().tokenInUrl());
    try (TestServer server = TestServer.start(options, KNOWN_USERS);
        WireClient client = server.connectTo("/realtime/ws?token=token-ada")) {
      assertThat(userOf(client.awaitType("welcome"))).isEqualTo("ada");
    }
  }

  @Test
  void whoDoesNotAuthenticateInTimeIsClosed4001() throws Exception {
    try (TestServer server =
        TestServer.start(
            KNOWN_USERS.andThen(b -> b.limits(l -> l.authenticationTime(Duration.ofMillis(1)))))) {
      assertThat(server.connect().awaitClose()).isEqualTo(4001);
    }
  }

  private static String userOf(JsonNode welcome) {
    return welcome.path("payload").path("userId").asString();
  }
}
