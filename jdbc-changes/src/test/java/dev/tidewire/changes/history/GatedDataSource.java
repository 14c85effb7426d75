package dev.tidewire.changes.history;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/** A data source that can be made to wait or to fail, and counts. Safe for any thread. */
final class GatedDataSource {

  private final AtomicInteger connections = new AtomicInteger();
  private volatile CountDownLatch gate = new CountDownLatch(0);
  private volatile boolean down;
  private final DataSource dataSource;

  GatedDataSource(DataSource inner) {
    dataSource =
        (DataSource)
            Proxy.newProxyInstance(
                DataSource.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("getConnection")) {
                    enter();
                  }
                  try {
                    return method.invoke(inner, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
  }

  private void enter() throws SQLException {
    connections.incrementAndGet();
    try {
      if (!gate.await(60, TimeUnit.SECONDS)) {
        throw new SQLException("the gate stays closed");
      }
    } catch (InterruptedException e) {
      throw new SQLException(e);
    }
    if (down) {
      throw new SQLException("no connection", "08001");
    }
  }

  DataSource dataSource() {
    return dataSource;
  }

  /** Connections asked for so far. */
  int connections() {
    return connections.get();
  }

  void shut() {
    gate = new CountDownLatch(1);
  }

  void open() {
    gate.countDown();
  }

  void down(boolean isDown) {
    down = isDown;
  }
}
