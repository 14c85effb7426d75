package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages of other sites: the listed ones can use everything, the others nothing. */
class CrossOriginIT {

  private static final String LISTED = "https://shop.example";
  private static final String FOREIGN = "https://evil.example";
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    server =
        TestServer.start(
            EndpointOptions.defaults().handshake(HandshakePolicy.sameOrigin().allowOrigins(LISTED)),
            builder -> builder.access(AccessPolicy.open()));
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/realtime/presence?topic=t", "/realtime/history?topic=t"})
  void pagesOfListedSitesMayReadAndOthersMayNot(String path) throws Exception {
    HttpResponse<String> listed = server.get(path, "Origin", LISTED);
    assertThat(listed.statusCode()).isEqualTo(200);
    assertThat(header(listed, "Access-Control-Allow-Origin")).isEqualTo(LISTED);
    assertThat(header(listed, "Access-Control-Allow-Credentials")).isEqualTo("true");
    assertThat(header(listed, "Vary")).isEqualTo("Origin");

    HttpResponse<String> foreign = server.get(path, "Origin", FOREIGN);
    assertThat(foreign.statusCode()).isEqualTo(403);
    assertThat(foreign.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
    assertThat(server.get(path, "Origin", "null").statusCode()).isEqualTo(403);
  }

  @Test
  void thePreflightOfAListedSiteIsAnsweredAndOfOthersNot() throws Exception {
    HttpResponse<String> listed = preflight(LISTED);
    assertThat(listed.statusCode()).isEqualTo(204);
    assertThat(header(listed, "Access-Control-Allow-Origin")).isEqualTo(LISTED);
    assertThat(header(listed, "Access-Control-Allow-Methods")).isEqualTo("POST");
    assertThat(header(listed, "Access-Control-Allow-Headers")).contains("Content-Type");

    assertThat(preflight(FOREIGN).headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
  }

  @Test
  void theClientIsPublicAndImportableByListedSites() throws Exception {
    HttpResponse<String> listed = server.get("/realtime/client.js", "Origin", LISTED);
    assertThat(listed.statusCode()).isEqualTo(200);
    assertThat(header(listed, "Access-Control-Allow-Origin")).isEqualTo(LISTED);

    HttpResponse<String> foreign = server.get("/realtime/client.js", "Origin", FOREIGN);
    assertThat(foreign.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
  }

  @Test
  void aPageOfAListedSiteMayPublish() throws Exception {
    String body = "{\"topic\":\"t\",\"event\":\"e\",\"data\":1}";
    assertThat(
            server
                .post(
                    "/realtime/publish", body, "Content-Type", "application/json", "Origin", LISTED)
                .statusCode())
        .isEqualTo(200);
  }

  private static HttpResponse<String> preflight(String origin) throws Exception {
    return server.send(
        HttpRequest.newBuilder(server.uri("/realtime/publish"))
            .method("OPTIONS", HttpRequest.BodyPublishers.noBody()),
        "Origin",
        origin,
        "Access-Control-Request-Method",
        "POST",
        "Access-Control-Request-Headers",
        "content-type");
  }

  private static String header(HttpResponse<String> answer, String name) {
    return answer.headers().firstValue(name).orElseThrow();
  }
}
