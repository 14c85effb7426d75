package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import java.util.Set;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a bus is put into an application, and how it is not. */
class InstallIT {

  @Test
  void theApplicationFindsItsBus() throws Exception {
    try (TestServer server = TestServer.open()) {
      assertThat(RealtimeEndpoints.realtime(server.application())).isSameAs(server.realtime());
    }
  }

  @Test
  void anApplicationWithoutBusIsToldHowToGetOne() {
    ServletContextHandler empty = new ServletContextHandler("/empty");

    assertThatThrownBy(() -> RealtimeEndpoints.realtime(empty.getServletContext()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("RealtimeConfigurer")
        .hasMessageContaining("RealtimeEndpoints.install");
  }

  @Test
  void aSecondInstallationIsRefused() throws Exception {
    try (TestServer server = TestServer.open();
        Realtime second = Realtime.builder().build()) {
      assertThatThrownBy(() -> RealtimeEndpoints.install(server.application(), second))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("installed already in '/app'");
    }
  }

  @Test
  void thePathsMayBeElsewhere() throws Exception {
    EndpointOptions options = EndpointOptions.defaults().base("/api/live");
    try (TestServer server =
            TestServer.start(options, builder -> builder.access(AccessPolicy.open()));
        WireClient client = server.connectTo("/api/live/ws")) {
      client.awaitType("welcome");
      assertThat(server.get("/api/live/client.js").statusCode()).isEqualTo(200);
      assertThat(server.get("/realtime/client.js").statusCode()).isEqualTo(404);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "live", "/live/", "/a b", "/live/*", "//live"})
  void whatIsNoBasePathIsRefused(String path) {
    assertThatThrownBy(() -> EndpointOptions.defaults().base(path))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + path + "'");
  }

  @Test
  void aBusThatIsKeptOpenOutlivesItsApplication() throws Exception {
    EndpointOptions options = EndpointOptions.defaults().keepOpen();
    try (Realtime shared = Realtime.builder().access(AccessPolicy.open()).build();
        TestServer one = TestServer.start(shared, options);
        TestServer other = TestServer.start(shared, options);
        WireClient stays = other.connect()) {
      stays.send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\"}").awaitAnswer("s");
      WireClient goes = one.connect();
      goes.awaitType("welcome");

      one.undeploy();

      assertThat(goes.awaitClose()).isEqualTo(1001);
      shared.emit("e", 1, "t").toCompletableFuture().join();
      stays.awaitEvent("e");
    }
  }

  @Test
  void aPathOfAnotherServletIsRefused() throws Exception {
    try (Realtime realtime = Realtime.builder().build()) {
      ServletContextHandler context = new ServletContextHandler("/app");
      context.addServlet(
          new ServletHolder(new jakarta.servlet.http.HttpServlet() {}), "/realtime/*");
      context.addServletContainerInitializer(
          (types, servletContext) -> RealtimeEndpoints.install(servletContext, realtime));

      assertThatThrownBy(() -> run(context))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("'/realtime/*' belongs to another servlet");
    }
  }

  @Test
  void aListenerThatAProgramAddedIsToldWhereToInstall() throws Exception {
    try (Realtime realtime = Realtime.builder().build()) {
      ServletContextHandler context = new ServletContextHandler("/app");
      context.addServletContainerInitializer(
          (types, servletContext) -> servletContext.addListener(new Late(realtime)));

      assertThatThrownBy(() -> run(context))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("WebApplicationInitializer.onStartup")
          .hasMessageContaining("RealtimeConfigurer");
    }
  }

  record Late(Realtime realtime) implements ServletContextListener {
    @Override
    public void contextInitialized(ServletContextEvent event) {
      RealtimeEndpoints.install(event.getServletContext(), realtime);
    }
  }

  @Test
  void aContainerWithoutWebSocketsIsToldAtTheStart() {
    Realtime realtime = Realtime.builder().build();
    ServletContextHandler context = new ServletContextHandler("/app");
    context.addServletContainerInitializer(
        (types, servletContext) -> RealtimeEndpoints.install(servletContext, realtime));

    assertThatThrownBy(() -> run(context))
        .hasMessageContaining("no WebSocket support")
        .hasMessageContaining("jakarta.websocket.server.ServerContainer");
  }

  @Test
  void twoConfigurersAreNamed() {
    ServletContextHandler context = new ServletContextHandler("/app");

    assertThatThrownBy(
            () ->
                new RealtimeInitializer()
                    .onStartup(Set.of(First.class, Second.class), context.getServletContext()))
        .hasMessageContaining(First.class.getName())
        .hasMessageContaining(Second.class.getName());
  }

  @Test
  void withoutAConfigurerNothingHappens() throws Exception {
    ServletContextHandler context = new ServletContextHandler("/app");
    RealtimeInitializer initializer = new RealtimeInitializer();

    initializer.onStartup(null, context.getServletContext());
    initializer.onStartup(
        Set.of(RealtimeConfigurer.class, Base.class), context.getServletContext());

    assertThatThrownBy(() -> RealtimeEndpoints.realtime(context.getServletContext()))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aConfigurerThatCannotBeMadeIsNamed() {
    ServletContextHandler context = new ServletContextHandler("/app");

    assertThatThrownBy(
            () ->
                new RealtimeInitializer()
                    .onStartup(Set.of(NeedsMore.class), context.getServletContext()))
        .hasMessageContaining(NeedsMore.class.getName())
        .hasMessageContaining("constructor without parameters");
  }

  @Test
  void aConfigurerThatFailsEndsTheStartAndLeavesNothing() {
    ServletContextHandler context = new ServletContextHandler("/app");

    assertThatThrownBy(
            () ->
                new RealtimeInitializer()
                    .onStartup(Set.of(Faulty.class), context.getServletContext()))
        .hasMessageContaining(Faulty.class.getName())
        .hasRootCauseMessage("no database");
  }

  private static void run(ServletContextHandler context) throws Exception {
    Server jetty = new Server();
    jetty.addConnector(new ServerConnector(jetty));
    jetty.setHandler(context);
    try {
      jetty.start();
    } finally {
      jetty.stop();
    }
  }

  abstract static class Base implements RealtimeConfigurer {
    @Override
    public void configure(Realtime.Builder realtime, jakarta.servlet.ServletContext context)
        throws Exception {}
  }

  static final class First extends Base {}

  static final class Second extends Base {}

  static final class NeedsMore extends Base {
    NeedsMore(String more) {}
  }

  static final class Faulty extends Base {
    @Override
    public void configure(Realtime.Builder realtime, jakarta.servlet.ServletContext context)
        throws Exception {
      throw new java.sql.SQLException("no database");
    }
  }
}
