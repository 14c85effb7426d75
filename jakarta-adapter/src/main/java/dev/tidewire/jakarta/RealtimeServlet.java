package dev.tidewire.jakarta;

import dev.tidewire.Rejection;
import dev.tidewire.jakarta.Origins.Standing;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Reply;
import dev.tidewire.sync.yjs.YjsRooms;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.websocket.server.ServerContainer;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Every path below the base. Safe for any thread. */
final class RealtimeServlet extends HttpServlet {

  private static final long serialVersionUID = 1L;
  private static final Logger log = LoggerFactory.getLogger(RealtimeServlet.class);
  private static final int NOT_FOUND = 404;
  private static final int NOT_ALLOWED = 405;
  private static final int UNSUPPORTED_TYPE = 415;

  private final transient Installation installation;
  private final transient HttpCommands commands;
  private final transient HttpAnswers answers;
  private final transient AsyncReplies replies;
  private final transient WebSocketUpgrade upgrade;
  private final transient SseEndpoint events;
  private final transient PollEndpoint polls;
  private final transient HttpLinks links;
  private final transient ClientFiles files;
  private final transient @Nullable InspectorEndpoint inspector;
  private final AtomicBoolean refusedOrigin = new AtomicBoolean();
  private transient @Nullable ServerContainer container;

  RealtimeServlet(Installation installation, @Nullable ClassLoader loader) {
    this.installation = installation;
    this.commands = new HttpCommands(installation.realtime());
    this.answers = new HttpAnswers(installation.realtime().codec());
    this.replies = new AsyncReplies(answers);
    this.upgrade = new WebSocketUpgrade(installation, answers);
    this.events = new SseEndpoint(installation);
    this.polls = new PollEndpoint(installation, answers);
    this.links = new HttpLinks(installation, events);
    this.files = new ClientFiles(loader, "META-INF/resources/realtime");
    this.inspector =
        installation.hasInspector() ? new InspectorEndpoint(installation, answers, replies) : null;
  }

  @Override
  public void init() throws ServletException {
    Object found = getServletContext().getAttribute(ServerContainer.class.getName());
    if (!(found instanceof ServerContainer webSockets)) {
      installation.close();
      throw new ServletException(
          "This container has no WebSocket support: the context attribute "
              + ServerContainer.class.getName()
              + " is missing. Add the container's Jakarta WebSocket module.");
    }
    container = webSockets;
  }

  @Override
  public void destroy() {
    installation.close();
  }

  /** What a path is for; all others are files of the browser client. */
  private enum Resource {
    WS("GET"),
    YJS("GET"),
    SSE("GET"),
    POLL("GET"),
    SEND("POST"),
    PUBLISH("POST"),
    HISTORY("GET", "HEAD"),
    PRESENCE("GET", "HEAD"),
    HEALTH("GET", "HEAD"),
    FILE("GET", "HEAD");

    @SuppressWarnings("ImmutableEnumChecker") // List.of is
    private final List<String> methods;

    Resource(String... methods) {
      this.methods = List.of(methods);
    }

    String allow() {
      return String.join(", ", methods);
    }

    static Resource of(String path) {
      return switch (path) {
        case "/ws" -> WS;
        case "/sse" -> SSE;
        case "/poll" -> POLL;
        case "/send" -> SEND;
        case "/publish" -> PUBLISH;
        case "/history" -> HISTORY;
        case "/presence" -> PRESENCE;
        case "/health" -> HEALTH;
        default -> path.startsWith(YjsEndpoint.PATH) ? YJS : FILE;
      };
    }
  }

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException, ServletException {
    try {
      answer(request, response);
    } catch (Rejection e) {
      answers.problem(e.toReply(), response);
    } catch (RuntimeException e) {
      fail(e, response);
    }
  }

  private void fail(RuntimeException failure, HttpServletResponse response) throws IOException {
    Reply.Failure told = AsyncReplies.logged("A request failed", failure);
    if (!response.isCommitted()) {
      answers.problem(told, response);
    }
  }

