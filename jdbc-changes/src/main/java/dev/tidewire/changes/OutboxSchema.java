package dev.tidewire.changes;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The outbox's tables as a database spells them. Immutable, safe for any thread.
 *
 * @param prefix name of the transactions' table, with which the other names begin
 * @param lock takes the lock, to the end of the transaction; null where writers follow one another
 *     anyway, so that any write takes it
 * @param lockMaking makes what that is taken on; empty if it is one of the tables
 * @param insert adds a transaction: first number, time, counts, changes
 * @param returning whether that is a query for the number; else it is a generated key
 * @param restoresKeys whether the session's last key is to be put back after that, because SQL can
 *     ask for it
 * @param seconds asks the database's clock, in seconds since 1970
 * @param definitions the tables, each if it is missing
 */
record OutboxSchema(
    String prefix,
    @Nullable String lock,
    List<String> lockMaking,
    String insert,
    boolean returning,
    boolean restoresKeys,
    String seconds,
    List<String> definitions) {

  private static final Logger log = LoggerFactory.getLogger(OutboxSchema.class);

  /** Longest JSON of one row; H2's longest text is a little more. */
  static final int MAX_TEXT = 1_000_000;

  private static final String NAME = "tidewire_outbox";
  private static final String INSERT =
      "(%s first_seq, written_at, counts, changes) values (%s ?, ?, ?, ?)";

  /** The transactions; one that is long has several rows, which follow one another. */
  String outbox() {
    return prefix;
  }

  /**
   * What is known of each channel. The row without a topic is locked by who adds transactions
   * (except on H2), and never changes, so that no snapshot is too old to lock it; that of {@code *}
   * has the number up to which transactions are deleted. Those that begin with {@code >} are of
   * {@link OutboxLease}.
   */
  String channels() {
    return prefix + "_channel";
  }

  /** The channels whose epoch ends at the next start. */
  String ends() {
    return prefix + "_end";
  }

  /**
   * Returns the tables in the place where {@code connection} makes new ones.
   *
   * @throws IllegalArgumentException if the database is none of those known, or would lose what it
   *     has committed
   */
  static OutboxSchema of(Connection connection) throws SQLException {
    String product = connection.getMetaData().getDatabaseProductName();
    return switch (product) {
      case "PostgreSQL" -> {
        String prefix = prefix(connection.getSchema(), '"');
        UUID key = UUID.nameUUIDFromBytes(prefix.getBytes(StandardCharsets.UTF_8));
        yield new OutboxSchema(
            prefix,
            "select 1 from pg_advisory_xact_lock(" + key.getMostSignificantBits() + ")",
            List.of(),
            insert(prefix, "") + " returning seq",
            true,
            false,
            "cast(extract(epoch from clock_timestamp()) as bigint)",
            tables(prefix, "bigint generated always as identity", "varchar(255)", "text", ""));
      }
      case "H2" -> {
        refuseLossy(connection);
        String prefix = prefix(connection.getSchema(), '"');
        List<String> definitions = new ArrayList<>();
        // not an identity column, which would change the application's last key
        definitions.add("create sequence if not exists " + prefix + "_seq");
        definitions.addAll(tables(prefix, "bigint", "varchar(255)", "varchar(1048576)", ""));
        yield new OutboxSchema(
            prefix,
            "select id from " + prefix + "_lock for update",
            List.of(
                // on the disk a row may stay locked by a killed process, for good
                "create global temporary table if not exists "
                    + (prefix + "_lock (id int primary key) not persistent"),
                "insert into %1$s select 1 where not exists (select * from %1$s)"
                    .formatted(prefix + "_lock"),
                "grant select, update on " + prefix + "_lock to public"),
            insert(prefix, "next value for " + prefix + "_seq"),
            false,
            false,
            "cast(extract(epoch from current_timestamp) as bigint)",
            definitions);
      }
      case "MariaDB", "MySQL" -> {
        String prefix = prefix(connection.getCatalog(), '`');
        String topic = "varchar(255) character set utf8mb4 collate utf8mb4_bin";
        yield new OutboxSchema(
            prefix,
            "select last_insert_id() from " + prefix + "_channel where topic = '' for update",
            List.of(),
            insert(prefix, ""),
            false,
            true,
            "unix_timestamp()",
            tables(prefix, "bigint auto_increment", topic, "longtext", ""));
      }
      case "SQLite" -> {
        // without row ids, which would change the application's last one
        String next =
            "(select max(base, coalesce((select max(seq) from tidewire_outbox), 0)) + 1"
                + " from tidewire_outbox_channel where topic = '*')";
        yield new OutboxSchema(
            NAME,
            null,
            List.of(),
            insert(NAME, next) + " returning seq",
            true,
            false,
            "cast(strftime('%s', 'now') as integer)",
            tables(NAME, "bigint", "text", "text", " without rowid"));
      }
      default ->
          throw new IllegalArgumentException(
              "no outbox on " + product + ": PostgreSQL, H2, MariaDB, MySQL and SQLite only");
    };
  }

  private static String insert(String prefix, String number) {
    return "insert into "
        + prefix
        + (number.isEmpty() ? INSERT.formatted("", "") : INSERT.formatted("seq,", number + ","));
  }

  private static List<String> tables(
      String prefix, String number, String topic, String text, String options) {
    String create = "create table if not exists " + prefix;
    return List.of(
        create
            + " (seq %s primary key, first_seq bigint, written_at bigint not null,"
                .formatted(number)
            + " counts %s not null, changes %s not null)".formatted(text, text)
            + options,
        create
            + "_channel (topic %s primary key, epoch varchar(32) not null,".formatted(topic)
            + " base bigint not null, layout varchar(36) not null)"
            + options,
        create + "_end (id bigint primary key, topic %s not null)".formatted(topic) + options);
  }

  /** Qualified, because the application's connections may look elsewhere. */
  private static String prefix(@Nullable String schema, char quote) {
    if (schema == null) {
      throw new IllegalArgumentException("the outbox's connections have no schema");
    }
    String mark = String.valueOf(quote);
    return mark + schema.replace(mark, mark + mark) + mark + '.' + NAME;
  }

  /** A position that was given to a lost transaction would be given again, to another change. */
  private static void refuseLossy(Connection connection) throws SQLException {
    List<String> path = Dialect.strings(connection, "select database_path()");
    List<String> delay =
        Dialect.strings(
            connection,
            "select setting_value from information_schema.settings"
                + " where setting_name = 'WRITE_DELAY'");
    if (!path.contains("") && !delay.isEmpty() && !delay.contains("0")) {
      throw new IllegalArgumentException(
          "an outbox on H2 needs WRITE_DELAY=0 (in the URL, or SET WRITE_DELAY 0): with a delay of "
              + delay.get(0)
              + " ms a killed process loses what was committed and published");
    }
  }

  /**
   * Whether a COMMIT must have returned before the next transaction writes: H2 lets go of the locks
   * first and writes to the disk then, and what another adds meanwhile may be there in part.
   */
  boolean takesTurns() {
    return !lockMaking.isEmpty();
  }

  /** Comes first in a transaction, for on SQLite a reader cannot always become a writer. */
  void takeLock(Connection connection) throws SQLException {
    if (lock == null) {
      OutboxConnections.update(
          connection, "update " + channels() + " set base = base where topic = ''");
    } else {
      takeLock(connection, () -> makeLock(connection));
    }
  }

  /**
   * The same later in a transaction.
   *
   * @param making makes what the lock is taken on, when it is missing
   * @return the session's last key, where that is to be put back
   */
  long takeLock(Connection connection, SqlCall<?> making) throws SQLException {
    if (lock == null) {
      return 0;
    }
    if (lockMaking.isEmpty()) {
      return OutboxConnections.number(connection, lock);
    }
    if (!isLocked(connection, lock)) {
      making.call(); // the database was closed meanwhile
      if (!isLocked(connection, lock)) {
        throw new SQLTransientException("the outbox's lock was made just now", "40001");
      }
    }
    return 0;
  }

  private static boolean isLocked(Connection connection, String lock) throws SQLException {
    try {
      return OutboxConnections.number(connection, lock) > 0;
    } catch (SQLException e) {
      if (String.valueOf(e.getSQLState()).startsWith("42S0")) {
        return false; // there is no such table
      }
      throw e;
    }
  }

  /** On a connection of the outbox's own, not in the midst of a transaction. */
  boolean makeLock(Connection connection) throws SQLException {
    for (String sql : lockMaking) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(sql);
      } catch (SQLException e) {
        // another may make it as well; only what is there in the end counts
        log.atDebug()
            .addKeyValue("part", "outbox")
            .setCause(e)
            .log("Could not make the outbox's lock");
      }
    }
    return true;
  }
}
