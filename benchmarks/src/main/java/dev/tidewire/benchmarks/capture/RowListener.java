package dev.tidewire.benchmarks.capture;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A WebSocket client of one table that notes how long each row took. Called by one thread of its
 * HTTP client at a time.
 */
final class RowListener implements WebSocket.Listener {

  private static final Pattern ROW = Pattern.compile("\"data\":\\{\"(?:id|ID)\":(\\d+)");
  private static final long PATIENCE_SECONDS = 60;

  private final AtomicLongArray committing;
  private final long[] nanos;
  private final StringBuilder text = new StringBuilder();
  private final CompletableFuture<Void> subscribed = new CompletableFuture<>();
  private final CompletableFuture<Void> complete = new CompletableFuture<>();
  private int rows;

  private RowListener(AtomicLongArray committing) {
    this.committing = committing;
    this.nanos = new long[committing.length()];
  }

  /**
   * @param committing when the commit of each row began, by its id
   */
  static RowListener open(int port, String topic, AtomicLongArray committing) throws Exception {
    RowListener listener = new RowListener(committing);
    HttpClient.newHttpClient()
        .newWebSocketBuilder()
        .buildAsync(URI.create("ws://127.0.0.1:" + port + "/realtime/ws"), listener)
        .get(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .sendText("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"" + topic + "\"}", true)
        .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    listener.subscribed.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    return listener;
  }

  @Override
  public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
    long now = System.nanoTime();
    text.append(part);
    if (last) {
      Matcher row = ROW.matcher(text);
      while (row.find()) {
        note(Integer.parseInt(row.group(1)), now);
      }
      if (text.indexOf("\"messageId\":\"s\"") >= 0) {
        subscribed.complete(null);
      }
      if (text.indexOf("\"type\":\"reset\"") >= 0) {
        complete.completeExceptionally(new IllegalStateException("a reset: " + text));
      }
      text.setLength(0);
    }
    socket.request(1);
    return CompletableFuture.completedStage(null);
  }

  private void note(int id, long now) {
    if (nanos[id] != 0) {
      complete.completeExceptionally(new IllegalStateException("twice: row " + id));
    }
    nanos[id] = now - committing.get(id);
    if (++rows == nanos.length) {
      complete.complete(null);
    }
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
    onError(socket, new IllegalStateException("closed with " + code + " " + reason));
    return null;
  }

  @Override
  public void onError(@Nullable WebSocket socket, Throwable error) {
    subscribed.completeExceptionally(error);
    complete.completeExceptionally(error);
  }

  /** Waits until so many rows are there, each once. */
  void await(int count) throws Exception {
    try {
      complete.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new IllegalStateException("rows are missing: " + rows + " of " + count, e);
    }
  }

  /** What each row took, by its id; after {@link #await}. */
  long[] nanos() {
    return nanos;
  }
}
