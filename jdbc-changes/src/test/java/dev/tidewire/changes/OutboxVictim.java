package dev.tidewire.changes;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.sql.DataSource;

/**
 * A process that writes, captures and publishes until it is killed: frames go over one socket, line
 * by line. Arguments: JDBC URL, port to connect to, seed, number of writers (0: only publishes).
 */
final class OutboxVictim {

  private OutboxVictim() {}

  public static void main(String[] arguments) throws Exception {
    String url = arguments[0];
    DataSource plain = dataSource(url);
    Realtime realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .limits(l -> l.recovery(1_000_000, 1 << 28).queueBytes(1 << 30))
            .channels("items", c -> c.retain(1_000_000, Duration.ofHours(1)))
            .build();
    ChangeCapture capture =
        ChangeCapture.on(realtime)
            .tables("items")
            .outbox(plain, OutboxOptions.DEFAULT.keepTransactions(5_000))
            .build();
    DataSource observed = capture.observe(plain);
    int writers = Integer.parseInt(arguments[3]);
    for (int i = 0; i < writers; i++) {
      Random random = new Random(Long.parseLong(arguments[2]) * 31 + i);
      Keys keys = url.startsWith("jdbc:h2:") ? new Keys(i, writers) : new Keys(0, 1);
      Thread thread = new Thread(() -> write(observed, random, keys, 500), "writer-" + i);
      thread.setDaemon(true);
      thread.start();
    }
    serve(realtime, Integer.parseInt(arguments[1]));
  }

  /** The driver's connections, kept by whoever asked for them: no pool to get in the way. */
  static DataSource dataSource(String url) {
    return new DriverDataSource(url);
  }

  /**
   * Which keys a writer inserts and deletes. H2 may report an INSERT that waited for another
   * transaction's DELETE of the same key as done, and not keep the row: there each has its own.
   */
  record Keys(int first, int step) {
    int any(Random random) {
      return first + step * random.nextInt(60 / step);
    }
  }

  static void write(DataSource observed, Random random, Keys keys, int transactions) {
    try (Connection connection = observed.getConnection()) {
      // fewer in all than the outbox keeps, however slowly the reader reads
      for (int i = 0; i < transactions; i++) {
        try {
          transaction(connection, random, keys);
        } catch (SQLException e) {
          if (!connection.getAutoCommit()) {
            connection.rollback();
          }
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void transaction(Connection connection, Random random, Keys keys)
      throws SQLException {
    boolean single = random.nextInt(3) == 0;
    connection.setAutoCommit(single);
    int statements = single ? 1 : 1 + random.nextInt(4);
    for (int i = 0; i < statements; i++) {
      int kind = random.nextInt(5);
      int id = kind < 3 ? keys.any(random) : random.nextInt(60);
      String sql =
          switch (kind) {
            case 0, 1 -> "insert into items (v, id) values (?, ?)";
            case 2 -> "delete from items where v <> ? and id = ?";
            default -> "update items set v = ? where id between ? and " + (id + random.nextInt(4));
          };
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        statement.setInt(1, random.nextInt());
        statement.setInt(2, id);
        statement.executeUpdate();
      }
    }
    if (!single) {
      if (random.nextInt(5) == 0) {
        connection.rollback();
      } else {
        connection.commit();
      }
    }
  }

  private static void serve(Realtime realtime, int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    OutputStream out = socket.getOutputStream();
    ExecutorService sender = Executors.newSingleThreadExecutor();
    Session session =
        realtime.connect(
            new dev.tidewire.transport.Connection() {
              @Override
              public void send(Frame frame, Completion completion) {
                sender.execute(
                    () -> {
                      try {
                        out.write((frame.text() + "\n").getBytes(UTF_8));
                        out.flush();
                        completion.sent();
                      } catch (IOException e) {
                        completion.failed(e);
                      }
                    });
              }

              @Override
              public void close(int code, String reason) {}

              @Override
              public String remoteAddress() {
                return "";
              }
            },
            Identity.of("reader"));
    BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
    String line = in.readLine();
    while (line != null) {
      session.receive(line);
      line = in.readLine();
    }
    Runtime.getRuntime().halt(0);
  }
}
