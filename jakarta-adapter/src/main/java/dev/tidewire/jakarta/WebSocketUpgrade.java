package dev.tidewire.jakarta;

import dev.tidewire.Admission;
import dev.tidewire.Rejection;
import dev.tidewire.protocol.Reply;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.Endpoint;
import jakarta.websocket.Extension;
import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.server.HandshakeRequest;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Turns a request into a WebSocket. The request is judged here, where all of it can be seen, and
 * the container is only told to upgrade: an endpoint that the container maps itself sees the
 * address of neither side. Safe for any thread.
 */
final class WebSocketUpgrade {

  private static final String VERSION = "13"; // RFC 6455
  private static final Pattern KEY = Pattern.compile("[A-Za-z0-9+/]{22}==");
  private static final int UPGRADE_REQUIRED = 426;

  private final Installation installation;
  private final HttpAnswers answers;

  WebSocketUpgrade(Installation installation, HttpAnswers answers) {
    this.installation = installation;
    this.answers = answers;
  }

  /** Makes the endpoint of a connection that is upgraded. */
  @FunctionalInterface
  interface Welcome {

    /**
     * The endpoint of one connection.
     *
     * @param refusal what the client is told before it is closed, or null to let it in
     * @param place its place among the connections, given back when it is closed
     */
    Endpoint endpoint(
        Login login, Reply.@Nullable Failure refusal, String address, Admission.Place place);
  }

  /**
   * @param welcome is asked once the sender is known
   */
  void upgrade(
      ServerContainer container,
      HttpServletRequest request,
      HttpServletResponse response,
      Welcome welcome)
      throws IOException, ServletException {
    String problem = formProblem(request);
    if (problem != null) {
      response.setHeader("Upgrade", "websocket");
      response.setHeader("Sec-WebSocket-Version", VERSION);
      answers.problem(UPGRADE_REQUIRED, problem, response);
      return;
    }
    String address = installation.origins().address(request);
    Admission.Place place = installation.realtime().admission().handshake(address);
    boolean upgraded = false;
    try {
      upgraded = upgrade(container, request, response, welcome, address, place);
    } finally {
      if (!upgraded) {
        place.close();
      }
    }
  }

  /** False, or an exception, if the client has its answer and no WebSocket. */
  private boolean upgrade(
      ServerContainer container,
      HttpServletRequest request,
      HttpServletResponse response,
      Welcome welcome,
      String address,
      Admission.Place place)
      throws IOException, ServletException {
    Login login = Login.none();
    Reply.Failure refusal = null;
    try {
      login = installation.authenticator().login(request);
    } catch (Rejection e) {
      refusal = e.toReply();
      if (refusal.status() != 401 && refusal.status() != 403) {
        answers.problem(refusal, response);
        return false;
      }
    }
    Endpoint endpoint = welcome.endpoint(login, refusal, address, place);
    ServerEndpointConfig config =
        ServerEndpointConfig.Builder.create(endpoint.getClass(), "/ws")
            .configurator(new Admitted(endpoint))
            .build();
    try {
      container.upgradeHttpToWebSocket(request, response, config, Map.of());
      return true;
    } catch (DeploymentException e) {
      throw new ServletException("the container does not take the WebSocket endpoint", e);
    }
  }

  /** Whether it asks for an HTTP/2 stream (RFC 8441): without upgrade headers, without a key. */
  static boolean isOnStream(HttpServletRequest request) {
    return request.getMethod().equals("CONNECT") && request.getProtocol().startsWith("HTTP/2");
  }

  /** What keeps the request from being a handshake, or null. */
  private static @Nullable String formProblem(HttpServletRequest request) {
    boolean stream = isOnStream(request);
    if (!stream && !"websocket".equalsIgnoreCase(request.getHeader("Upgrade"))) {
      return "this is a WebSocket endpoint";
    }
    if (!VERSION.equals(request.getHeader("Sec-WebSocket-Version"))) {
      return "only WebSocket version " + VERSION + " is spoken";
    }
    String connection = request.getHeader("Connection");
    boolean complete =
        stream
            || (connection != null
                && connection.toLowerCase(Locale.ROOT).contains("upgrade")
                && isKey(request.getHeader("Sec-WebSocket-Key")));
    return complete ? null : "the WebSocket handshake is not complete";
  }

  /** Sixteen bytes in Base64. */
  private static boolean isKey(@Nullable String key) {
    return key != null && KEY.matcher(key).matches();
  }

  /**
   * Answers for one request that was judged already; without extensions, so without compression.
   */
  private static final class Admitted extends ServerEndpointConfig.Configurator {

    private final Endpoint endpoint;

    Admitted(Endpoint endpoint) {
      this.endpoint = endpoint;
    }

    @Override
    public boolean checkOrigin(String origin) {
      return true;
    }

    @Override
    public String getNegotiatedSubprotocol(List<String> supported, List<String> requested) {
      return "";
    }

    @Override
    public List<Extension> getNegotiatedExtensions(
        List<Extension> installed, List<Extension> requested) {
      return List.of();
    }

    @Override
    public void modifyHandshake(
        ServerEndpointConfig config, HandshakeRequest request, HandshakeResponse response) {}

    @Override
    public <T> T getEndpointInstance(Class<T> type) {
      return type.cast(endpoint);
    }
  }
}
