package dev.tidewire.benchmarks.fanout;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Limits;
import dev.tidewire.Realtime;
import dev.tidewire.jakarta.RealtimeEndpoints;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpointConfig;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentMap;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** One of the two servers, on the same embedded Jetty with the same settings. Thread-safe. */
final class BenchServer implements AutoCloseable {

  private static final int BACKLOG = 1024;

  private final Server jetty = new Server();
  private final ServerConnector connector = new ServerConnector(jetty);

  private BenchServer(JakartaWebSocketServletContainerInitializer.Configurator endpoints)
      throws Exception {
    connector.setHost("127.0.0.1");
    connector.setAcceptQueueSize(BACKLOG);
    jetty.addConnector(connector);
    jetty.setStopTimeout(0);
    ServletContextHandler context = new ServletContextHandler("/", ServletContextHandler.SESSIONS);
    JakartaWebSocketServletContainerInitializer.configure(context, endpoints);
    jetty.setHandler(context);
    jetty.start();
  }

  static BenchServer start(Wire wire) throws Exception {
    return wire == Wire.BARE ? bare() : tidewire();
  }

  private static BenchServer tidewire() throws Exception {
    Realtime realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .limits(BenchServer::lift)
            .heartbeat(Duration.ofMinutes(10), Duration.ofMinutes(1))
            .build();
    return new BenchServer((context, container) -> RealtimeEndpoints.install(context, realtime));
  }

  /** One address and one user make all the load, as fast as the window lets them. */
  private static void lift(Limits limits) {
    limits
        .frames(0, 0)
        .connections(0)
        .addressConnections(0)
        .userConnections(0)
        .handshakes(0)
        .addressRequests(0, 0);
  }

  private static BenchServer bare() throws Exception {
    ConcurrentMap<String, List<Session>> channels = BareEndpoint.channels();
    ServerEndpointConfig config =
        ServerEndpointConfig.Builder.create(BareEndpoint.class, "/bare/{topic}")
            .configurator(
                new ServerEndpointConfig.Configurator() {
                  @Override
                  public <T> T getEndpointInstance(Class<T> type) {
                    return type.cast(new BareEndpoint(channels));
                  }
                })
            .build();
    return new BenchServer((context, container) -> container.addEndpoint(config));
  }

  int port() {
    return connector.getLocalPort();
  }

  @Override
  public void close() throws Exception {
    jetty.stop();
  }
}
