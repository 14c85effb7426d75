package dev.tidewire.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * One HTTP request of a page, answered by the test. JSON is written with single quotes for
 * readability. Safe for any thread.
 */
final class Exchange {

  private final Request request;
  private final Response response;
  private final Callback done;
  private final String body;

  private Exchange(Request request, Response response, Callback done, String body) {
    this.request = request;
    this.response = response;
    this.done = done;
    this.body = body;
  }

  /** Takes every request whose path begins like one of these; the others go on. */
  static Handler.Wrapper taking(List<String> paths, Consumer<Exchange> consumer, Handler next) {
    return new Handler.Wrapper(next) {
      @Override
      public boolean handle(Request request, Response response, Callback callback)
          throws Exception {
        String path = Request.getPathInContext(request);
        if (path.endsWith(".js") || paths.stream().noneMatch(path::startsWith)) {
          return super.handle(request, response, callback);
        }
        String body = Content.Source.asString(request, UTF_8);
        consumer.accept(new Exchange(request, response, callback, body));
        return true;
      }
    };
  }

  /** Method, path below the context with query, and body, in one line. */
  String line() {
    String path = Request.getPathInContext(request);
    String query = request.getHttpURI().getQuery();
    return (request.getMethod() + " " + path + (query == null ? "" : "?" + query) + " " + body)
        .trim();
  }

  Exchange expect(String line) {
    assertThat(line()).isEqualTo(line.replace('\'', '"'));
    return this;
  }

  String header(String name) {
    return request.getHeaders().get(name);
  }

  /** Answers and ends. Headers are pairs of name and value. */
  void answer(int status, String json, String... headers) {
    response.setStatus(status);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
    for (int i = 0; i < headers.length; i += 2) {
      response.getHeaders().put(headers[i], headers[i + 1]);
    }
    Content.Sink.write(response, true, json.replace('\'', '"'), done);
  }

  /** Writes part of an event stream. */
  Exchange stream(String text) {
    if (!response.isCommitted()) {
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream");
    }
    Callback.Completable.with(
            written -> Content.Sink.write(response, false, text.replace('\'', '"'), written))
        .orTimeout(Peer.PATIENCE.toSeconds(), TimeUnit.SECONDS)
        .join();
    return this;
  }

  /** Ends the stream. */
  void end() {
    done.succeeded();
  }

  /** Cuts the connection in the middle of the answer: without any, a browser asks again itself. */
  void drop() {
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, 100);
    stream("{");
    request.getConnectionMetaData().getConnection().getEndPoint().close();
    done.failed(new IOException("dropped"));
  }
}
