package dev.tidewire.demo;

import dev.tidewire.Realtime;
import dev.tidewire.changes.ChangeCapture;
import dev.tidewire.changes.ChangeCaptureBuilder;
import dev.tidewire.changes.Written;
import dev.tidewire.demo.auction.AuctionApi;
import dev.tidewire.demo.orders.OrdersApi;
import dev.tidewire.demo.sql.SqlApi;
import dev.tidewire.demo.todos.TodosApi;
import dev.tidewire.demo.web.Handler;
import dev.tidewire.demo.web.Once;
import dev.tidewire.demo.web.Router;
import java.time.Duration;
import java.util.Map;
import org.jooq.DSLContext;
import org.jooq.exception.DataAccessException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The running demo: its pages' routes and the tasks behind them. Thread-safe. */
final class Demo implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Demo.class);

  private final ChangeCapture capture;
  private final Ticker ticker = new Ticker();
  private final Router router = new Router(this::attributed);

  private final Visitors visitors;
  private final Duty duty;

  Demo(Database database, Realtime realtime, Visitors visitors, Node node) {
    this.visitors = visitors;
    capture = capture(database, realtime, node);
    // every write through this goes out to whoever subscribed to the table, once it is committed
    DSLContext db = capture.using(database.dataSource(), database.dialect());
    duty = new Duty(db, node);
    new SessionApi(visitors, database.product(), node.name()).addTo(router);
    realtime.onCall("node", call -> Map.of("name", node.name()));
    new OrdersApi(db, realtime, ticker, duty).addTo(router);
    new AuctionApi(db, realtime, capture, visitors, ticker, duty).addTo(router);
    Once once = new Once(db);
    ticker.every(Duration.ofHours(1), once::forgetOld);
    ticker.every(Duration.ofHours(1), visitors::forgetOld);
    new TodosApi(db, once, exchange -> String.valueOf(visitors.userId(exchange.request())))
        .addTo(router);
    new SqlApi(db).addTo(router);
    Seed.fill(realtime.documents().get("tides"));
  }

  /** With several nodes, a commit is told even if its node is killed before it came to that. */
  private static ChangeCapture capture(Database database, Realtime realtime, Node node) {
    ChangeCaptureBuilder capture = ChangeCapture.on(realtime).tables(Tables.CAPTURED);
    if (node.broker() != null && database.isShared()) {
      capture.outbox(database.dataSource());
    }
    return capture.build();
  }

  /**
   * The change events of a request say whose it was and which mutation, and its answer where they
   * stand in their channels.
   */
  @SuppressWarnings("NullAway") // a handler without an answer returns null, and so does the work
  private Handler attributed(Handler handler) {
    return exchange -> {
      String user = visitors.userId(exchange.request());
      Written<Object> written =
          capture.written(
              () -> capture.as(user, Once.key(exchange), () -> handler.handle(exchange)));
      exchange.wrote(written.positions());
      return written.result();
    };
  }

  Router router() {
    return router;
  }

  private void leaveDuty() {
    try {
      duty.leave();
    } catch (DataAccessException e) {
      LOG.debug("The next node takes over when the term is over", e);
    }
  }

  @Override
  public void close() {
    ticker.close();
    leaveDuty();
    capture.close();
  }
}
