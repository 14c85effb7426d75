package dev.tidewire.changes;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Collects what to capture; begun by {@link ChangeCapture#on}.
 *
 * <p>For one thread.
 */
public final class ChangeCaptureBuilder {

  private final BiFunction<Collection<CapturedTable>, RowReader, ChangeSink> sink;
  private final RowReader reader = new RowReader();
  private final Map<String, CapturedTable> tables = new LinkedHashMap<>();
  int maxRows = 10_000;
  int maxWaitingRows = 100_000;
  Uncapturable uncapturable = Uncapturable.RESET;
  @Nullable PostgresReplication replication;
  @Nullable DataSource outbox;
  private OutboxOptions outboxOptions = OutboxOptions.DEFAULT;
  private LeaseTimes leaseTimes = LeaseTimes.DEFAULT;

  ChangeCaptureBuilder(BiFunction<Collection<CapturedTable>, RowReader, ChangeSink> sink) {
    this.sink = sink;
  }

  /**
   * Captures tables with all columns that they have when they are first read. A table outside the
   * default schema is named with its schema. The channel is the name in lower case.
   */
  public ChangeCaptureBuilder tables(String... names) {
    for (String name : names) {
      table(name, options -> {});
    }
    return this;
  }

  /**
   * Captures one table.
   *
   * @throws IllegalArgumentException if the table is named twice
   */
  public ChangeCaptureBuilder table(String name, Consumer<TableOptions> options) {
    if (name.isBlank()) {
      throw new IllegalArgumentException("blank table name");
    }
    TableOptions chosen = new TableOptions();
    options.accept(chosen);
    CapturedTable table = chosen.table(name);
    if (tables.putIfAbsent(name.toLowerCase(Locale.ROOT), table) != null) {
      throw new IllegalArgumentException("table named twice: " + name);
    }
    return this;
  }

  /**
   * How many rows of one statement are told one by one; one that writes more is a reset of its
   * table. Default 10,000; 0 makes every write a reset.
   */
  public ChangeCaptureBuilder maxRows(int rows) {
    if (rows < 0 || rows >= Integer.MAX_VALUE) {
      throw new IllegalArgumentException("maxRows: " + rows);
    }
    maxRows = rows;
    return this;
  }

  /** What happens to a statement whose rows cannot be told. Default {@link Uncapturable#RESET}. */
  public ChangeCaptureBuilder onUncapturable(Uncapturable reaction) {
    uncapturable = reaction;
    return this;
  }

  /**
   * Takes the changes from PostgreSQL's write-ahead log, so that the writes of every program are
   * told; connections are not observed then, and who wrote and why is not known.
   */
  public ChangeCaptureBuilder replication(PostgresReplication log) {
    replication = log;
    return this;
  }

  /** Where snapshots are read, two at a time; default: the first data source observed. */
  public ChangeCaptureBuilder snapshots(DataSource dataSource) {
    reader.readFrom(dataSource);
    return this;
  }

  /**
   * Has every transaction write its changes into an outbox as well, so that what is committed is
   * published even if the JVM is killed in between, and positions hold over a restart. The tables
   * are made if they are missing. Where the bus has a broker that several nodes share, one of them
   * publishes for all, in the order of their commits.
   *
   * @param dataSource the same database, not observed
   */
  public ChangeCaptureBuilder outbox(DataSource dataSource) {
    return outbox(dataSource, OutboxOptions.DEFAULT);
  }

  /** The same with options. */
  public ChangeCaptureBuilder outbox(DataSource dataSource, OutboxOptions options) {
    if (dataSource instanceof CapturingDataSource) {
      throw new IllegalArgumentException("the outbox needs the data source that is not observed");
    }
    outbox = dataSource;
    outboxOptions = options;
    return this;
  }

  Outbox.Settings outboxSettings() {
    return new Outbox.Settings(outboxOptions, leaseTimes, maxWaitingRows);
  }

  /** For tests: how soon another node relays the outbox. */
  ChangeCaptureBuilder leaseTimes(LeaseTimes times) {
    leaseTimes = times;
    return this;
  }

  /** For tests: how many rows may wait. */
  ChangeCaptureBuilder maxWaitingRows(int rows) {
    maxWaitingRows = rows;
    return this;
  }

  /**
   * Starts the capture; registers a channel for every table.
   *
   * @throws IllegalStateException if no table is named, or an outbox is to be written while the
   *     changes come from a log
   * @throws IllegalArgumentException if two tables have the same channel, or a name is none
   */
  public ChangeCapture build() {
    if (tables.isEmpty()) {
      throw new IllegalStateException("name the tables to capture: tables(\"orders\")");
    }
    Set<String> topics = new HashSet<>();
    for (CapturedTable table : tables.values()) {
      if (!topics.add(table.topic())) {
        throw new IllegalArgumentException("two tables on the channel " + table.topic());
      }
    }
    if (outbox != null && replication != null) {
      throw new IllegalStateException(
          "an outbox is written by observed connections, and with replication(log) none is: leave"
              + " one of the two out");
    }
    List<CapturedTable> chosen = List.copyOf(new ArrayList<>(tables.values()));
    ChangeCapture capture = new ChangeCapture(this, chosen, sink.apply(chosen, reader), reader);
    capture.start();
    return capture;
  }
}
