package dev.tidewire.jakarta;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.Principal;
import java.util.EnumSet;
import java.util.function.Consumer;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** A real Jetty with the endpoints installed, a log-in page, and a container log-in by header. */
final class TestServer implements AutoCloseable {

  private static final int MAX_THREADS = 24;

  private final Server jetty = new Server(new QueuedThreadPool(MAX_THREADS));
  private final ServerConnector connector = new ServerConnector(jetty);
  private final ServletContextHandler context =
      new ServletContextHandler("/app", ServletContextHandler.SESSIONS);
  private final Realtime realtime;
  private final HttpClient http = HttpClient.newHttpClient();

  private TestServer(
      Realtime realtime, EndpointOptions options, Consumer<ServletContextHandler> more)
      throws Exception {
    this.realtime = realtime;
    connector.setHost("127.0.0.1");
    jetty.addConnector(connector);
    jetty.setStopTimeout(0); // clients that keep a connection are not waited for
    context.addFilter(new ContainerLogin(), "/*", EnumSet.of(DispatcherType.REQUEST));
    context.addServlet(new SessionLogin(), "/login");
    more.accept(context);
    JakartaWebSocketServletContainerInitializer.configure(
        context,
        (servletContext, container) ->
            RealtimeEndpoints.install(servletContext, realtime, options));
    jetty.setHandler(context);
    jetty.start();
  }

  static TestServer start(Realtime realtime, EndpointOptions options) throws Exception {
    return new TestServer(realtime, options, context -> {});
  }

  static TestServer open() throws Exception {
    return start(builder -> builder.access(AccessPolicy.open()));
  }

  static TestServer start(Consumer<Realtime.Builder> settings) throws Exception {
    return start(EndpointOptions.defaults(), settings);
  }

  static TestServer start(EndpointOptions options, Consumer<Realtime.Builder> settings)
      throws Exception {
    Realtime.Builder builder = Realtime.builder();
    settings.accept(builder);
    return start(builder.build(), options);
  }

  /**
   * @param more adds to the application what a test needs
   */
  static TestServer start(
      EndpointOptions options,
      Consumer<Realtime.Builder> settings,
      Consumer<ServletContextHandler> more)
      throws Exception {
    Realtime.Builder builder = Realtime.builder();
    settings.accept(builder);
    return new TestServer(builder.build(), options, more);
  }

  Realtime realtime() {
    return realtime;
  }

  int port() {
    return connector.getLocalPort();
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port() + "/app" + path);
  }

  WireClient connect(String... headers) {
    return connectTo("/realtime/ws", headers);
  }

  WireClient connectTo(String path, String... headers) {
    return WireClient.connect(URI.create("ws://127.0.0.1:" + port() + "/app" + path), headers);
  }

  HttpResponse<String> get(String path, String... headers) throws Exception {
    return send(HttpRequest.newBuilder(uri(path)), headers);
  }

  HttpResponse<String> post(String path, String body, String... headers) throws Exception {
    return send(
        HttpRequest.newBuilder(uri(path)).POST(HttpRequest.BodyPublishers.ofString(body)), headers);
  }

  HttpResponse<String> send(HttpRequest.Builder request, String... headers) throws Exception {
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  QueuedThreadPool threads() {
    return (QueuedThreadPool) jetty.getThreadPool();
  }

  ServletContext application() {
    return context.getServletContext();
  }

  /** Stops the application, not the server: what an undeployment is. */
  void undeploy() throws Exception {
    context.stop();
  }

  /** The application first: a server that stops cuts the sockets before anybody can be told. */
  @Override
  public void close() throws Exception {
    context.stop();
    jetty.stop();
  }

  /** Stands for the container's own authentication: who the header names is logged in. */
  private static final class ContainerLogin extends HttpFilter {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doFilter(
        HttpServletRequest request, HttpServletResponse response, jakarta.servlet.FilterChain chain)
        throws IOException, jakarta.servlet.ServletException {
      String user = request.getHeader("X-Test-User");
      chain.doFilter(
          user == null
              ? request
              : new HttpServletRequestWrapper(request) {
                @Override
                public Principal getUserPrincipal() {
                  return () -> user;
                }
              },
          response);
    }
  }

  /** {@code /login?user=ada} logs in, {@code /login} logs out. */
  private static final class SessionLogin extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
      String user = request.getParameter("user");
      if (user == null) {
        request.getSession().invalidate();
      } else {
        request.getSession().setAttribute(HandshakePolicy.SESSION_ATTRIBUTE, Identity.of(user));
      }
    }
  }
}
