package dev.tidewire.jakarta;

import dev.tidewire.Inspector;
import dev.tidewire.Rejection;
import dev.tidewire.channel.Position;
import dev.tidewire.inspector.ConnectionDetail;
import dev.tidewire.inspector.Listing;
import dev.tidewire.inspector.LiveChannel;
import dev.tidewire.inspector.LiveConnection;
import dev.tidewire.jakarta.Origins.Standing;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Topics;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The inspector: a page, and the JSON that it shows. Everything under it, the page's files too, is
 * for those alone whom the access policy lets inspect, and for pages of the application's own
 * origin, whatever other sites {@link HandshakePolicy#allowOrigins} lists. Safe for any thread.
 */
final class InspectorEndpoint {

  private static final String PATH = "/inspector";
  private static final int DEFAULT_LIMIT = 50;
  private static final int MAX_TEXT = 512;

  /** The page loads its own files and its own JSON, and nothing else from anywhere. */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
          + " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final Installation installation;
  private final HttpAnswers answers;
  private final AsyncReplies replies;
  private final ClientFiles files = new ClientFiles(null, "dev/tidewire/jakarta/inspector");

  InspectorEndpoint(Installation installation, HttpAnswers answers, AsyncReplies replies) {
    this.installation = installation;
    this.answers = answers;
    this.replies = replies;
  }

  /** Whether the path is one of the inspector. */
  static boolean owns(String path) {
    return path.equals(PATH) || path.startsWith(PATH + '/');
  }

  void answer(String path, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    response.setHeader("Content-Security-Policy", POLICY);
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
    if (!request.getMethod().equals("GET") && !request.getMethod().equals("HEAD")) {
      response.setHeader("Allow", "GET, HEAD");
      answers.problem(
          HttpServletResponse.SC_METHOD_NOT_ALLOWED, "only GET, HEAD is possible here", response);
      return;
    }
    Standing standing = installation.origins().standing(request);
    if (standing == Standing.FOREIGN || standing == Standing.LISTED) {
      throw new Rejection(
          ErrorCode.FORBIDDEN, "the inspector is for pages of the application's own origin");
    }
    installation.realtime().admission().request(installation.origins().address(request));
    Inspector inspector = installation.realtime().inspector();
    inspector.require(installation.authenticator().login(request).identity());
    if (path.equals(PATH)) {
      response.sendRedirect(request.getContextPath() + request.getServletPath() + PATH + '/');
      return;
    }
    CompletionStage<Object> json = ask(inspector, path.substring(PATH.length() + 1), request);
    if (json != null) {
      replies.answerJson(
          json.thenApply(installation.realtime().codec()::toJson), request, response);
    } else if (!files.serve(file(path), request, response)) {
      answers.problem(HttpServletResponse.SC_NOT_FOUND, "nothing is here", response);
    }
  }

  private static String file(String path) {
    String name = path.substring(PATH.length());
    return name.equals("/") ? "/index.html" : name;
  }

  /** The answer to a question; null if the path is none's. */
  private @Nullable CompletionStage<Object> ask(
      Inspector inspector, String question, HttpServletRequest request) {
    return switch (question) {
      case "summary" -> now(InspectorJson.of(installation.realtime().statistics()));
      case "connections" ->
          now(
              InspectorJson.of(
                  inspector.connections(
                      text(request, "search", ""),
                      choice(request, LiveConnection.Order.QUEUE),
                      limit(request)),
                  InspectorJson::of));
      case "connection" -> now(InspectorJson.of(connection(inspector, text(request, "id", null))));
      case "channels" ->
          now(
              InspectorJson.of(
                  inspector.channels(
                      text(request, "search", ""),
                      choice(request, LiveChannel.Order.RATE),
                      limit(request)),
                  InspectorJson::of));
      case "channel" -> inspector.channel(topic(request)).thenApply(InspectorJson::of);
      case "explain" ->
          inspector
              .explain(
                  text(request, "who", null),
                  Parameters.optional(request, "topic") == null ? null : topic(request),
                  position(request))
              .thenApply(InspectorJson::of);
      default -> null;
    };
  }

  private static CompletionStage<Object> now(Object answer) {
    return CompletableFuture.completedFuture(answer);
  }

  private static ConnectionDetail connection(Inspector inspector, String id) {
    ConnectionDetail found = inspector.connection(id);
    if (found == null) {
      throw new Rejection(ErrorCode.UNKNOWN_TOPIC, "no such connection on this node (any more)");
    }
    return found;
  }

  /** A parameter; without it {@code otherwise}, or, if that is null, a rejection. */
  private static String text(HttpServletRequest request, String name, @Nullable String otherwise) {
    String value = Parameters.optional(request, name);
    if (value == null || value.isEmpty()) {
      if (otherwise == null) {
        throw bad("'" + name + "' is needed");
      }
      return otherwise;
    }
    if (value.length() > MAX_TEXT) {
      throw bad("'" + name + "' is too long");
    }
    return value;
  }

  private static String topic(HttpServletRequest request) {
    String topic = text(request, "topic", null);
    if (!Topics.isTopic(topic)) {
      throw bad("'topic' is 1 to 255 letters, digits and / : . _ - @");
    }
    return topic;
  }

  private static Position position(HttpServletRequest request) {
    Position position = Position.parse(text(request, "id", null));
    if (position == null) {
      throw bad("'id' is that of a message, like k3f9.182");
    }
    return position;
  }

  private static int limit(HttpServletRequest request) {
    int limit = Parameters.number(request, "limit", Listing.MAX);
    return limit == 0 ? DEFAULT_LIMIT : limit;
  }

  private static <E extends Enum<E>> E choice(HttpServletRequest request, E otherwise) {
    String word = Parameters.optional(request, "sort");
    if (word == null) {
      return otherwise;
    }
    E[] all = otherwise.getDeclaringClass().getEnumConstants();
    return Arrays.stream(all)
        .filter(one -> one.name().toLowerCase(Locale.ROOT).equals(word))
        .findFirst()
        .orElseThrow(
            () -> bad("'sort' is one of " + Arrays.toString(all).toLowerCase(Locale.ROOT)));
  }

  private static Rejection bad(String message) {
    return new Rejection(ErrorCode.BAD_REQUEST, message);
  }
}
