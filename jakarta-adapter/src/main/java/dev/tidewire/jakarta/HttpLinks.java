package dev.tidewire.jakarta;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.Admission;
import dev.tidewire.Rejection;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Clients that speak and hear as over a WebSocket where none can be had: what they hear comes as an
 * event stream, or as pieces of one that they poll for; what they say comes in requests. The
 * session under it is the same, so everything that works over a WebSocket works over a link. Safe
 * for any thread.
 */
final class HttpLinks {

  private static final String NEW = "new";
  private static final int SECRET_BYTES = 20;
  private static final int CLOSED_ABNORMALLY = 1006;
  private static final int CLOSED = 1000;
  private static final int MAX_WAIT_SECONDS = 25;

  /** Far more than a poll may wait: after it the client takes nothing. */
  private static final long TIMEOUT_MS = 90_000;

  private final Installation installation;
  private final SseEndpoint streams;
  private final SecureRandom random = new SecureRandom();
  private final Map<String, Link> links = new ConcurrentHashMap<>();

  HttpLinks(Installation installation, SseEndpoint streams) {
    this.installation = installation;
    this.streams = streams;
  }

  /**
   * @param gone to be called when the client is
   */
  private record Link(Login login, Connection connection, Session session, Runnable gone) {}

  /** Whether a request is one of these and not of a stream or poll of its own. */
  static boolean isMeant(HttpServletRequest request) {
    return Parameters.optional(request, "link") != null;
  }

  /** A message as an event: its lines come back joined by line feeds. */
  static byte[] event(Frame message) {
    return ("data: " + message.text().replace("\n", "\ndata: ") + "\n\n").getBytes(UTF_8);
  }

  private Link begin(String secret, Login login, Connection connection, Admission.Place place) {
    Session session = installation.realtime().connect(connection, login.identity());
    Runnable gone =
        () -> {
          place.close();
          links.remove(secret);
          installation.closed(connection, login);
          session.closed(CLOSED_ABNORMALLY);
        };
    Link link = new Link(login, connection, session, gone);
    links.put(secret, link);
    installation.opened(connection, login);
    return link;
  }

  private String newSecret() {
    byte[] bytes = new byte[SECRET_BYTES];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private static byte[] greeting(String secret) {
    return EventStream.last("link", secret);
  }

  /** Opens a link that is told by a stream. */
  void stream(HttpServletRequest request, HttpServletResponse response) throws IOException {
    if (!NEW.equals(Parameters.optional(request, "link"))) {
      throw new Rejection(ErrorCode.BAD_REQUEST, "a stream opens a link of its own: 'link' is new");
    }
    StreamParameters.requireAsync(request);
    String address = installation.origins().address(request);
    Admission.Place place = installation.realtime().admission().handshake(address);
    place.open();
    Link link;
    AsyncOutput output;
    SseConnection connection;
    Login login;
    try {
      login = installation.authenticator().login(request);
      output = new AsyncOutput(installation.closing());
      connection =
          new SseConnection(output, HttpLinks::event, installation.realtime().codec(), address);
      String secret = newSecret();
      output.write(greeting(secret), null);
      link = begin(secret, login, connection, place);
    } catch (RuntimeException e) {
      place.close();
      throw e;
    }
    streams.begin(request, response, output, connection, login, link.gone());
  }

  /** Opens a link that is polled for, or tells what has come on one. */
  void poll(HttpServletRequest request, HttpServletResponse response) throws IOException {
    StreamParameters.requireAsync(request);
    int wait = Parameters.number(request, "wait", MAX_WAIT_SECONDS);
    Link link = NEW.equals(Parameters.optional(request, "link")) ? open(request) : known(request);
    if (!(link.connection() instanceof PolledConnection connection)) {
      throw new Rejection(ErrorCode.BAD_REQUEST, "this link has a stream");
    }
    link.session().touch();
    AsyncOutput output = new AsyncOutput(installation.closing());
    PolledConnection.Poll poll =
        new PolledConnection.Poll(wait, events -> write(events, output, response));
    output.attach(request.startAsync(), TIMEOUT_MS, () -> connection.forget(poll));
    connection.ask(poll);
  }

  private Link open(HttpServletRequest request) {
    String address = installation.origins().address(request);
    Admission.Place place = installation.realtime().admission().handshake(address);
    place.open();
    try {
      Login login = installation.authenticator().login(request);
      String secret = newSecret();
      PolledConnection connection =
          new PolledConnection(installation.realtime().codec(), address, greeting(secret));
      Link link = begin(secret, login, connection, place);
      connection.whenOver(link.gone());
      return link;
    } catch (RuntimeException e) {
      place.close();
      throw e;
    }
  }

  private Link known(HttpServletRequest request) {
    installation.realtime().admission().request(installation.origins().address(request));
    return find(request, installation.authenticator().login(request));
  }

  private static void write(byte[] events, AsyncOutput output, HttpServletResponse response) {
    try {
      response.setContentType("text/event-stream");
      response.setCharacterEncoding("utf-8");
      response.setHeader("Cache-Control", "no-store");
      response.setHeader("X-Content-Type-Options", "nosniff");
      response.setContentLength(events.length);
      output.write(events, null);
      output.end(new byte[0]);
      output.begin(response);
    } catch (IOException | RuntimeException e) {
      output.abort(e);
    }
  }

  /** Takes a message of a link's client; {@code close} in the address ends it. */
  void receive(HttpServletRequest request, HttpServletResponse response, String message) {
    Link link = find(request, installation.authenticator().login(request));
    if (!message.isEmpty()) {
      link.session().receive(message);
    }
    if (Boolean.TRUE.equals(Parameters.flag(request, "close"))) {
      link.session().closed(CLOSED);
      link.connection().close(CLOSED, "closed by the client");
      link.gone().run();
    }
    response.setStatus(HttpServletResponse.SC_NO_CONTENT);
    response.setHeader("Cache-Control", "no-store");
  }

  private Link find(HttpServletRequest request, Login login) {
    @Nullable String secret = Parameters.optional(request, "link");
    Link link = secret == null ? null : links.get(secret);
    if (link == null) {
      throw new Rejection(ErrorCode.UNRECOVERABLE, "no such link any more: open a new one");
    }
    var who = login.identity();
    var own = link.login().identity();
    if (who != null && own != null && !who.userId().equals(own.userId())) {
      throw new Rejection(ErrorCode.FORBIDDEN, "the link belongs to another user");
    }
    return link;
  }
}