  private void answer(HttpServletRequest request, HttpServletResponse response)
      throws IOException, ServletException {
    String path = request.getPathInfo() == null ? "/" : request.getPathInfo();
    if (inspector != null && InspectorEndpoint.owns(path)) {
      inspector.answer(path, request, response);
      return;
    }
    Resource resource = Resource.of(path);
    Standing standing = installation.origins().standing(request);
    if (standing == Standing.LISTED) {
      allowReading(request, resource, response);
    }
    String method =
        resource == Resource.WS && WebSocketUpgrade.isOnStream(request)
            ? "GET" // what it is on HTTP/1.1
            : request.getMethod();
    if (method.equals("OPTIONS")) {
      response.setHeader("Allow", resource.allow() + ", OPTIONS");
      response.setStatus(HttpServletResponse.SC_NO_CONTENT);
    } else if (!resource.methods.contains(method)) {
      response.setHeader("Allow", resource.allow() + ", OPTIONS");
      answers.problem(NOT_ALLOWED, "only " + resource.allow() + " is possible here", response);
    } else if (resource == Resource.FILE) {
      file(path, request, response);
    } else if (resource == Resource.HEALTH) {
      answers.health(installation.realtime().health(), response);
    } else if (standing == Standing.FOREIGN) {
      refuseOrigin(request, response);
    } else if (resource == Resource.WS) {
      upgrade.upgrade(
          webSockets(),
          request,
          response,
          (login, refusal, address, place) ->
              new WebSocketEndpoint(installation, login, refusal, address, place));
    } else if (resource == Resource.YJS) {
      yjs(path, request, response);
    } else if (resource == Resource.SSE && HttpLinks.isMeant(request)) {
      links.stream(request, response);
    } else if (resource == Resource.SSE) {
      events.open(request, response);
    } else if (resource == Resource.POLL && HttpLinks.isMeant(request)) {
      links.poll(request, response);
    } else if (resource == Resource.POLL) {
      polls.answer(request, response);
    } else if (resource.methods.contains("POST") && !HttpCommands.isJson(request)) {
      answers.problem(UNSUPPORTED_TYPE, "Content-Type must be application/json", response);
    } else {
      command(resource, request, response);
    }
  }

  private void yjs(String path, HttpServletRequest request, HttpServletResponse response)
      throws IOException, ServletException {
    YjsRooms rooms = installation.realtime().yjs();
    String room = path.substring(YjsEndpoint.PATH.length());
    if (rooms == null) {
      answers.problem(NOT_FOUND, "no Yjs documents here: see Realtime.builder().yjs", response);
    } else if (!YjsRooms.isName(room) || request.getRequestURI().indexOf(';') >= 0) {
      answers.problem(
          Reply.Failure.of(
              ErrorCode.BAD_REQUEST,
              "a room is called by 1 to 255 characters, percent-encoded, without control"
                  + " characters and without blanks at the ends"),
          response);
    } else {
      upgrade.upgrade(
          webSockets(),
          request,
          response,
          (login, refusal, address, place) ->
              new YjsEndpoint(installation, rooms, room, login, refusal, address, place));
    }
  }

  private ServerContainer webSockets() {
    if (container == null) {
      throw new IllegalStateException("the servlet is not initialized");
    }
    return container;
  }

  private void command(Resource resource, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String address = installation.origins().address(request);
    installation.realtime().admission().request(address);
    if (resource == Resource.SEND && HttpLinks.isMeant(request)) {
      links.receive(request, response, commands.body(request));
      return;
    }
    Login login = installation.authenticator().login(request);
    if (resource == Resource.SEND) {
      var frames =
          installation
              .realtime()
              .streams()
              .send(
                  login.identity(),
                  address,
                  Parameters.optional(request, "session"),
                  commands.body(request));
      replies.answerFrames(frames, request, response);
      return;
    }
    Command command =
        switch (resource) {
          case PUBLISH -> commands.publish(request);
          case HISTORY -> commands.history(request);
          default -> commands.members(request);
        };
    replies.answer(installation.realtime().request(login.identity(), command), request, response);
  }

  private void file(String path, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (!files.serve(path, request, response)) {
      answers.problem(NOT_FOUND, "nothing is here", response);
    }
  }

  /** Lets the page of a listed site see the answer (CORS). */
  private static void allowReading(
      HttpServletRequest request, Resource resource, HttpServletResponse response) {
    response.setHeader("Access-Control-Allow-Origin", request.getHeader("Origin"));
    response.setHeader("Access-Control-Allow-Credentials", "true");
    response.setHeader("Access-Control-Expose-Headers", "ETag, Retry-After");
    response.addHeader("Vary", "Origin");
    if (request.getHeader("Access-Control-Request-Method") != null) {
      response.setHeader("Access-Control-Allow-Methods", resource.allow());
      response.setHeader(
          "Access-Control-Allow-Headers",
          "Authorization, Content-Type, If-None-Match, Last-Event-ID");
      response.setHeader("Access-Control-Max-Age", "600");
    }
  }

  private void refuseOrigin(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String why =
        "pages of another origin than "
            + installation.origins().own(request)
            + " are not let in; see HandshakePolicy.allowOrigins, or, behind a proxy,"
            + " HandshakePolicy.trustForwardedHeaders";
    if (refusedOrigin.compareAndSet(false, true)) { // a browser does not show the answer's text
      String origin = request.getHeader("Origin");
      log.atWarn()
          .addKeyValue("origin", origin)
          .log("Refused a page of origin {}: {}. Said once.", origin, why);
    }
    answers.problem(Reply.Failure.of(ErrorCode.FORBIDDEN, why), response);
  }
}
