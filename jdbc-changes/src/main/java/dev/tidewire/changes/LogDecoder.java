package dev.tidewire.changes;

import dev.tidewire.channel.Operation;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseStatement;
import org.postgresql.core.Field;
import org.postgresql.core.Tuple;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the messages of PostgreSQL's {@code pgoutput} plugin, protocol version 1 (the manual's
 * chapter "Logical Replication Message Formats"), and collects the changes of the transaction that
 * is being told. Values are given to the driver as the result of a query would be, so that they are
 * read exactly as everywhere else. Used by one thread.
 */
final class LogDecoder {

  private static final Logger log = LoggerFactory.getLogger(LogDecoder.class);

  /**
   * A table as the log describes it.
   *
   * @param meta null if it is not captured
   * @param parents the captured tables that it inherits from, if it is not captured itself
   * @param places where each column of {@code meta} stands in a row of the log; null if one is
   *     missing there
   */
  private record Relation(
      @Nullable TableMeta meta,
      Set<CapturedTable> parents,
      @Nullable List<Integer> places,
      List<Field> fields) {}

  /** One row of the log; a column is null for NULL. */
  private record Row(List<byte @Nullable []> values, BitSet unchanged) {}

  private final Catalog catalog;
  private final Connection lookup;
  private final TransactionBuffer buffer;
  private final Map<Integer, Relation> relations = new HashMap<>();
  private final Set<String> told = new LinkedHashSet<>();

  /**
   * @param lookup a connection to ask about tables and types
   * @param maxRows rows of one transaction that are told one by one
   */
  LogDecoder(Catalog catalog, Connection lookup, int maxRows) {
    this.catalog = catalog;
    this.lookup = lookup;
    buffer = new TransactionBuffer(maxRows);
  }

  /**
   * Reads one message.
   *
   * @return the position behind the transaction, if this was its commit, else -1
   */
  long read(ByteBuffer message) throws SQLException {
    switch (message.get()) {
      case 'B' -> buffer.clear();
      case 'C' -> {
        message.get();
        message.getLong();
        return message.getLong();
      }
      case 'R' -> describe(message);
      case 'I' -> insert(message);
      case 'U' -> update(message);
      case 'D' -> delete(message);
      case 'T' -> truncate(message);
      default -> {
        // origins, types and messages of applications concern nobody here
      }
    }
    return -1;
  }

  /** Takes the changes of the transaction that was read. */
  List<Change> drain() {
    return buffer.drain();
  }

