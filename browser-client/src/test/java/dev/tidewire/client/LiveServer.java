package dev.tidewire.client;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.sync.DocumentOptions;
import dev.tidewire.sync.DocumentStore;
import dev.tidewire.sync.FieldMap;
import dev.tidewire.sync.FieldWrite;
import dev.tidewire.sync.MemoryDocumentStore;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import java.util.Collection;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;

/**
 * The bus itself behind a WebSocket, with documents that survive a restart. {@code ?user=} says who
 * comes; whose name begins with {@code reader} may only read. Safe for any thread.
 */
final class LiveServer implements AutoCloseable {

  private final DocumentStore store = new Lasting();
  private Realtime realtime;
  private ScriptedServer server;

  LiveServer() throws Exception {
    start(0);
  }

  private void start(int port) throws Exception {
    Realtime bus =
        Realtime.builder()
            .documents(DocumentOptions.in(store).limit(100, 50_000))
            .access(
                (who, topic, action) ->
                    action != Action.PUBLISH || !who.userId().startsWith("reader"))
            .build();
    realtime = bus;
    server =
        new ScriptedServer(
            port,
            request -> {
              String query =
                  Objects.requireNonNullElse(request.getHttpURI().getQuery(), "user=somebody");
              return new Link(bus, query.replace("user=", ""));
            });
  }

  Realtime realtime() {
    return realtime;
  }

  String url(String path) {
    return server.url(path);
  }

  /** Stops; returns the port to come back on. */
  int stop() throws Exception {
    int port = server.port();
    realtime.close();
    server.close();
    return port;
  }

  void restart() throws Exception {
    restartOn(stop());
  }

  void restartOn(int port) throws Exception {
    start(port);
  }

  @Override
  public void close() throws Exception {
    stop();
  }

  /** One connection. */
  public static final class Link extends Session.Listener.AbstractAutoDemanding
      implements Connection {

    private final Realtime bus;
    private final String userId;
    private dev.tidewire.transport.Session session;

    Link(Realtime bus, String userId) {
      this.bus = bus;
      this.userId = userId;
    }

    @Override
    public void onWebSocketOpen(Session opened) {
      super.onWebSocketOpen(opened);
      session = bus.connect(this, Identity.of(userId));
    }

    @Override
    public void onWebSocketText(String message) {
      session.receive(message);
    }

    @Override
    public void onWebSocketClose(int code, String reason, Callback callback) {
      session.closed(code);
      callback.succeed();
    }

    @Override
    public void onWebSocketError(Throwable cause) {
      // its close follows
    }

    @Override
    public void send(Frame frame, Completion completion) {
      getSession().sendText(frame.text(), Callback.from(completion::sent, completion::failed));
    }

    @Override
    public void close(int code, String reason) {
      getSession().close(code, reason, Callback.NOOP);
    }

    @Override
    public String remoteAddress() {
      return "";
    }
  }

  /** Keeps its documents when the bus is closed. */
  private static final class Lasting implements DocumentStore {

    private final DocumentStore store = new MemoryDocumentStore();

    @Override
    public CompletionStage<Stored> load(String name) {
      return store.load(name);
    }

    @Override
    public CompletionStage<Void> save(
        String name, Collection<FieldWrite> writes, FieldMap.Purge purge) {
      return store.save(name, writes, purge);
    }

    @Override
    public void close() {
      // the next bus goes on with it
    }
  }
}
