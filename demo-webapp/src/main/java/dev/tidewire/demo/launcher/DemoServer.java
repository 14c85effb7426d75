package dev.tidewire.demo.launcher;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.LongConsumer;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.ee11.annotations.AnnotationConfiguration;
import org.eclipse.jetty.ee11.webapp.MetaInfConfiguration;
import org.eclipse.jetty.ee11.webapp.WebAppContext;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.component.LifeCycle;
import org.jspecify.annotations.Nullable;

/**
 * The demo's WAR on a Jetty of its own, deployed as any container would deploy it: annotations are
 * scanned, initializers found, pages and scripts served out of the jars. Speaks HTTP/1.1 and HTTP/2
 * on its one port, in clear or with TLS. Thread-safe.
 */
public final class DemoServer implements AutoCloseable {
  /**
   * The only jars with pages, scripts or initializers inside; scanning the others would cost
   * seconds.
   */
  private static final String SCANNED_JARS =
      ".*/(jakarta-adapter|browser-client|chart\\.js|picocss__pico)-[^/]*\\.jar$";

  private final Server server;
  private final ServerConnector connector;
  private final String host;
  private final String contextPath;

  private DemoServer(Server server, ServerConnector connector, String host, String contextPath) {
    this.contextPath = contextPath;
    this.server = server;
    this.connector = connector;
    this.host = host;
  }

  /**
   * Starts the exploded WAR at {@code war}. What it stores goes to {@code data} and survives a
   * restart; with null it is kept in memory and gone with the server. Port 0 takes any free port.
   *
   * @throws java.io.IOException if the port cannot be had
   */
  public static DemoServer start(Path war, String host, int port, @Nullable Path data)
      throws Exception {
    return start(war, host, port, "/", data);
  }

  /** The same under another context path than {@code /}, such as {@code /demo}. */
  public static DemoServer start(
      Path war, String host, int port, String contextPath, @Nullable Path data) throws Exception {
    return start(war, host, port, contextPath, data, null);
  }

  /** The same with TLS if there is a certificate. */
  static DemoServer start(
      Path war,
      String host,
      int port,
      String contextPath,
      @Nullable Path data,
      @Nullable Certificate certificate)
      throws Exception {
    Server server = new Server();
    ServerConnector connector =
        certificate == null ? inClear(server) : withTls(server, certificate);
    connector.setHost(host);
    connector.setPort(port);
    // before anything else, so that a taken port is told before a database is opened
    connector.open();
    server.addConnector(connector);
    WebAppContext context = context(war, contextPath, data);
    context.setInitParameter(
        "demo.node", System.getProperty("demo.node", host + ":" + connector.getLocalPort()));
    server.setHandler(context);
    server.addEventListener(new ApplicationFirst(context));
    try {
      server.start();
    } catch (Exception e) {
      server.stop();
      throw e;
    }
    return new DemoServer(server, connector, host, contextPath);
  }

  /** A client begins with HTTP/2 or goes over to it; browsers do neither without TLS. */
  private static ServerConnector inClear(Server server) {
    HttpConfiguration http = new HttpConfiguration();
    return new ServerConnector(
        server, new HttpConnectionFactory(http), new HTTP2CServerConnectionFactory(http));
  }

  private static ServerConnector withTls(Server server, Certificate certificate) {
    HttpConfiguration https = new HttpConfiguration();
    https.addCustomizer(new SecureRequestCustomizer(false)); // the browser checks the name
    HttpConnectionFactory one = new HttpConnectionFactory(https);
    ALPNServerConnectionFactory choice = new ALPNServerConnectionFactory();
    choice.setDefaultProtocol(one.getProtocol());
    return new ServerConnector(
        server,
        new SslConnectionFactory(certificate.tls(), choice.getProtocol()),
        choice,
        new HTTP2ServerConnectionFactory(https),
        one);
  }

  /**
   * A server that stops cuts its connections; by then the application must have told its clients.
   */
  private record ApplicationFirst(WebAppContext application) implements LifeCycle.Listener {
    @Override
    public void lifeCycleStopping(LifeCycle server) {
      try {
        application.stop();
      } catch (Exception e) {
        throw new IllegalStateException("the application did not stop", e);
      }
    }
  }

  private static WebAppContext context(Path war, String contextPath, @Nullable Path data) {
    WebAppContext context = new WebAppContext();
    context.setContextPath(contextPath);
    context.setWarResource(context.getResourceFactory().newResource(war));
    context.addConfiguration(new AnnotationConfiguration());
    context.setAttribute(MetaInfConfiguration.WEBINF_JAR_PATTERN, SCANNED_JARS);
    // the launcher's class path repeats what the WAR brings; the application must only see its own
    context
        .getHiddenClassMatcher()
        .add(
            "dev.tidewire.",
            "ch.qos.logback.",
            "org.slf4j.",
            "org.jooq.",
            "tools.jackson.",
            "io.lettuce.",
            "io.netty.",
            "reactor.",
            "logback.xml");
    context.setThrowUnavailableOnStartupException(true);
    if (data != null) {
      context.setInitParameter("demo.data", data.toAbsolutePath().toString());
    }
    return context;
  }

  /** Where the demo is, for a browser. */
  public URI url() {
    String name =
        host.contains(":") ? "[" + host + "]" : host.equals("127.0.0.1") ? "localhost" : host;
    boolean encrypted = connector.getConnectionFactory(SslConnectionFactory.class) != null;
    return URI.create(
        (encrypted ? "https://" : "http://")
            + name
            + ":"
            + connector.getLocalPort()
            + (contextPath.equals("/") ? "/" : contextPath + "/"));
  }

  /** How many clients' connections are open now. */
  int connections() {
    return connector.getConnectedEndPoints().size();
  }

  /** Sends the clients away in this time, while it refuses new ones, and stops. */
  void drainAndClose(Duration over) throws Exception {
    if (server.getHandler() instanceof WebAppContext context
        && context.getServletContext().getAttribute("demo.drain") instanceof LongConsumer drain) {
      drain.accept(over.toMillis());
    }
    close();
  }

  void join() throws InterruptedException {
    server.join();
  }

  @Override
  public void close() throws Exception {
    server.stop();
  }
}
