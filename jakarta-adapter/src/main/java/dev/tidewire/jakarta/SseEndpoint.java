package dev.tidewire.jakarta;

import dev.tidewire.Admission;
import dev.tidewire.StreamRequest;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.transport.Session;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Opens streams of server-sent events. No thread belongs to a stream: whoever delivers writes. Safe
 * for any thread.
 */
final class SseEndpoint {

  /** What a WebSocket reports whose client went without a word (RFC 6455). */
  private static final int CLOSED_ABNORMALLY = 1006;

  private final Installation installation;

  SseEndpoint(Installation installation) {
    this.installation = installation;
  }

  void open(HttpServletRequest request, HttpServletResponse response) throws IOException {
    String address = installation.origins().address(request);
    Admission.Place place = installation.realtime().admission().handshake(address);
    place.open();
    try {
      open(request, response, address, place);
    } catch (IOException | RuntimeException e) {
      place.close();
      throw e;
    }
  }

  private void open(
      HttpServletRequest request,
      HttpServletResponse response,
      String address,
      Admission.Place place)
      throws IOException {
    Login login = installation.authenticator().login(request);
    StreamRequest wanted =
        StreamParameters.read(request, cursor(request), Parameters.flag(request, "presence"));
    AsyncOutput output = new AsyncOutput(installation.closing());
    SseConnection connection =
        new SseConnection(
            output,
            new EventStream(wanted.topics(), wanted.cursor())::events,
            installation.realtime().codec(),
            address);
    Session session = installation.realtime().streams().open(connection, login.identity(), wanted);
    installation.opened(connection, login);
    Runnable gone =
        () -> {
          place.close();
          installation.closed(connection, login);
          session.closed(CLOSED_ABNORMALLY);
        };
    begin(request, response, output, connection, login, gone);
  }

  /**
   * Begins the answer.
   *
   * @param gone called when the client is
   */
  void begin(
      HttpServletRequest request,
      HttpServletResponse response,
      AsyncOutput output,
      SseConnection connection,
      Login login,
      Runnable gone)
      throws IOException {
    try {
      writeHead(request, response);
      output.attach(request.startAsync(), 0, gone); // the connection looks after the time
      output.begin(response);
    } catch (IOException | RuntimeException e) {
      gone.run();
      throw e;
    }
    if (login.ended()) { // since the request came
      connection.close(CloseCode.UNAUTHORIZED.code(), CloseCode.UNAUTHORIZED.reason());
    }
  }

  /** A browser that reconnects by itself asks with the old address: its header is newer. */
  private static @Nullable String cursor(HttpServletRequest request) {
    String header = request.getHeader("Last-Event-ID");
    if (header != null && !header.isEmpty()) {
      return header;
    }
    String parameter = Parameters.optional(request, "Last-Event-ID");
    return parameter != null ? parameter : Parameters.optional(request, "cursor");
  }

  private static void writeHead(HttpServletRequest request, HttpServletResponse response) {
    response.setContentType("text/event-stream");
    response.setCharacterEncoding("utf-8");
    response.setHeader("Cache-Control", "no-cache, no-transform");
    response.setHeader("X-Accel-Buffering", "no");
    response.setHeader("X-Content-Type-Options", "nosniff");
    if (request.getProtocol().startsWith("HTTP/1")) { // HTTP/2 forbids it
      response.setHeader("Connection", "keep-alive");
    }
  }
}
