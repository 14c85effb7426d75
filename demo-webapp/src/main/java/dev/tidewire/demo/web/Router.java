package dev.tidewire.demo.web;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The table of routes: method and path, where a segment in braces is a parameter ({@code
 * /todos/{id}}). Filled once at start, then only read; safe for concurrent reading once published.
 */
public final class Router {
  private final List<Route> routes = new ArrayList<>();
  private final UnaryOperator<Handler> around;

  /** Every handler that is added runs inside what {@code around} makes of it. */
  public Router(UnaryOperator<Handler> around) {
    this.around = around;
  }

  public Router get(String path, Handler handler) {
    return add("GET", path, handler);
  }

  public Router post(String path, Handler handler) {
    return add("POST", path, handler);
  }

  public Router put(String path, Handler handler) {
    return add("PUT", path, handler);
  }

  public Router patch(String path, Handler handler) {
    return add("PATCH", path, handler);
  }

  public Router delete(String path, Handler handler) {
    return add("DELETE", path, handler);
  }

  private Router add(String method, String path, Handler handler) {
    routes.add(new Route(method, List.of(path.split("/", -1)), around.apply(handler)));
    return this;
  }

  Match match(String method, String path) {
    List<String> segments = List.of(path.split("/", -1));
    TreeSet<String> allowed = new TreeSet<>();
    for (Route route : routes) {
      Map<String, String> parameters = route.parameters(segments);
      if (parameters != null) {
        if (route.method.equals(method)) {
          return new Match(route.handler, parameters);
        }
        allowed.add(route.method);
      }
    }
    if (allowed.isEmpty()) {
      throw Problem.notFound("There is nothing at this address.");
    }
    throw new Problem(
        405,
        "method_not_allowed",
        "This address takes " + String.join(", ", allowed) + ".",
        Map.of("allow", allowed));
  }

  record Match(Handler handler, Map<String, String> parameters) {}

  private record Route(String method, List<String> segments, Handler handler) {
    @Nullable Map<String, String> parameters(List<String> actual) {
      if (actual.size() != segments.size()) {
        return null;
      }
      Map<String, String> parameters = new HashMap<>();
      for (int i = 0; i < segments.size(); i++) {
        String segment = segments.get(i);
        if (segment.startsWith("{")) {
          parameters.put(segment.substring(1, segment.length() - 1), actual.get(i));
        } else if (!segment.equals(actual.get(i))) {
          return null;
        }
      }
      return parameters;
    }
  }
}
