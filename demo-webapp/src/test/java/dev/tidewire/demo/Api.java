package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The demo's HTTP API, as curl would use it. Thread-safe. */
final class Api {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static final JsonMapper JSON = new JsonMapper();

  private final URI base;

  Api(URI application) {
    this(application, "api/");
  }

  /** What is below another path than the demo's own. */
  Api(URI application, String path) {
    base = application.resolve(path);
  }

  JsonNode get(String path) {
    return json(send(request(path).GET()), 200);
  }

  HttpResponse<String> send(String method, String path, String contentType, String body) {
    return send(
        request(path)
            .header("Content-Type", contentType)
            .method(method, BodyPublishers.ofString(body)));
  }

  JsonNode post(String path, String json) {
    HttpResponse<String> answer = send("POST", path, "application/json", json);
    return json(answer, answer.statusCode() == 201 ? 201 : 200);
  }

  /** Runs a statement through the console's address. */
  JsonNode sql(String statement) {
    return json(send("POST", "sql", "text/plain", statement), 200);
  }

  /** The one value that a statement selects. */
  JsonNode value(String select) {
    return sql(select).at("/rows/0/0");
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(base.resolve(path)).timeout(Duration.ofSeconds(30));
  }

  HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return CLIENT.send(request.build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  static JsonNode json(HttpResponse<String> answer, int status) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    return answer.body().isEmpty() ? JSON.nullNode() : JSON.readTree(answer.body());
  }
}
