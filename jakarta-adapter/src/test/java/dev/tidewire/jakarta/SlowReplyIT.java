package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.history.HistoryQuery;
import dev.tidewire.history.HistoryStore;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpFilter;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.eclipse.jetty.ee11.servlet.FilterHolder;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.junit.jupiter.api.Test;

/** Replies that are not there at once. */
class SlowReplyIT {

  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final String PATH = "/realtime/history?topic=t";

  /** Answers a page when the test says so. */
  private static final class PatientStore implements HistoryStore {
    private final Queue<CompletableFuture<List<HistoryMessage>>> waiting =
        new ConcurrentLinkedQueue<>();

    @Override
    public CompletionStage<Void> append(HistoryMessage message, int limit) {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<List<HistoryMessage>> page(HistoryQuery query) {
      CompletableFuture<List<HistoryMessage>> page = new CompletableFuture<>();
      waiting.add(page);
      return page;
    }

    @Override
    public void close() {}
  }

  @Test
  void noThreadOfTheContainerWaitsForAReply() throws Exception {
    PatientStore store = new PatientStore();
    try (TestServer server = start(store, context -> {})) {
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      int more = server.threads().getMaxThreads() + 20;
      for (int i = 0; i < more; i++) {
        answers.add(ask(server));
      }

      WireClient.soon("all requests wait").until(() -> store.waiting.size() == more);
      assertThat(server.get("/realtime/client.js").statusCode()).isEqualTo(200);

      store.waiting.forEach(page -> page.complete(List.of()));
      for (CompletableFuture<HttpResponse<String>> answer : answers) {
        assertThat(answer.join().statusCode()).isEqualTo(200);
        assertThat(answer.join().body()).contains("\"messages\":[]");
      }
    }
  }

  @Test
  void aBackendThatFailsIsATemporaryProblemWithoutDetails() throws Exception {
    PatientStore store = new PatientStore();
    try (TestServer server = start(store, context -> {})) {
      CompletableFuture<HttpResponse<String>> answer = ask(server);
      WireClient.soon("it waits").until(() -> !store.waiting.isEmpty());
      store.waiting.remove().completeExceptionally(new IllegalStateException("jdbc:secret"));

      assertThat(answer.join().statusCode()).isEqualTo(503);
      assertThat(answer.join().body()).contains("\"UNAVAILABLE\"").doesNotContain("secret");
    }
  }

  @Test
  void aFilterThatDoesNotAllowAsynchronousRequestsIsNoObstacle() throws Exception {
    PatientStore store = new PatientStore();
    Consumer<ServletContextHandler> filter =
        context -> {
          FilterHolder holder = new FilterHolder(new HttpFilter() {});
          holder.setAsyncSupported(false);
          context.addFilter(holder, "/*", EnumSet.of(DispatcherType.REQUEST));
        };
    try (TestServer server = start(store, filter)) {
      CompletableFuture<HttpResponse<String>> answer = ask(server);
      WireClient.soon("it waits").until(() -> !store.waiting.isEmpty());
      store.waiting.remove().complete(List.of());

      assertThat(answer.join().statusCode()).isEqualTo(200);
      try (WireClient client = server.connect()) {
        client.awaitType("welcome");
      }
    }
  }

  private static TestServer start(HistoryStore store, Consumer<ServletContextHandler> more)
      throws Exception {
    return TestServer.start(
        EndpointOptions.defaults(),
        builder -> builder.access(AccessPolicy.open()).history(store),
        more);
  }

  private static CompletableFuture<HttpResponse<String>> ask(TestServer server) {
    return HTTP.sendAsync(
        HttpRequest.newBuilder(server.uri(PATH)).build(), HttpResponse.BodyHandlers.ofString());
  }
}
