package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.Rejection;
import dev.tidewire.protocol.ErrorCode;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.net.http.WebSocketHandshakeException;
import java.security.Principal;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** Who a request comes from, for how long, and the same on every endpoint. */
class LoginIT {

  private static final String PRESENCE = "/realtime/presence?topic=t";

  /** Answers to calls of "who" tell the identity; only known users may do anything. */
  private static final Consumer<Realtime.Builder> KNOWN_USERS =
      builder ->
          builder
              .access((who, topic, action) -> !who.guest())
              .tokens(
                  token -> {
                    if (token.equals("unknown")) {
                      throw new IllegalStateException("the key server is down");
                    }
                    return token.startsWith("token-") ? Identity.of(token.substring(6)) : null;
                  });

  private @Nullable TestServer server;

  @AfterEach
  void stop() throws Exception {
    if (server != null) {
      server.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"remove", "invalidate", "user=bob"})
  void whatEndsTheLoginOfASessionClosesItsConnections(String what) throws Exception {
    start(HandshakePolicy.sameOrigin());
    String cookie = login("ada");
    String elsewhere = login("ada");
    try (WireClient ada = connect("Cookie", cookie);
        WireClient other = connect("Cookie", elsewhere)) {
      assertThat(user(ada)).isEqualTo("ada");
      assertThat(user(other)).isEqualTo("ada");

      server().get("/session?" + what, "Cookie", cookie);

      assertThat(ada.awaitClose()).isEqualTo(4001);
      other.send("{\"type\":\"ping\"}").awaitType("pong"); // another login of the same user
      assertThat(other.isOpen()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoLogsOutLeavesAtOnceAlsoWithoutAConnection(boolean lost) throws Exception {
    server =
        TestServer.start(
            EndpointOptions.defaults().handshake(HandshakePolicy.sameOrigin()),
            KNOWN_USERS.andThen(builder -> builder.presenceGrace(java.time.Duration.ofHours(1))),
            LoginIT::addLogins);
    String cookie = login("ada");
    try (WireClient watcher = connect("X-User", "watcher");
        WireClient ada = connect("Cookie", cookie)) {
      watcher
          .send("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\",\"presence\":true}")
          .awaitAnswer("s");
      ada.send("{\"id\":\"t\",\"type\":\"track\",\"topic\":\"t\"}").awaitAnswer("t");
      if (lost) {
        ada.drop();
        org.awaitility.Awaitility.await().until(() -> server().realtime().connectionCount() == 1);
      }

      server().get("/session?invalidate", "Cookie", cookie);

      assertThat(
              watcher
                  .awaitFrame(
                      "a leave", frame -> frame.path("event").asString("").equals("presence:leave"))
                  .path("reason")
                  .asString())
          .isEqualTo("logout");
    }
  }

  @Test
  void aSessionThatGetsANewIdOrTheSameUserAgainKeepsItsConnections() throws Exception {
    start(HandshakePolicy.sameOrigin());
    String cookie = login("ada");
    try (WireClient ada = connect("Cookie", cookie)) {
      assertThat(user(ada)).isEqualTo("ada");
      server().get("/session?user=ada", "Cookie", cookie);
      String renewed = cookieOf(server().get("/session?renew", "Cookie", cookie));

      ada.send("{\"type\":\"ping\"}").awaitType("pong");
      assertThat(ada.isOpen()).isTrue();
      server().get("/session?invalidate", "Cookie", renewed);
      assertThat(ada.awaitClose()).isEqualTo(4001);
    }
  }

  @Test
  void anotherRoleOfTheSameUserCountsAtOnce() throws Exception {
    server =
        TestServer.start(
            EndpointOptions.defaults().handshake(HandshakePolicy.sameOrigin()),
            builder ->
                builder.access(
                    (who, topic, action) ->
                        !topic.equals("admin") || who.roles().contains("admin")),
            LoginIT::addLogins);
    String cookie = cookieOf(server().get("/session?user=ada&as=admin"));
    try (WireClient ada = connect("Cookie", cookie)) {
      for (String topic : new String[] {"admin", "t"}) {
        String subscribe = "{\"id\":\"%s\",\"type\":\"subscribe\",\"topic\":\"%s\"}";
        ada.send(subscribe.formatted(topic, topic)).awaitAnswer(topic);
      }
      server().get("/session?user=ada", "Cookie", cookie);

      assertThat(ada.awaitType("error").path("payload").path("topic").asString())
          .isEqualTo("admin");
      server().realtime().emit("still", 1, "t");
      ada.awaitEvent("still");
      server().get("/session?invalidate", "Cookie", cookie);
      assertThat(ada.awaitClose()).isEqualTo(4001);
    }
  }

  @Test
  void aTokenOnTheConnectionOutlivesTheSession() throws Exception {
    start(HandshakePolicy.sameOrigin());
    String cookie = login("ada");
    try (WireClient ada = connect("Cookie", cookie)) {
      ada.send("{\"id\":\"a\",\"type\":\"auth\",\"token\":\"token-ada\"}").awaitAnswer("a");

      server().get("/session?invalidate", "Cookie", cookie);

      ada.send("{\"type\":\"ping\"}").awaitType("pong");
      assertThat(ada.isOpen()).isTrue();
    }
  }

  @Test
  void aFormLoginEndsWithTheSessionAndABasicOneDoesNot() throws Exception {
    start(HandshakePolicy.sameOrigin());
    String cookie = login("somebody-else");
    try (WireClient form = connect("Cookie", cookie, "X-User", "ada", "X-Auth", "FORM");
        WireClient basic = connect("Cookie", cookie, "X-User", "bob", "X-Auth", "BASIC")) {
      assertThat(user(form)).isEqualTo("ada");
      assertThat(user(basic)).isEqualTo("bob");

      server().get("/session?invalidate", "Cookie", cookie);

      assertThat(form.awaitClose()).isEqualTo(4001);
      basic.send("{\"type\":\"ping\"}").awaitType("pong");
      assertThat(basic.isOpen()).isTrue();
    }
  }

  @Test
  void theFirstWayThatTellsAnIdentityCounts() throws Exception {
    start(
        HandshakePolicy.sameOrigin()
            .identity(
                request -> {
                  String own = request.getHeader("X-Own");
                  return own == null ? null : Identity.of(own);
                }));
    String[] all = {
      "X-Own",
      "own",
      "X-User",
      "principal",
      "Cookie",
      login("session"),
      "Authorization",
      "Bearer token-token"
    };
    String[] expected = {"own", "principal", "session", "token"};
    for (int i = 0; i < expected.length; i++) {
      String[] headers = java.util.Arrays.copyOfRange(all, 2 * i, all.length);
      try (WireClient client = connect(headers)) {
        assertThat(user(client)).isEqualTo(expected[i]);
      }
    }
  }

  @Test
  void rolesOfTheContainerAreInTheIdentity() throws Exception {
    start(HandshakePolicy.sameOrigin().roles("admin", "auditor"));
    server().realtime().onCall("roles", request -> Set.copyOf(request.identity().roles()));
    try (WireClient ada = connect("X-User", "ada", "X-Role", "admin")) {
      String roles =
          ada.send("{\"id\":\"r\",\"type\":\"call\",\"method\":\"roles\"}")
              .awaitAnswer("r")
              .path("payload")
              .path("data")
              .toString();

      assertThat(roles).isEqualTo("[\"admin\"]");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"id", "identity", "principal"})
  void theSessionMayHoldAnIdAnIdentityOrAPrincipal(String type) throws Exception {
    start(HandshakePolicy.sameOrigin().sessionAttribute("who"));
    String cookie = cookieOf(server().get("/session?attribute=who&user=ada&as=" + type));
    try (WireClient ada = connect("Cookie", cookie)) {
      assertThat(user(ada)).isEqualTo("ada");
    }
  }

  @Test
  void aSessionAttributeOfAnotherTypeIsAnErrorOfTheServer() throws Exception {
    start(HandshakePolicy.sameOrigin());
    String cookie = cookieOf(server().get("/session?user=ada&as=number"));

    assertProblem(server().get(PRESENCE, "Cookie", cookie), 500, "INTERNAL");
    assertThatThrownBy(() -> connect("Cookie", cookie))
        .cause()
        .isInstanceOfSatisfying(
            WebSocketHandshakeException.class,
            e -> assertThat(e.getResponse().statusCode()).isEqualTo(500));
  }

  @Test
  void httpRequestsAreJudgedAsHandshakesAre() throws Exception {
    start(HandshakePolicy.sameOrigin());

    assertProblem(server().get(PRESENCE), 401, "UNAUTHORIZED");
    assertProblem(server().get(PRESENCE, "Authorization", "Bearer stolen"), 401, "UNAUTHORIZED");
    assertProblem(server().get(PRESENCE + "&token=token-ada"), 401, "UNAUTHORIZED");
    assertThat(server().get(PRESENCE, "Authorization", "bearer token-ada").statusCode())
        .isEqualTo(200);
    assertThat(server().get(PRESENCE, "X-User", "ada").statusCode()).isEqualTo(200);
    assertThat(server().get(PRESENCE, "Cookie", login("ada")).statusCode()).isEqualTo(200);
  }

  @Test
  void aVerifierThatCannotTellIsTemporary() throws Exception {
    start(HandshakePolicy.sameOrigin());

    assertProblem(server().get(PRESENCE, "Authorization", "Bearer unknown"), 503, "UNAVAILABLE");
    assertThatThrownBy(() -> connect("Authorization", "Bearer unknown"))
        .cause()
        .isInstanceOfSatisfying(
            WebSocketHandshakeException.class,
            e -> assertThat(e.getResponse().statusCode()).isEqualTo(503));
  }

  @Test
  void theApplicationMayRefuseForGood() throws Exception {
    start(
        HandshakePolicy.sameOrigin()
            .identity(
                request -> {
                  throw new Rejection(ErrorCode.FORBIDDEN, "closed for the night");
                }));

    assertProblem(server().get(PRESENCE), 403, "FORBIDDEN");
    WireClient client = connect();
    assertThat(client.awaitType("error").path("payload").path("message").asString())
        .isEqualTo("closed for the night");
    assertThat(client.awaitClose()).isEqualTo(4503);
  }

  private void start(HandshakePolicy policy) throws Exception {
    server =
        TestServer.start(
            EndpointOptions.defaults().handshake(policy), KNOWN_USERS, LoginIT::addLogins);
  }

  private TestServer server() {
    return java.util.Objects.requireNonNull(server);
  }

  private WireClient connect(String... headers) {
    return server().connect(headers);
  }

  private String login(String user) throws Exception {
    return cookieOf(server().get("/session?user=" + user));
  }

  private static String cookieOf(HttpResponse<String> answer) {
    return answer.headers().firstValue("Set-Cookie").orElseThrow().split(";")[0];
  }

  private static String user(WireClient client) {
    return client.awaitType("welcome").path("payload").path("userId").asString();
  }

  private static void assertProblem(HttpResponse<String> answer, int status, String code) {
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type").orElseThrow())
        .startsWith("application/problem+json");
    assertThat(answer.body()).doesNotContain("Exception").doesNotContain("key server");
    assertThat(JsonMapper.shared().readTree(answer.body()).path("code").asString()).isEqualTo(code);
  }

  private static void addLogins(ServletContextHandler context) {
    context.addFilter(new HeaderLogin(), "/*", EnumSet.of(DispatcherType.REQUEST));
    context.addServlet(new Sessions(), "/session");
  }

  /** Stands for the container's login: user, way and role come from headers. */
  private static final class HeaderLogin extends HttpFilter {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doFilter(
        HttpServletRequest request, HttpServletResponse response, FilterChain chain)
        throws IOException, ServletException {
      String user = request.getHeader("X-User");
      chain.doFilter(
          user == null
              ? request
              : new HttpServletRequestWrapper(request) {
                @Override
                public Principal getUserPrincipal() {
                  return () -> user;
                }

                @Override
                public @Nullable String getAuthType() {
                  return request.getHeader("X-Auth");
                }

                @Override
                public boolean isUserInRole(String role) {
                  return role.equals(request.getHeader("X-Role"));
                }
              },
          response);
    }
  }

  /** Changes the HTTP session as the query says. */
  private static final class Sessions extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
      HttpSession session = request.getSession();
      String attribute = request.getParameter("attribute");
      attribute = attribute == null ? HandshakePolicy.SESSION_ATTRIBUTE : attribute;
      String user = request.getParameter("user");
      if (user != null) {
        session.setAttribute(attribute, value(user, request.getParameter("as")));
      } else if (request.getParameter("remove") != null) {
        session.removeAttribute(attribute);
      } else if (request.getParameter("renew") != null) {
        request.changeSessionId();
      } else {
        session.invalidate();
      }
    }

    private static Object value(String user, @Nullable String as) {
      return switch (as == null ? "identity" : as) {
        case "id" -> user;
        case "principal" -> (Principal) () -> user;
        case "admin" -> Identity.of(user).withRoles(Set.of("admin"));
        case "number" -> 42;
        default -> Identity.of(user);
      };
    }
  }
}
