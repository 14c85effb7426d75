package dev.tidewire.demo;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.changes.postgres.PostgresBroker;
import dev.tidewire.changes.yjs.JdbcYjsStore;
import dev.tidewire.jakarta.EndpointOptions;
import dev.tidewire.jakarta.HandshakePolicy;
import dev.tidewire.jakarta.RealtimeEndpoints;
import dev.tidewire.sync.yjs.MemoryYjsStore;
import dev.tidewire.sync.yjs.YjsOptions;
import dev.tidewire.sync.yjs.YjsStore;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import org.eclipse.jetty.ee11.servlet.DefaultServlet;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.h2.jdbcx.JdbcConnectionPool;

/**
 * A server of Yjs documents to be killed: {@code port [database file] [directory of pages]
 * [PostgreSQL that nodes share]}. Rooms below {@code readonly/} may be written to only by {@code
 * ?token=writer}, {@code secret/} is closed. Tells its port when it is ready, and a number of open
 * rooms for each line it reads.
 */
final class YjsServer {

  private YjsServer() {}

  public static void main(String[] args) throws Exception {
    Path pages = args.length > 2 ? Path.of(args[2]) : null;
    boolean durable = args.length > 1 && !args[1].isEmpty();
    Realtime realtime =
        args.length > 3 ? node(args[3]) : bus(durable ? jdbc(args[1]) : new MemoryYjsStore());
    Server jetty = start(Integer.parseInt(args[0]), realtime, pages);
    System.out.println("ready " + jetty.getURI().getPort());
    while (System.in.read() >= 0) {
      System.out.println("rooms " + Objects.requireNonNull(realtime.yjs()).roomCount());
    }
    Runtime.getRuntime().halt(0); // whoever started it is gone
  }

  static Realtime bus(YjsStore store) {
    return builder(store).build();
  }

  /** One of several nodes. */
  private static Realtime node(String postgres) {
    HikariDataSource database = new HikariDataSource();
    database.setJdbcUrl(postgres);
    return builder(JdbcYjsStore.on(database).build())
        .broker(PostgresBroker.on(database).build())
        .build();
  }

  private static Realtime.Builder builder(YjsStore store) {
    return Realtime.builder()
        .access(new Rules())
        .tokens(token -> Identity.of(token).withRoles(Set.of(token)))
        .yjs(YjsOptions.on(store));
  }

  /**
   * @param pages directory of files to serve, or null
   */
  static Server start(int port, Realtime realtime, Path pages) throws Exception {
    Server jetty = new Server();
    ServerConnector connector = new ServerConnector(jetty);
    connector.setHost("127.0.0.1");
    connector.setPort(port);
    jetty.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler("/app");
    if (pages != null) {
      context.setBaseResourceAsPath(pages);
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
    return jetty;
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
