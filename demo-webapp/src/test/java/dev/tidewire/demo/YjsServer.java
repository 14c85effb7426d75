package dev.tidewire.demo;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.changes.yjs.JdbcYjsStore;
import dev.tidewire.jakarta.EndpointOptions;
import dev.tidewire.jakarta.HandshakePolicy;
import dev.tidewire.jakarta.RealtimeEndpoints;
import dev.tidewire.sync.yjs.MemoryYjsStore;
import dev.tidewire.sync.yjs.YjsOptions;
import dev.tidewire.sync.yjs.YjsStore;
import java.util.Set;
import org.eclipse.jetty.ee11.servlet.DefaultServlet;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.h2.jdbcx.JdbcConnectionPool;

/**
 * A server of Yjs documents to be killed: {@code port [database file] [directory of pages]}. Rooms
 * below {@code readonly/} may be written to only by {@code ?token=writer}, {@code secret/} is
 * closed. Tells its port when it is ready, and a number of open rooms for each line it reads.
 */
final class YjsServer {

  private YjsServer() {}

  public static void main(String[] args) throws Exception {
    Server jetty = new Server();
    ServerConnector connector = new ServerConnector(jetty);
    connector.setHost("127.0.0.1");
    connector.setPort(Integer.parseInt(args[0]));
    jetty.addConnector(connector);
    Realtime realtime =
        Realtime.builder()
            .access(new Rules())
            .tokens(token -> Identity.of(token).withRoles(Set.of(token)))
            .yjs(YjsOptions.on(args.length > 1 && !args[1].isEmpty() ? jdbc(args[1]) : memory()))
            .build();
    ServletContextHandler context = new ServletContextHandler("/app");
    if (args.length > 2) {
      context.setBaseResourceAsPath(java.nio.file.Path.of(args[2]));
      context.addServlet(DefaultServlet.class, "/");
    }
    JakartaWebSocketServletContainerInitializer.configure(
        context,
        (servletContext, container) ->
            RealtimeEndpoints.install(
                servletContext,
                realtime,
                EndpointOptions.defaults().handshake(HandshakePolicy.sameOrigin().tokenInUrl())));
    jetty.setHandler(context);
    jetty.start();
    System.out.println("ready " + connector.getLocalPort());
    while (System.in.read() >= 0) {
      System.out.println("rooms " + java.util.Objects.requireNonNull(realtime.yjs()).roomCount());
    }
    Runtime.getRuntime().halt(0); // whoever started it is gone
  }

  private static YjsStore memory() {
    return new MemoryYjsStore();
  }

  private static YjsStore jdbc(String file) {
    return JdbcYjsStore.on(
            JdbcConnectionPool.create("jdbc:h2:file:" + file + ";WRITE_DELAY=0", "sa", ""))
        .build();
  }

  private static final class Rules implements AccessPolicy {
    @Override
    public boolean allows(Identity identity, String topic, Action action) {
      if (topic.startsWith("yjs/secret/")) {
        return false;
      }
      return action != Action.PUBLISH
          || !topic.startsWith("yjs/readonly/")
          || identity.roles().contains("writer");
    }

    @Override
    public boolean admitsGuests() {
      return true;
    }
  }
}
