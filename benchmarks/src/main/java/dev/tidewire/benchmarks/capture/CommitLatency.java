package dev.tidewire.benchmarks.capture;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.changes.ChangeCapture;
import dev.tidewire.jakarta.RealtimeEndpoints;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * How long it takes from the call of COMMIT to the row change at WebSocket clients, at a given rate
 * of transactions of one row. The time has the commit itself in it. Server, writers and clients
 * share one JVM, and so one clock. Every client must get every change once; anything else ends the
 * run without a figure.
 *
 * <p>For one thread.
 */
public final class CommitLatency {

  private static final int WRITERS = 4;

  private final int rate;
  private final int warmUp;
  private final int measured;
  private final int clients;
  private final AtomicLongArray committing;

  CommitLatency(int rate, int warmUpSeconds, int seconds, int clients) {
    this.rate = rate;
    this.warmUp = rate * warmUpSeconds;
    this.measured = rate * seconds;
    this.clients = clients;
    this.committing = new AtomicLongArray(warmUp + measured);
  }

  /**
   * Measures as {@code name=value} arguments say, and prints a table.
   *
   * @param args {@code databases=h2,postgres}, {@code rate=500} transactions a second, {@code
   *     warmup=20} and {@code seconds=30}, {@code clients=10}
   */
  public static void main(String[] args) throws Exception {
    Map<String, String> settings =
        new TreeMap<>(
            Map.of(
                "databases", "h2,postgres",
                "rate", "500",
                "warmup", "20",
                "seconds", "30",
                "clients", "10"));
    for (String arg : args) {
      String[] pair = arg.split("=", 2);
      if (pair.length < 2 || settings.replace(pair[0], pair[1]) == null) {
        throw new IllegalArgumentException("no such setting: " + arg + "; there are " + settings);
      }
    }
    System.out.println("| database | transactions | clients | p50, ms | p99, ms |");
    System.out.println("| --- | --- | --- | --- | --- |");
    for (String database : settings.getOrDefault("databases", "").split(",")) {
      CommitLatency run =
          new CommitLatency(
              Integer.parseInt(settings.get("rate")),
              Integer.parseInt(settings.get("warmup")),
              Integer.parseInt(settings.get("seconds")),
              Integer.parseInt(settings.get("clients")));
      long[] nanos = run.measure(database);
      System.out.printf(
          Locale.ROOT,
          "| %s | %d | %d | %.1f | %.1f |%n",
          database,
          run.measured,
          run.clients,
          percentile(nanos, 50),
          percentile(nanos, 99));
    }
  }

  private static double percentile(long[] sorted, int percent) {
    int rank = (int) Math.ceil(sorted.length * percent / 100.0);
    return sorted[Math.max(0, rank - 1)] / 1e6;
  }

  /** The times of all deliveries that are measured, sorted. */
  long[] measure(String database) throws Exception {
    Realtime realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .heartbeat(Duration.ofMinutes(10), Duration.ofMinutes(1)) // these clients do not ping
            .build();
    Server jetty = new Server();
    ServerConnector connector = new ServerConnector(jetty);
    connector.setHost("127.0.0.1");
    jetty.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler("/", ServletContextHandler.SESSIONS);
    JakartaWebSocketServletContainerInitializer.configure(
        context, (servlets, container) -> RealtimeEndpoints.install(servlets, realtime));
    jetty.setHandler(context);
    List<RowListener> listeners = new ArrayList<>();
    try (BenchDatabase server = new BenchDatabase(database);
        Connection connection = server.dataSource().getConnection(); // a database in memory lives
        Statement statement = connection.createStatement()) {
      statement.execute("create table orders (id int primary key, status varchar(40))");
      try (ChangeCapture capture = ChangeCapture.on(realtime).tables("orders").build()) {
        jetty.start();
        for (int i = 0; i < clients; i++) {
          listeners.add(RowListener.open(connector.getLocalPort(), "orders", committing));
        }
        write(capture.observe(server.dataSource()));
        for (RowListener listener : listeners) {
          listener.await(committing.length());
        }
      } finally {
        jetty.stop();
        realtime.close();
      }
    }
    long[] nanos = new long[clients * measured];
    for (int i = 0; i < clients; i++) {
      System.arraycopy(listeners.get(i).nanos(), warmUp, nanos, i * measured, measured);
    }
    Arrays.sort(nanos);
    return nanos;
  }

  /** Each transaction when it is due, whatever became of those before it. */
  private void write(DataSource observed) throws Exception {
    long start = System.nanoTime();
    ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int writer = 0; writer < WRITERS; writer++) {
        int first = writer;
        all.add(
            writers.submit(
                () -> {
                  write(observed, first, start);
                  return null;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    } finally {
      writers.shutdownNow();
    }
  }

  private void write(DataSource observed, int first, long start) throws Exception {
    try (Connection connection = observed.getConnection();
        PreparedStatement insert =
            connection.prepareStatement("insert into orders (id, status) values (?, 'open')")) {
      connection.setAutoCommit(false);
      for (int id = first; id < committing.length(); id += WRITERS) {
        long due = start + id * TimeUnit.SECONDS.toNanos(1) / rate;
        LockSupport.parkNanos(due - System.nanoTime());
        insert.setInt(1, id);
        insert.executeUpdate();
        committing.set(id, System.nanoTime());
        connection.commit();
      }
    }
  }
}
