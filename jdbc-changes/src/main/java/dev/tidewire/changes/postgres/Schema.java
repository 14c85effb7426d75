package dev.tidewire.changes.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The tables of one bus, which are made where they are missing, and the name under which its nodes
 * hear each other. Immutable, safe for any thread.
 */
final class Schema {

  private static final Pattern NAME =
      Pattern.compile("[a-z_][a-z0-9_]{0,39}(\\.[a-z_][a-z0-9_]{0,39})?");

  /** Whoever makes the tables holds this lock of the database. */
  private static final long MAKING = 0x7469646577697265L;

  private final String prefix;

  /**
   * @param prefix what the names of the tables begin with, bare or with a schema
   * @throws IllegalArgumentException if it is no such name
   */
  Schema(String prefix) {
    if (!NAME.matcher(prefix).matches()) {
      throw new IllegalArgumentException(
          "not the beginning of table names (lower-case letters, digits, underscores, at most 40,"
              + " perhaps behind a schema and a dot): '"
              + prefix
              + "'");
    }
    this.prefix = prefix;
  }

  /** A statement with the names of the tables: {@code {channels}}, {@code {log}} and so on. */
  String sql(String template) {
    String bare = prefix.substring(prefix.indexOf('.') + 1); // an index is where its table is
    return template
        .replaceAll("\\{(\\w+) index}", bare + "_$1")
        .replaceAll("\\{(\\w+)}", prefix + "_$1");
  }

  /**
   * Makes the tables if they are missing; several nodes may do it at once. The connection commits
   * by itself.
   *
   * @return where the nodes that share these tables hear each other
   */
  String ensure(Connection connection) throws SQLException {
    String channel = channel(connection);
    if (channel == null) {
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.execute("select pg_advisory_xact_lock(" + MAKING + ")");
        for (String table : TABLES.split(";\n")) {
          statement.execute(sql(table.strip()));
        }
        connection.commit();
      } finally {
        connection.setAutoCommit(true);
      }
      channel = channel(connection);
    }
    if (channel == null) {
      throw new SQLException("the tables " + prefix + "_… cannot be seen after they were made");
    }
    return channel;
  }

  /** Where the tables are does not go by their name alone: that may be in several schemas. */
  private @Nullable String channel(Connection connection) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "select to_regclass(?)::oid, to_regclass(?)::oid is not null")) {
      statement.setString(1, sql("{channels}"));
      statement.setString(2, sql("{links}")); // the last one made
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        long oid = row.getLong(1);
        return row.getBoolean(2) && oid != 0 ? "tidewire_" + oid : null;
      }
    }
  }

  private static final String TABLES =
      """
      create table if not exists {channels} (
        topic varchar(255) collate "C" primary key,
        epoch varchar(32) collate "C" not null,
        last_offset bigint not null default 0,
        last_stamp bigint not null default 0,
        last_persisted bigint not null default 0,
        keep_count int not null default 0,
        keep_ms bigint not null default 0,
        used_at bigint not null
      ) with (fillfactor = 50);
      create table if not exists {log} (
        epoch varchar(32) collate "C" not null,
        message_offset bigint not null,
        stamp bigint not null,
        draft bytea not null,
        primary key (epoch, message_offset)
      );
      create table if not exists {keys} (
        hash bytea primary key,
        epoch varchar(32) collate "C" not null,
        message_offset bigint not null,
        stamp bigint not null
      );
      create index if not exists {keys_stamp index} on {keys} (stamp);
      create table if not exists {nodes} (
        node varchar(40) collate "C" primary key,
        beat bigint not null
      );
      create table if not exists {rooms} (
        topic varchar(255) collate "C" primary key,
        version bigint not null,
        revision bigint not null,
        used_at bigint not null
      ) with (fillfactor = 50);
      insert into {rooms} values ('', 0, 0, 0) on conflict do nothing;
      create table if not exists {links} (
        topic varchar(255) collate "C" not null,
        user_id text collate "C" not null,
        place int not null,
        connection_id varchar(255) collate "C" not null,
        node varchar(40) collate "C" not null references {nodes},
        online boolean not null,
        data text not null,
        joined bigint not null,
        since bigint not null,
        primary key (topic, user_id, place)
      );
      create index if not exists {links_node index} on {links} (node)
      """;
}
