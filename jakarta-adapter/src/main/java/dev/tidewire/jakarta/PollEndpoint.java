package dev.tidewire.jakarta;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.Admission;
import dev.tidewire.StreamRequest;
import dev.tidewire.jakarta.PollConnection.Gathered;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.protocol.Reply;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;

/**
 * Answers polls. Each is a session of its own that ends with the answer; a poll that waits holds no
 * thread. Safe for any thread.
 */
final class PollEndpoint {

  private static final int MAX_WAIT_SECONDS = 25;

  /** Far more than a poll may wait: after it the client takes nothing. */
  private static final long TIMEOUT_MS = 90_000;

  private final Installation installation;
  private final HttpAnswers answers;

  PollEndpoint(Installation installation, HttpAnswers answers) {
    this.installation = installation;
    this.answers = answers;
  }

  void answer(HttpServletRequest request, HttpServletResponse response) throws IOException {
    String address = installation.origins().address(request);
    Admission.Place place = installation.realtime().admission().poll(address);
    place.open();
    try {
      answer(request, response, address, place);
    } catch (RuntimeException e) {
      place.close();
      throw e;
    }
  }

  private void answer(
      HttpServletRequest request,
      HttpServletResponse response,
      String address,
      Admission.Place place) {
    Login login = installation.authenticator().login(request);
    List<String> known = EntityTags.of(request.getHeader("If-None-Match"));
    String asked = Parameters.optional(request, "cursor");
    String cursor = asked != null || known.size() != 1 ? asked : known.get(0);
    int wait = Parameters.number(request, "wait", MAX_WAIT_SECONDS);
    // A poll is a glance: who is here would have to be told anew each time.
    StreamRequest wanted = StreamParameters.read(request, cursor, false);
    PollConnection connection = new PollConnection(wanted, wait, address);
    Session session = installation.realtime().streams().open(connection, login.identity(), wanted);
    installation.opened(connection, login);
    if (login.ended()) { // since the request came
      connection.close(CloseCode.UNAUTHORIZED.code(), CloseCode.UNAUTHORIZED.reason());
    }
    AsyncOutput output = new AsyncOutput(installation.closing());
    Runnable over =
        () -> {
          place.close();
          session.closed(CloseCode.NORMAL.code());
          installation.closed(connection, login);
        };
    try {
      output.attach(request.startAsync(), TIMEOUT_MS, over);
    } catch (RuntimeException e) {
      over.run();
      throw e;
    }
    connection
        .gathered()
        .whenComplete(
            (gathered, never) -> {
              session.closed(CloseCode.NORMAL.code());
              write(gathered, known, output, response);
            });
  }

  private void write(
      Gathered gathered, List<String> known, AsyncOutput output, HttpServletResponse response) {
    try {
      Reply.Failure failure = gathered.failure();
      if (failure == null) {
        byte[] body = body(gathered, known, response);
        output.write(body, null);
        output.end(new byte[0]);
        output.begin(response);
      } else {
        answers.problem(failure, response); // it is short
        output.abort(new IOException(failure.message()));
      }
    } catch (IOException | RuntimeException e) {
      output.abort(e);
    }
  }

  private static byte[] body(Gathered gathered, List<String> known, HttpServletResponse response) {
    String cursor = gathered.cursor();
    response.setHeader("ETag", '"' + cursor + '"');
    response.setHeader("Cache-Control", "no-cache");
    response.addHeader("Vary", "Authorization, Cookie");
    response.setHeader("X-Content-Type-Options", "nosniff");
    if (gathered.messages().isEmpty() && known.contains(cursor)) {
      response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
      return new byte[0];
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    // A cursor needs no escaping, and frames are JSON already.
    body.writeBytes(
        ("{\"cursor\":\"" + cursor + "\",\"more\":" + gathered.more() + ",\"messages\":[")
            .getBytes(UTF_8));
    String between = "";
    for (Frame message : gathered.messages()) {
      body.writeBytes(between.getBytes(UTF_8));
      byte[] bytes = new byte[message.size()];
      message.bytes().get(bytes);
      body.writeBytes(bytes);
      between = ",";
    }
    body.writeBytes("]}".getBytes(UTF_8));
    response.setContentType("application/json");
    response.setContentLength(body.size());
    return body.toByteArray();
  }
}
