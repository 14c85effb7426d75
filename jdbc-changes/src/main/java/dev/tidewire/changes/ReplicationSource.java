package dev.tidewire.changes;

import dev.tidewire.changes.CommitSequencer.Ticket;
import dev.tidewire.changes.store.FailureKind;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Follows PostgreSQL's write-ahead log on a thread of its own and hands each committed transaction
 * to the sequencer, in the log's order. A broken connection is made again, after one second at
 * first and thirty at last. {@link #close} may be called from any thread.
 */
final class ReplicationSource implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ReplicationSource.class);
  private static final Duration FIRST_WAIT = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /** How the engine is learnt from the first connection. */
  interface Engines {
    Engine of(Connection connection) throws SQLException;
  }

  private final PostgresReplication options;
  private final Collection<CapturedTable> tables;
  private final CommitSequencer sequencer;
  private final Engines engines;
  private final String slot;
  private final CountDownLatch ready = new CountDownLatch(1);
  private final CountDownLatch stop = new CountDownLatch(1);
  private final Thread thread;
  private volatile @Nullable Connection replication;
  private volatile boolean connected;

  /** Behind the last transaction that was handed over; the server may tell it again. */
  private long handedOver;

  private long confirmed;

  /** Whether something may have been missed since the log was last read. */
  private boolean missed;

  ReplicationSource(
      PostgresReplication options,
      Collection<CapturedTable> tables,
      CommitSequencer sequencer,
      Engines engines) {
    this.options = options;
    this.tables = tables;
    this.sequencer = sequencer;
    this.engines = engines;
    String lasting = options.slot();
    String random = Long.toHexString(ThreadLocalRandom.current().nextLong());
    slot = lasting == null ? "tidewire_" + random : lasting;
    thread = new Thread(this::run, "tidewire-replication");
    thread.setDaemon(true);
  }

  /** Starts, and waits a little for the log to be followed, so that the next write is seen. */
  void start() {
    thread.start();
    try {
      if (!ready.await(FIRST_WAIT.toSeconds(), TimeUnit.SECONDS)) {
        log.atWarn()
            .addKeyValue("part", "replication")
            .addKeyValue("database", options)
            .addKeyValue("slot", slot)
            .log("The log of {} is not followed yet; its tables are reset once it is", options);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    Duration pause = Duration.ofSeconds(1);
    while (!isClosed()) {
      try {
        follow();
      } catch (SQLException | RuntimeException e) {
        if (isClosed()) {
          return;
        }
        missed |= options.slot() == null || ready.getCount() > 0;
        pause = connected ? Duration.ofSeconds(1) : longer(pause);
        LoggingEventBuilder line =
            log.atWarn()
                .addKeyValue("part", "replication")
                .addKeyValue("database", options)
                .addKeyValue("slot", slot)
                .addKeyValue("reason", FailureKind.of(e));
        (FailureKind.isOfValue(e) ? line : line.setCause(e)) // a row's, perhaps
            .log("Cannot follow the log of {}, again in {} s", options, pause.toSeconds());
      } finally {
        connected = false;
      }
      if (!sleep(pause)) {
        return;
      }
    }
  }

  private static Duration longer(Duration pause) {
    Duration twice = pause.multipliedBy(2);
    return twice.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : twice;
  }

  private boolean sleep(Duration pause) {
    try {
      return !stop.await(pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      return false;
    }
  }

  private boolean isClosed() {
    return stop.getCount() == 0;
  }

  private void follow() throws SQLException {
    try (Connection lookup = connect(false);
        Connection reader = connect(true)) {
      replication = reader;
      if (isClosed()) {
        return;
      }
      Engine engine = engines.of(lookup);
      String publication = publication(lookup, engine);
      prepareSlot(lookup, reader.unwrap(PGConnection.class));
      try (PGReplicationStream stream =
          reader
              .unwrap(PGConnection.class)
              .getReplicationAPI()
              .replicationStream()
              .logical()
              .withSlotName(slot)
              .withSlotOption("proto_version", 1)
              .withSlotOption("publication_names", TableId.quote(publication))
              .withStatusInterval(10, TimeUnit.SECONDS)
              .start()) {
        connected = true;
        if (missed) {
          sequencer.reset(tables);
          missed = false;
        }
        ready.countDown();
        LogDecoder decoder = new LogDecoder(engine.catalog(), lookup, engine.maxWaitingRows());
        while (!isClosed()) {
          read(stream, decoder);
        }
      }
    }
  }

  private void read(PGReplicationStream stream, LogDecoder decoder) throws SQLException {
    ByteBuffer message = stream.readPending();
    if (message == null) {
      confirm(stream);
      message = stream.read();
    }
    if (message == null) {
      throw new SQLException("the server ended the stream");
    }
    long end = decoder.read(message);
    if (end < 0) {
      return;
    }
    List<Change> changes = decoder.drain();
    if (Long.compareUnsigned(end, handedOver) > 0) {
      handedOver = end;
      if (!changes.isEmpty()) {
        Ticket ticket = sequencer.draw();
        sequencer.settle(ticket, changes);
      }
    }
    LogSequenceNumber behind = LogSequenceNumber.valueOf(end);
    stream.setAppliedLSN(behind);
    stream.setFlushedLSN(behind);
  }

  /** Before it waits, so that a slot that lasts repeats nothing after a stop. */
  private void confirm(PGReplicationStream stream) throws SQLException {
    if (options.slot() != null && confirmed != handedOver) {
      stream.forceUpdateStatus();
      confirmed = handedOver;
    }
  }

  private Connection connect(boolean forReplication) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", options.user());
    properties.setProperty("password", options.password());
    properties.setProperty("ApplicationName", "tidewire");
    properties.setProperty("tcpKeepAlive", "true");
    if (forReplication) {
      properties.setProperty("assumeMinServerVersion", "10");
      properties.setProperty("replication", "database");
      properties.setProperty("preferQueryMode", "simple");
    }
    return DriverManager.getConnection(options.url(), properties);
  }

  /** Makes or completes the publication; what is there already is left alone. */
  private String publication(Connection lookup, Engine engine) throws SQLException {
    String given = options.publication();
    if (given != null) {
      return given;
    }
    List<TableId> present = engine.catalog().present(lookup);
    if (present.isEmpty()) {
      throw new SQLException("none of the tables is there: " + tables);
    }
    String list = present.stream().map(TableId::sql).sorted().collect(Collectors.joining(", "));
    String name =
        Objects.requireNonNullElseGet(
            options.slot(), () -> String.format(Locale.ROOT, "tidewire_%08x", list.hashCode()));
    boolean exists =
        !Dialect.strings(lookup, "SELECT pubname FROM pg_publication WHERE pubname = ?", name)
            .isEmpty();
    if (!exists || !published(lookup, name).containsAll(present)) {
      boolean generated = lookup.getMetaData().getDatabaseMajorVersion() >= 18;
      try (Statement statement = lookup.createStatement()) {
        statement.execute(
            exists
                ? "ALTER PUBLICATION " + TableId.quote(name) + " SET TABLE " + list
                : "CREATE PUBLICATION "
                    + TableId.quote(name)
                    + " FOR TABLE "
                    + list
                    + " WITH (publish_via_partition_root = true"
                    + (generated ? ", publish_generated_columns = stored)" : ")"));
      }
    }
    return name;
  }

  private static Collection<TableId> published(Connection lookup, String publication) {
    try (PreparedStatement statement =
        lookup.prepareStatement(
            "SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = ?")) {
      statement.setString(1, publication);
      List<TableId> found = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          found.add(new TableId(rows.getString(1), rows.getString(2)));
        }
      }
      return found;
    } catch (SQLException e) {
      log.atDebug()
          .addKeyValue("part", "replication")
          .setCause(e)
          .log("Could not read what a publication has");
      return List.of();
    }
  }

  private void prepareSlot(Connection lookup, PGConnection reader) throws SQLException {
    if (options.slot() == null) {
      reader
          .getReplicationAPI()
          .createReplicationSlot()
          .logical()
          .withSlotName(slot)
          .withTemporaryOption()
          .withOutputPlugin("pgoutput")
          .make();
      return;
    }
    List<String> status =
        Dialect.strings(
            lookup, "SELECT wal_status FROM pg_replication_slots WHERE slot_name = ?", slot);
    if (status.contains("lost")) {
      log.atError()
          .addKeyValue("part", "replication")
          .addKeyValue("slot", slot)
          .log("The server has thrown away log that slot {} had not read: tables are reset", slot);
      Dialect.strings(lookup, "SELECT pg_drop_replication_slot(?)", slot);
      missed = true;
    }
    if (status.isEmpty() || status.contains("lost")) {
      reader
          .getReplicationAPI()
          .createReplicationSlot()
          .logical()
          .withSlotName(slot)
          .withOutputPlugin("pgoutput")
          .make();
      // a slot that somebody dropped while this was away has nothing to tell of that time
      missed |= ready.getCount() == 0;
    }
    if (Dialect.strings(lookup, "SHOW max_slot_wal_keep_size").contains("-1")) {
      log.atWarn()
          .addKeyValue("part", "replication")
          .addKeyValue("slot", slot)
          .log(
              "max_slot_wal_keep_size is not set: slot {} may fill the server's disk while this"
                  + " application is down",
              slot);
    }
  }

  /** Asks the server how far this has come. */
  ReplicationStatus status() throws SQLException {
    try (Connection lookup = connect(false);
        PreparedStatement statement =
            lookup.prepareStatement(
                "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn), wal_status"
                    + " FROM pg_replication_slots WHERE slot_name = ?")) {
      statement.setString(1, slot);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next()
            ? new ReplicationStatus(
                connected, slot, rows.getLong(1), Objects.toString(rows.getString(2), ""))
            : new ReplicationStatus(connected, slot, -1, "");
      }
    }
  }

  /** Stops reading. What was read is handed over. */
  @Override
  public void close() {
    stop.countDown();
    thread.interrupt();
    Connection reader = replication;
    try {
      if (reader != null) {
        // the only way to wake a thread that waits for the server
        reader.abort(Runnable::run);
      }
      thread.join(TimeUnit.SECONDS.toMillis(5));
    } catch (SQLException e) {
      log.atDebug()
          .addKeyValue("part", "replication")
          .addKeyValue("slot", slot)
          .setCause(e)
          .log("Could not abort the replication connection");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
