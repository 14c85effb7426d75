package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A reader of server-sent events as the HTML standard describes it; holds no thread. */
final class SseClient implements Flow.Subscriber<String>, AutoCloseable {

  static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** One dispatched event; the id is the last one seen by then. */
  record Event(String name, String data, String id) {
    JsonNode json() {
      return JSON.readTree(data);
    }
  }

  private final List<Event> events = new CopyOnWriteArrayList<>();
  private final List<String> comments = new CopyOnWriteArrayList<>();
  private final CompletableFuture<HttpResponse.ResponseInfo> head = new CompletableFuture<>();
  private final CompletableFuture<HttpResponse<Void>> response;
  private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();
  private volatile boolean ended;
  private volatile String lastId = "";
  private volatile String retry = "";
  private String name = "";
  private final List<String> data = new ArrayList<>();

  private SseClient(URI uri, String... headers) {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri).version(HttpClient.Version.HTTP_1_1);
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    HttpResponse.BodyHandler<Void> lines = HttpResponse.BodyHandlers.fromLineSubscriber(this);
    response =
        HTTP.sendAsync(
            request.build(),
            info -> {
              head.complete(info);
              return lines.apply(info);
            });
  }

  static SseClient open(URI uri, String... headers) {
    return new SseClient(uri, headers);
  }

  static SseClient open(TestServer server, String query, String... headers) {
    return open(server.uri("/realtime/sse?" + query), headers);
  }

  @Override
  public void onSubscribe(Flow.Subscription to) {
    subscription.complete(to);
    to.request(Long.MAX_VALUE);
  }

  @Override
  public void onNext(String line) {
    if (line.isEmpty()) {
      if (!data.isEmpty()) {
        events.add(new Event(name, String.join("\n", data), lastId));
      }
      name = "";
      data.clear();
    } else if (line.startsWith(":")) {
      comments.add(line);
    } else if (line.startsWith("event: ")) {
      name = line.substring(7);
    } else if (line.startsWith("data: ")) {
      data.add(line.substring(6));
    } else if (line.startsWith("id: ")) {
      lastId = line.substring(4);
    } else if (line.startsWith("retry: ")) {
      retry = line.substring(7);
    } else {
      throw new AssertionError("not a line of an event stream: " + line);
    }
  }

  @Override
  public void onError(Throwable failure) {
    ended = true;
  }

  @Override
  public void onComplete() {
    ended = true;
  }

  int status() {
    return head.orTimeout(30, TimeUnit.SECONDS).join().statusCode();
  }

  HttpHeaders headers() {
    return head.orTimeout(30, TimeUnit.SECONDS).join().headers();
  }

  List<Event> events() {
    return events;
  }

  List<Event> events(String event) {
    return events.stream().filter(e -> e.name().equals(event)).toList();
  }

  List<String> comments() {
    return comments;
  }

  String lastId() {
    return lastId;
  }

  String retry() {
    return retry;
  }

  boolean isEnded() {
    return ended;
  }

  Event awaitEvent(String event) {
    return awaitEvents(event, 1).get(0);
  }

  List<Event> awaitEvents(String event, int count) {
    WireClient.soon(event)
        .untilAsserted(
            () ->
                assertThat(events(event).size())
                    .as("%s of %s, ended %s", event, events, ended)
                    .isGreaterThanOrEqualTo(count));
    return events(event);
  }

  void awaitEnd() {
    WireClient.soon("end of stream").until(() -> ended);
  }

  /** Drops the connection. */
  @Override
  public void close() {
    ended = true;
    Flow.@Nullable Subscription open = subscription.getNow(null);
    if (open != null) {
      open.cancel();
    }
    response.cancel(true);
  }
}
