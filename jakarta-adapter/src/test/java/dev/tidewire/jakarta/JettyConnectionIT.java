package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpointConfig;
import java.net.URI;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On an embedded Jetty text goes to Jetty's own session, not through the portable interface. */
class JettyConnectionIT {

  private final Server jetty = new Server();
  private final ServerConnector connector = new ServerConnector(jetty);
  private final BlockingQueue<WebSocketConnection> opened = new LinkedBlockingQueue<>();
  private final BlockingQueue<Object> told = new LinkedBlockingQueue<>();
  private final Connection.Completion completion =
      new Connection.Completion() {
        @Override
        public void sent() {
          told.add("sent");
        }

        @Override
        public void failed(Throwable cause) {
          told.add(cause);
        }
      };

  /** Public because Jetty demands it. */
  public final class Opening extends Endpoint {
    @Override
    public void onOpen(Session session, EndpointConfig config) {
      opened.add(WebSocketConnection.of(session, "", Runnable::run));
    }

    /** A client that goes is what one of the tests is about. */
    @Override
    public void onError(Session session, Throwable failure) {}
  }

  @BeforeEach
  void start() throws Exception {
    connector.setHost("127.0.0.1");
    jetty.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler("/");
    ServerEndpointConfig config =
        ServerEndpointConfig.Builder.create(Opening.class, "/ws")
            .configurator(
                new ServerEndpointConfig.Configurator() {
                  @Override
                  public <T> T getEndpointInstance(Class<T> type) {
                    return type.cast(new Opening());
                  }
                })
            .build();
    JakartaWebSocketServletContainerInitializer.configure(
        context, (servletContext, container) -> container.addEndpoint(config));
    jetty.setHandler(context);
    jetty.start();
  }

  @AfterEach
  void stop() throws Exception {
    jetty.stop();
  }

  @Test
  void sameFrameGoesToEveryReaderOnceAndWhole() throws Exception {
    Frame frame =
        Frame.join(
            List.of(
                Frame.of("{\"event\":\"first\",\"data\":\"é€😀\"}"),
                Frame.of("{\"event\":\"last\",\"data\":\"" + "x".repeat(70_000) + "\"}")));
    try (WireClient one = connect();
        WireClient other = connect()) {
      for (int i = 0; i < 2; i++) {
        WebSocketConnection connection = opened();
        assertThat(connection).isInstanceOf(JettyConnection.class);
        connection.send(frame, completion);
        assertThat(told()).isEqualTo("sent");
      }
      for (WireClient client : List.of(one, other)) {
        assertThat(client.awaitEvent("last").path("data").asString()).hasSize(70_000);
        assertThat(client.awaitEvent("first").path("data").asString()).isEqualTo("é€😀");
        assertThat(client.frames()).hasSize(2);
      }
    }
  }

  @Test
  void sendToClientThatHasGoneFails() throws Exception {
    WireClient client = connect();
    WebSocketConnection connection = opened();
    client.close();
    connection.close(1000, "");

    connection.send(Frame.of("{}"), completion);

    assertThat(told()).isInstanceOf(Throwable.class);
    assertThat(told).isEmpty();
  }

  private WireClient connect() {
    return WireClient.connect(URI.create("ws://127.0.0.1:" + connector.getLocalPort() + "/ws"));
  }

  private WebSocketConnection opened() throws InterruptedException {
    WebSocketConnection connection = opened.poll(30, TimeUnit.SECONDS);
    assertThat(connection).isNotNull();
    return connection;
  }

  private Object told() throws InterruptedException {
    Object outcome = told.poll(30, TimeUnit.SECONDS);
    assertThat(outcome).isNotNull();
    return outcome;
  }
}
