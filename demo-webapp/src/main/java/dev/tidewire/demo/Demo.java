package dev.tidewire.demo;

import dev.tidewire.Realtime;
import dev.tidewire.demo.auction.AuctionApi;
import dev.tidewire.demo.orders.OrdersApi;
import dev.tidewire.demo.sql.SqlApi;
import dev.tidewire.demo.todos.TodosApi;
import dev.tidewire.demo.web.Router;
import org.jooq.DSLContext;

/** The running demo: its pages' routes and the tasks behind them. Thread-safe. */
final class Demo implements AutoCloseable {
  private final Router router = new Router();
  private final Ticker ticker = new Ticker();

  /** Starts on {@code db}, whose writes are captured, and {@code realtime}, where they are published. */
  Demo(Database database, DSLContext db, Realtime realtime, Visitors visitors) {
    new SessionApi(visitors, database.product()).addTo(router);
    new OrdersApi(db, realtime, ticker).addTo(router);
    new AuctionApi(db, realtime, visitors, ticker).addTo(router);
    new TodosApi(db).addTo(router);
    new SqlApi(db).addTo(router);
  }

  Router router() {
    return router;
  }

  @Override
  public void close() {
    ticker.close();
  }
}
