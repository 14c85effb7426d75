package dev.tidewire.demo;

import dev.tidewire.demo.web.Body;
import dev.tidewire.demo.web.Exchange;
import dev.tidewire.demo.web.Problem;
import dev.tidewire.demo.web.Router;
import java.util.LinkedHashMap;
import java.util.Map;

/** Who the visitor is: made up at the first request, then as they choose. Thread-safe. */
final class SessionApi {
  private static final int MAX_NAME = 24;

  private final Visitors visitors;
  private final String database;
  private final String node;

  SessionApi(Visitors visitors, String database, String node) {
    this.visitors = visitors;
    this.database = database;
    this.node = node;
  }

  void addTo(Router router) {
    router.get("/session", exchange -> json(visitors.of(exchange))).post("/session", this::choose);
  }

  private Object choose(Exchange exchange) {
    Body body = exchange.body();
    String name = body.text("name", MAX_NAME);
    String color = body.text("color", 20);
    if (!Visitor.COLORS.contains(color)) {
      throw Problem.badRequest("`color` must be one of " + String.join(", ", Visitor.COLORS) + ".");
    }
    return json(visitors.rename(exchange, name, color));
  }

  private Object json(Visitor visitor) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("userId", visitor.userId());
    json.put("name", visitor.name());
    json.put("color", visitor.color());
    json.put("chosen", visitor.chosen());
    json.put("colors", Visitor.COLORS);
    json.put("database", database);
    json.put("node", node);
    json.put("now", System.currentTimeMillis());
    return json;
  }
}
