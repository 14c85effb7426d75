package dev.tidewire.demo;

import dev.tidewire.Realtime;
import dev.tidewire.changes.ChangeCapture;
import dev.tidewire.demo.auction.AuctionApi;
import dev.tidewire.demo.orders.OrdersApi;
import dev.tidewire.demo.sql.SqlApi;
import dev.tidewire.demo.todos.TodosApi;
import dev.tidewire.demo.web.Handler;
import dev.tidewire.demo.web.Router;
import org.jooq.DSLContext;

/** The running demo: its pages' routes and the tasks behind them. Thread-safe. */
final class Demo implements AutoCloseable {
  private final ChangeCapture capture;
  private final Ticker ticker = new Ticker();
  private final Router router = new Router(this::attributed);

  private final Visitors visitors;

  Demo(Database database, Realtime realtime, Visitors visitors) {
    this.visitors = visitors;
    capture = ChangeCapture.on(realtime).tables(Tables.CAPTURED).build();
    // every write through this goes out to whoever subscribed to the table, once it is committed
    DSLContext db = capture.using(database.dataSource(), database.dialect());
    new SessionApi(visitors, database.product()).addTo(router);
    new OrdersApi(db, realtime, ticker).addTo(router);
    new AuctionApi(db, realtime, capture, visitors, ticker).addTo(router);
    new TodosApi(db).addTo(router);
    new SqlApi(db).addTo(router);
  }

  /** The change events of a request say whose it was. */
  @SuppressWarnings("NullAway") // a handler without an answer returns null, and so does the work
  private Handler attributed(Handler handler) {
    return exchange ->
        capture.as(visitors.userId(exchange.request()), null, () -> handler.handle(exchange));
  }

  Router router() {
    return router;
  }

  @Override
  public void close() {
    ticker.close();
    capture.close();
  }
}
