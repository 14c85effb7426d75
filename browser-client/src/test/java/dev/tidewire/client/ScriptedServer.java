package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.server.handler.ResourceHandler;
import org.eclipse.jetty.util.resource.ResourceFactory;
import org.eclipse.jetty.websocket.server.ServerUpgradeRequest;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/**
 * Serves the client's modules and a page under {@code /app}, and beside them a WebSocket and an API
 * that do only what the test says. Safe for any thread.
 */
final class ScriptedServer implements AutoCloseable {

  private static final List<String> SCRIPTED =
      List.of("/api/", "/realtime/sse", "/realtime/poll", "/realtime/send");

  private final Server server = new Server();
  private final ServerConnector connector = new ServerConnector(server);
  private final BlockingQueue<Peer> accepted = new LinkedBlockingQueue<>();
  private final BlockingQueue<Exchange> requests = new LinkedBlockingQueue<>();

  ScriptedServer() throws Exception {
    this(0, null);
  }

  /**
   * @param port 0 for any
   * @param endpoint makes the server's end of a connection, in the place of {@link #accept}; or
   *     null
   */
  ScriptedServer(int port, Function<ServerUpgradeRequest, Object> endpoint) throws Exception {
    connector.setHost("127.0.0.1");
    connector.setPort(port);
    server.addConnector(connector);
    ResourceFactory resources = ResourceFactory.of(server);
    ResourceHandler files = new ResourceHandler();
    files.setBaseResource(
        ResourceFactory.combine(
            resources.newClassLoaderResource("META-INF/resources/"),
            resources.newClassLoaderResource("pages/"),
            resources.newClassLoaderResource("META-INF/resources/webjars/react/18.3.1/"),
            resources.newClassLoaderResource("META-INF/resources/webjars/react-dom/18.3.1/")));
    ContextHandler context = new ContextHandler("/app");
    WebSocketUpgradeHandler webSockets =
        WebSocketUpgradeHandler.from(
            server,
            context,
            container ->
                container.addMapping(
                    "/realtime/ws",
                    (request, response, callback) ->
                        endpoint == null ? new Peer(accepted::add) : endpoint.apply(request)));
    webSockets.setHandler(Exchange.taking(SCRIPTED, requests::add, files));
    context.setHandler(webSockets);
    server.setHandler(context);
    server.start();
  }

  int port() {
    return connector.getLocalPort();
  }

  String url(String path) {
    return "http://127.0.0.1:" + connector.getLocalPort() + "/app/" + path;
  }

  /** The next connection that a page opened. */
  Peer accept() throws InterruptedException {
    Peer peer = accepted.poll(Peer.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(peer).as("a connection").isNotNull();
    return peer;
  }

  /** The next request to the API. */
  Exchange request() throws InterruptedException {
    Exchange request = requests.poll(Peer.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(request).as("a request").isNotNull();
    return request;
  }

  boolean hasRequest() {
    return !requests.isEmpty();
  }

  boolean hasWaiting() {
    return !accepted.isEmpty();
  }

  @Override
  public void close() throws Exception {
    server.stop();
  }
}
