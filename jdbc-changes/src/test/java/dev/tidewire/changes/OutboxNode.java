package dev.tidewire.changes;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.changes.postgres.PostgresBroker;
import java.time.Duration;
import java.util.Random;
import javax.sql.DataSource;

/**
 * A process that writes and relays as one of several nodes until it is killed. Arguments: JDBC URL,
 * seed, number of writers, milliseconds of the lease.
 */
final class OutboxNode {

  private OutboxNode() {}

  public static void main(String[] arguments) throws Exception {
    String url = arguments[0];
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setMaximumPoolSize(10);
    config.setMinimumIdle(1);
    DataSource plain = new HikariDataSource(config);
    Realtime realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .channels("items", c -> c.retain(1_000_000, Duration.ofHours(1)))
            .broker(PostgresBroker.on(new DriverDataSource(url)).build())
            .build();
    Duration lease = Duration.ofMillis(Long.parseLong(arguments[3]));
    ChangeCapture capture =
        ChangeCapture.on(realtime)
            .tables("items")
            .outbox(plain)
            .leaseTimes(new LeaseTimes(lease, lease.dividedBy(10), Duration.ofMinutes(4)))
            .build();
    DataSource observed = capture.observe(plain);
    for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
      Random random = new Random(Long.parseLong(arguments[1]) * 31 + i);
      Runnable writing =
          () ->
              OutboxVictim.write(observed, random, new OutboxVictim.Keys(0, 1), Integer.MAX_VALUE);
      new Thread(writing, "writer-" + i).start();
    }
    System.out.println("ready");
    System.in.read(); // the end of whoever started this
    Runtime.getRuntime().halt(0);
  }
}