  private void describe(ByteBuffer message) throws SQLException {
    int id = message.getInt();
    TableId table = new TableId(string(message), string(message));
    boolean full = message.get() == 'f';
    int columns = message.getShort();
    Map<String, Integer> places = new HashMap<>();
    List<Field> fields = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      message.get();
      String name = string(message);
      places.put(name, i);
      fields.add(new Field(name, message.getInt(), (short) -1, message.getInt()));
    }
    // whoever changed the table may not be seen here in any other way
    catalog.forget();
    TableMeta meta = catalog.describe(lookup, table);
    relations.put(
        id,
        meta == null
            ? new Relation(null, parents(table), null, List.of())
            : relation(meta, places, fields, full));
  }

  private Relation relation(
      TableMeta meta, Map<String, Integer> places, List<Field> fields, boolean full) {
    List<Integer> found = new ArrayList<>();
    List<Field> read = new ArrayList<>();
    for (TableMeta.Column column : meta.columns()) {
      String name = column.name();
      Integer place = places.get(name);
      if (place == null) {
        tell(meta, "the log does not have its column " + name + " (generated, or altered since)");
        return new Relation(meta, Set.of(), null, read);
      }
      found.add(place);
      read.add(fields.get(place));
    }
    if (!full) {
      tell(
          meta,
          "the log does not have its old rows: ALTER TABLE "
              + meta.id().sql()
              + " REPLICA IDENTITY FULL; until then UPDATE and DELETE are resets");
    }
    boolean shown = meta.columns().stream().anyMatch(TableMeta.Column::published);
    return new Relation(meta, Set.of(), shown ? found : null, read);
  }

  /** Rows of a table are those of the tables it inherits from too, though the log names only it. */
  private Set<CapturedTable> parents(TableId table) throws SQLException {
    Set<CapturedTable> parents = new LinkedHashSet<>();
    try (PreparedStatement statement =
        lookup.prepareStatement(
            "WITH RECURSIVE above(id) AS ("
                + "SELECT inhparent FROM pg_inherits"
                + " WHERE inhrelid = to_regclass(CAST(? AS text))"
                + " UNION SELECT inhparent FROM pg_inherits, above WHERE inhrelid = id)"
                + " SELECT nspname, relname FROM above JOIN pg_class c ON c.oid = id"
                + " JOIN pg_namespace n ON n.oid = relnamespace")) {
      statement.setString(1, table.sql());
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          TableMeta parent =
              catalog.describe(lookup, new TableId(rows.getString(1), rows.getString(2)));
          if (parent != null) {
            parents.add(parent.table());
          }
        }
      }
    }
    return parents;
  }

  private void tell(TableMeta meta, String what) {
    if (told.add(meta.id() + what)) {
      log.atWarn()
          .addKeyValue("part", "replication")
          .addKeyValue("table", meta.table())
          .log("Table {}: {}", meta.table(), what);
    }
  }

  private void insert(ByteBuffer message) throws SQLException {
    Relation relation = relations.get(message.getInt());
    message.get();
    change(relation, Operation.INSERT, null, row(message));
  }

  private void update(ByteBuffer message) throws SQLException {
    Relation relation = relations.get(message.getInt());
    byte kind = message.get();
    Row old = null;
    if (kind != 'N') {
      Row before = row(message);
      old = kind == 'O' ? before : null;
      message.get();
    }
    change(relation, Operation.UPDATE, old, row(message));
  }

  private void delete(ByteBuffer message) throws SQLException {
    Relation relation = relations.get(message.getInt());
    Row before = message.get() == 'O' ? row(message) : null;
    change(relation, Operation.DELETE, before, null);
  }

  private void truncate(ByteBuffer message) {
    int count = message.getInt();
    message.get();
    for (int i = 0; i < count; i++) {
      reset(relations.get(message.getInt()));
    }
  }

  private void reset(@Nullable Relation relation) {
    if (relation != null) {
      TableMeta meta = relation.meta();
      buffer.reset(meta == null ? relation.parents() : Set.of(meta.table()));
    }
  }

  private void change(
      @Nullable Relation relation, Operation operation, @Nullable Row old, @Nullable Row fresh)
      throws SQLException {
    TableMeta meta = relation == null ? null : relation.meta();
    List<Integer> places = relation == null ? null : relation.places();
    if (relation == null
        || meta == null
        || places == null
        || (operation != Operation.INSERT && old == null)) {
      reset(relation);
      return;
    }
    List<@Nullable Object> before = old == null ? null : image(meta, relation, old, old);
    List<@Nullable Object> after = fresh == null ? null : image(meta, relation, fresh, old);
    Change change = meta.change(operation, before, after, Actor.UNKNOWN);
    if (change != null) {
      buffer.add(List.of(change));
    }
  }

  /**
   * Reads a row's values through the driver.
   *
   * @param old where a long value stands that the UPDATE did not touch, and the log leaves out
   */
  private List<@Nullable Object> image(
      TableMeta meta, Relation relation, Row row, @Nullable Row old) throws SQLException {
    List<Integer> places = Objects.requireNonNull(relation.places());
    Tuple tuple = new Tuple(places.size());
    for (int i = 0; i < places.size(); i++) {
      int place = places.get(i);
      Row source = row.unchanged().get(place) && old != null ? old : row;
      tuple.set(i, source.values().get(place));
    }
    try (Statement statement = lookup.createStatement();
        ResultSet result =
            statement
                .unwrap(BaseStatement.class)
                .createDriverResultSet(relation.fields().toArray(Field[]::new), List.of(tuple))) {
      result.next();
      return meta.image(result, 1);
    }
  }

  private static Row row(ByteBuffer message) {
    int columns = message.getShort();
    List<byte @Nullable []> values = new ArrayList<>(columns);
    BitSet unchanged = new BitSet(columns);
    for (int i = 0; i < columns; i++) {
      byte kind = message.get();
      unchanged.set(i, kind == 'u');
      byte[] value = null;
      if (kind == 't') {
        value = new byte[message.getInt()];
        message.get(value);
      }
      values.add(value);
    }
    return new Row(values, unchanged);
  }

  private static String string(ByteBuffer message) {
    int start = message.position();
    while (message.get() != 0) {
      // to the end of the name
    }
    byte[] bytes = new byte[message.position() - 1 - start];
    message.get(start, bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
