package dev.tidewire.demo.orders;

import dev.tidewire.Realtime;
import dev.tidewire.demo.Duty;
import dev.tidewire.demo.Ticker;
import dev.tidewire.demo.web.Answer;
import dev.tidewire.demo.web.Body;
import dev.tidewire.demo.web.Exchange;
import dev.tidewire.demo.web.Problem;
import dev.tidewire.demo.web.Router;
import java.time.Duration;
import java.util.Map;
import org.jooq.DSLContext;

/** The dashboard's routes. */
public final class OrdersApi {
  private final Orders orders;
  private final OrderStream stream;
  private final Metrics metrics;

  public OrdersApi(DSLContext db, Realtime realtime, Ticker ticker, Duty duty) {
    orders = new Orders(db);
    metrics = new Metrics(realtime, orders, duty);
    stream =
        new OrderStream(
            db,
            duty,
            running -> realtime.emit("stream", Map.of("running", running), Metrics.BOARD));
    ticker.every(OrderStream.PACE, stream);
    ticker.every(Duration.ofSeconds(1), metrics);
  }

  public void addTo(Router router) {
    router
        .get("/orders", exchange -> orders.latest(exchange.query("limit", 12, 1, 500)))
        .post("/orders", this::write)
        .get("/orders/stream", exchange -> Map.of("running", stream.isRunning()))
        .put("/orders/stream", this::run)
        .get("/metrics", exchange -> metrics.now());
  }

  private Object write(Exchange exchange) {
    Body body = exchange.optionalBody();
    if (body == null) {
      return Answer.created(orders.writeAny());
    }
    String status = body.has("status") ? body.text("status", 20) : Samples.STATUSES.get(0);
    if (!Samples.STATUSES.contains(status)) {
      throw Problem.badRequest(
          "`status` must be one of " + String.join(", ", Samples.STATUSES) + ".");
    }
    return Answer.created(orders.write(body.text("customer", 80), body.amount("total"), status));
  }

  private Object run(Exchange exchange) {
    stream.run(exchange.body().flag("running"));
    return Map.of("running", stream.isRunning());
  }
}
