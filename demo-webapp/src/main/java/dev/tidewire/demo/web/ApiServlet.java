package dev.tidewire.demo.web;

import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Set;
import java.util.UUID;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everything under {@code /api}: finds the route, answers JSON, turns errors into problem+json. */
@WebServlet("/api/*")
public final class ApiServlet extends HttpServlet {
  private static final Logger LOG = LoggerFactory.getLogger(ApiServlet.class);
  private static final Set<String> READS = Set.of("GET", "HEAD");

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws ServletException, IOException {
    response.setHeader("Cache-Control", "no-store");
    try {
      if (!READS.contains(request.getMethod())) {
        SameOrigin.require(request);
      }
      Object result = answer(request, response);
      if (result == null) {
        response.setStatus(HttpServletResponse.SC_NO_CONTENT);
      } else if (result instanceof Answer answer) {
        send(response, answer.status(), "application/json", answer.body());
      } else {
        send(response, 200, "application/json", result);
      }
    } catch (Problem problem) {
      send(response, problem.status(), "application/problem+json", problem.body());
    }
  }

  private @Nullable Object answer(HttpServletRequest request, HttpServletResponse response) {
    Router router = (Router) getServletContext().getAttribute(Router.class.getName());
    if (router == null) {
      throw new Problem(503, "UNAVAILABLE", "The demo is starting or has stopped.");
    }
    String method = request.getMethod().equals("HEAD") ? "GET" : request.getMethod();
    String path = request.getPathInfo() == null ? "" : request.getPathInfo();
    Router.Match match = router.match(method, path);
    try {
      return match.handler().handle(new Exchange(request, response, match.parameters()));
    } catch (Problem problem) {
      throw problem;
    } catch (DataAccessException e) {
      throw unavailable(e);
    } catch (RuntimeException e) {
      throw internal(e);
    }
  }

  /**
   * The database's own words are for the log; the console, which shows them, catches its errors
   * itself.
   */
  private static Problem unavailable(DataAccessException e) {
    SQLException cause = e.getCause(SQLException.class);
    String state = cause == null || cause.getSQLState() == null ? "" : cause.getSQLState();
    if (state.startsWith("22") || state.startsWith("23")) {
      return Problem.badRequest("The database refused a value of this request.");
    }
    LOG.warn("The database failed a request: {}", e.getMessage());
    return new Problem(503, "UNAVAILABLE", "The database did not answer. Try again.");
  }

  private static Problem internal(RuntimeException e) {
    String reference = UUID.randomUUID().toString();
    LOG.error("A request failed, reference {}", reference, e);
    return new Problem(500, "INTERNAL", "Something went wrong here. Reference: " + reference);
  }

  private static void send(
      HttpServletResponse response, int status, String type, @Nullable Object body)
      throws IOException {
    byte[] json = Json.bytes(body);
    response.setStatus(status);
    response.setContentType(type);
    response.setContentLength(json.length);
    response.getOutputStream().write(json);
  }
}
