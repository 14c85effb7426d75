package dev.tidewire.changes;

import dev.tidewire.changes.SqlShape.Dml;
import dev.tidewire.changes.SqlShape.Kind;
import dev.tidewire.changes.TableMeta.Column;
import dev.tidewire.changes.store.FailureKind;
import dev.tidewire.rows.ColumnType;
import dev.tidewire.rows.RowColumns;
import dev.tidewire.rows.RowFilter;
import dev.tidewire.rows.Where;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is known of the database: which captured tables exist and how they look, what else a write
 * reaches, and what to do about each SQL text. Read on first use, through the connection that is
 * about to write; forgotten after a definition statement. No lock is held while it reads. Safe for
 * any thread.
 */
final class Catalog {

  private static final Logger log = LoggerFactory.getLogger(Catalog.class);

  /** Words of a definition that may concern every table. */
  private static final Set<String> WHOLE = Set.of("schema", "objects", "owned", "database");

  private static final int MAX_TEXTS = 2_000;
  private static final int MAX_TEXT_LENGTH = 16_384;
  private static final long RECHECK_NANOS = Duration.ofSeconds(10).toNanos();

  /** What identifies a treatment. */
  private record Key(String sql, KeyRequest keys, String path) {}

  /** What was read from the database, until it is forgotten. */
  private static final class Knowledge {
    final BoundedCache<Key, Treatment> treatments = new BoundedCache<>(MAX_TEXTS);
    final Map<TableId, TableMeta> tables = new ConcurrentHashMap<>();
    volatile @Nullable Reach reach;

    /** Whether a captured table was missing, so that this may soon be out of date. */
    volatile boolean partial;

    final long since;

    Knowledge(long since) {
      this.since = since;
    }
  }

  private final Dialect dialect;
  private final List<CapturedTable> captured;
  private final Set<String> warned = ConcurrentHashMap.newKeySet();
  private final LongSupplier nanoTime;
  private volatile Knowledge knowledge;

  Catalog(Dialect dialect, List<CapturedTable> captured, LongSupplier nanoTime) {
    this.dialect = dialect;
    this.captured = captured;
    this.nanoTime = nanoTime;
    knowledge = new Knowledge(nanoTime.getAsLong());
  }

  /** Forgets what it knows: a definition changed. Which columns are published stays settled. */
  void forget() {
    knowledge = new Knowledge(nanoTime.getAsLong());
  }

  /** While a captured table is missing, somebody unseen may create it at any time. */
  private Knowledge current() {
    Knowledge current = knowledge;
    if (current.partial && nanoTime.getAsLong() - current.since > RECHECK_NANOS) {
      forget();
      current = knowledge;
    }
    return current;
  }

  /**
   * Says what to do about a statement. If the database cannot be read, because the transaction is
   * spoilt for example, the answer is a reset, should the statement succeed all the same.
   *
   * @param path stands for where names are looked up on this connection; null if that is not known,
   *     so that nothing is remembered
   */
  Treatment treat(Connection connection, String sql, KeyRequest keys, @Nullable String path) {
    Knowledge current = current();
    boolean remember = path != null && sql.length() <= MAX_TEXT_LENGTH;
    Key key = new Key(sql, keys, path == null ? "" : path);
    Treatment known = remember ? current.treatments.get(key) : null;
    if (known != null) {
      return known;
    }
    SqlShape shape = SqlShape.of(sql, dialect.lexis());
    try {
      Treatment treatment = treat(connection, current, sql, shape, keys);
      if (treatment == null) {
        return unresolved(shape);
      }
      if (remember) {
        current.treatments.put(key, treatment);
      }
      return treatment;
    } catch (SQLException e) {
      log.atDebug()
          .addKeyValue("part", "capture")
          .addKeyValue("reason", FailureKind.of(e)) // its message may quote the statement
          .log("Could not look up the tables of a statement");
      return Treatment.reset(shape, Set.copyOf(captured), "the tables cannot be looked up");
    }
  }

  private @Nullable Treatment treat(
      Connection connection, Knowledge current, String sql, SqlShape shape, KeyRequest keys)
      throws SQLException {
    Dml dml = shape.dml();
    if (shape.kind() == Kind.QUERY) {
      return Treatment.pass(shape);
    }
    if (dml == null) {
      return Treatment.control(shape);
    }
    Reach reach = reach(connection, current);
    TableId id = dialect.find(connection, dml.target());
    if (id == null) {
      return null;
    }
    Kind effect = dml.upsert() ? Kind.MERGE : dml.verb();
    Set<CapturedTable> others = reach.from(id, effect, dml.assigned());
    CapturedTable table = reach.captured().get(id);
    if (table == null && current.partial && !unresolved(shape).resets().isEmpty()) {
      forget();
      return null;
    }
    if (table == null) {
      return Treatment.reset(shape, others, "rows change by a foreign key or a view");
    }
    Set<CapturedTable> all = new LinkedHashSet<>(others);
    all.add(table);
    TableMeta meta = meta(connection, current, id, table);
    if (meta.obstacle() != null || others.contains(table)) {
      return Treatment.reset(shape, all, String.valueOf(meta.obstacle()));
    }
    CapturePlan plan = dialect.plan(sql, shape, meta, keys);
    return plan == null
        ? Treatment.reset(shape, all, "a statement of this kind does not tell its rows")
        : Treatment.rows(shape, plan, others);
  }

  /** A table that is not there (yet): a reset, if its name could mean a captured one. */
  private Treatment unresolved(SqlShape shape) {
    Set<CapturedTable> likely = new LinkedHashSet<>();
    for (CapturedTable table : captured) {
      String name = bareName(table);
      if (shape.targets().stream().anyMatch(target -> target.mayBe(name))) {
        likely.add(table);
      }
    }
    return Treatment.reset(shape, likely, "the table is not there");
  }

  /** The captured tables that a statement without rows may have changed. */
  Set<CapturedTable> affected(Connection connection, String sql, SqlShape shape) {
    Set<CapturedTable> tables = new LinkedHashSet<>();
    switch (shape.kind()) {
      case SEVERAL -> shape.parts().forEach(part -> tables.addAll(affected(connection, sql, part)));
      case RESHAPE -> tables.addAll(reshaped(sql));
      case OPAQUE, TRUNCATE, INSERT, UPDATE, DELETE, MERGE, DELTA ->
          tables.addAll(written(connection, shape));
      default -> {}
    }
    return tables;
  }

  private Collection<CapturedTable> written(Connection connection, SqlShape shape) {
    if (shape.targets().isEmpty()) {
      return captured;
    }
    Set<CapturedTable> tables = new LinkedHashSet<>(unresolved(shape).resets());
    try {
      Reach reach = reach(connection, current());
      for (Name target : shape.targets()) {
        TableId id = dialect.find(connection, target);
        if (id != null) {
          CapturedTable table = reach.captured().get(id);
          if (table != null) {
            tables.add(table);
          }
          tables.addAll(reach.from(id, Kind.MERGE, null));
        }
      }
      return tables;
    } catch (SQLException e) {
      return captured;
    }
  }

  private Collection<CapturedTable> reshaped(String sql) {
    Set<String> identifiers = SqlShape.identifiers(sql, dialect.lexis());
    boolean whole = WHOLE.stream().anyMatch(identifiers::contains);
    return whole ? captured : mentioned(sql);
  }

  /** The captured tables whose names occur in a text. */
  List<CapturedTable> mentioned(String sql) {
    Set<String> identifiers = SqlShape.identifiers(sql, dialect.lexis());
    return captured.stream().filter(table -> identifiers.contains(bareName(table))).toList();
  }

  private static String bareName(CapturedTable table) {
    String name = table.name().substring(table.name().lastIndexOf('.') + 1);
    return name.replace("\"", "").toLowerCase(Locale.ROOT);
  }

  private Reach reach(Connection connection, Knowledge current) throws SQLException {
    Reach reach = current.reach;
    if (reach == null) {
      Map<TableId, CapturedTable> found = new LinkedHashMap<>();
      for (CapturedTable table : captured) {
        TableId id = locate(connection, table.name());
        if (id != null) {
          found.put(id, table);
        } else if (warned.add(table.name())) {
          log.atWarn()
              .addKeyValue("table", table)
              .log("There is no table {} (yet); its changes are captured once it is there", table);
        }
      }
      reach = new Reach(found);
      reach.loadForeignKeys(connection, dialect);
      dialect.loadTies(connection, reach);
      current.partial = found.size() < captured.size();
      current.reach = reach;
    }
    return reach;
  }

  /** The captured tables that are there. */
  List<TableId> present(Connection connection) throws SQLException {
    return List.copyOf(reach(connection, current()).captured().keySet());
  }

  /** What is known of a table; null if it is not captured. */
  @Nullable TableMeta describe(Connection connection, TableId id) throws SQLException {
    Knowledge current = current();
    CapturedTable table = reach(connection, current).captured().get(id);
    return table == null ? null : meta(connection, current, id, table);
  }

  private @Nullable TableId locate(Connection connection, String configured) throws SQLException {
    List<Token> tokens = SqlLexer.read(configured, dialect.lexis());
    if (tokens.isEmpty() || !tokens.get(0).isIdentifier()) {
      return null;
    }
    Name name = DmlReader.name(configured, tokens, 0);
    TableId id = dialect.locate(connection, name);
    if (id == null) {
      List<Name.Part> parts =
          name.parts().stream().map(part -> new Name.Part(part.text(), true)).toList();
      List<String> quoted = parts.stream().map(part -> TableId.quote(part.text())).toList();
      id = dialect.locate(connection, new Name(String.join(".", quoted), parts));
    }
    return id;
  }

  /** What is known of a captured table; null if it is not there. */
  @Nullable TableMeta meta(Connection connection, CapturedTable table) throws SQLException {
    Knowledge current = current();
    for (Map.Entry<TableId, CapturedTable> found :
        reach(connection, current).captured().entrySet()) {
      if (found.getValue() == table) {
        return meta(connection, current, found.getKey(), table);
      }
    }
    return null;
  }

  private TableMeta meta(Connection connection, Knowledge current, TableId id, CapturedTable table)
      throws SQLException {
    TableMeta meta = current.tables.get(id);
    if (meta == null) {
      meta = load(connection, id, table);
      current.tables.put(id, meta);
    }
    return meta;
  }

  private TableMeta load(Connection connection, TableId id, CapturedTable table)
      throws SQLException {
    DatabaseMetaData database = connection.getMetaData();
    String catalog = dialect.catalog(connection, id);
    Map<Integer, String> keyColumns = new TreeMap<>();
    try (ResultSet rows = database.getPrimaryKeys(catalog, id.schema(), id.name())) {
      while (rows.next()) {
        keyColumns.put(rows.getInt("KEY_SEQ"), rows.getString("COLUMN_NAME"));
      }
    }
    Map<String, ValueReader> readers = new LinkedHashMap<>();
    Map<String, ColumnType> types = new HashMap<>();
    String escape = database.getSearchStringEscape();
    String schemaPattern = escaped(id.schema(), escape);
    try (ResultSet rows =
        database.getColumns(catalog, schemaPattern, escaped(id.name(), escape), null)) {
      while (rows.next()) {
        int type = rows.getInt("DATA_TYPE");
        int base = type == Types.DISTINCT ? rows.getInt("SOURCE_DATA_TYPE") : type;
        String column = rows.getString("COLUMN_NAME");
        readers.put(column, dialect.reader(base, rows.getString("TYPE_NAME")));
        types.put(column, ColumnKinds.of(base, rows.getString("TYPE_NAME")));
      }
    }
    List<String> all = List.copyOf(readers.keySet());
    List<String> key = List.copyOf(keyColumns.values());
    Set<String> published = table.published(all);
    List<Column> columns = new ArrayList<>();
    readers.forEach(
        (name, reader) -> {
          if (published.contains(name) || key.contains(name)) {
            columns.add(
                new Column(
                    name,
                    label(name, all),
                    published.contains(name),
                    reader,
                    types.getOrDefault(name, ColumnType.OTHER)));
          }
        });
    List<String> names = columns.stream().map(Column::name).toList();
    int triggers = dialect.triggers(connection, id);
    if (triggers > 0 && warned.add("triggers " + id)) {
      log.atWarn()
          .addKeyValue("table", table)
          .log("Table {} has triggers; what they write into other tables is not captured", table);
    }
    RowFilter filter = filter(table, columns);
    return new TableMeta(
        table,
        id,
        List.copyOf(columns),
        key.stream().map(names::indexOf).toList(),
        all,
        dialect.generatedKeys(connection, id, key),
        filter == null ? RowFilter.of(Where.none(), new RowColumns(Map.of())) : filter,
        published.isEmpty()
            ? "no column of it is published"
            : filter == null
                ? "its filter does not fit its columns"
                : dialect.obstacle(connection, id),
        dialect.uniqueKeys(connection, id));
  }

  /** The table's filter; null if it cannot be used. */
  private @Nullable RowFilter filter(CapturedTable table, List<Column> columns) {
    Map<String, ColumnType> types = new HashMap<>();
    columns.stream().filter(Column::published).forEach(c -> types.put(c.label(), c.type()));
    try {
      return RowFilter.of(table.filter(), new RowColumns(types));
    } catch (IllegalArgumentException e) {
      if (warned.add("filter " + table.name())) {
        log.atError()
            .addKeyValue("table", table)
            .setCause(e)
            .log("The filter of table {} does not fit: only resets are published", table);
      }
      return null;
    }
  }

  /** Lower case, unless two columns differ only by that. */
  private static String label(String name, List<String> all) {
    boolean alone = all.stream().filter(name::equalsIgnoreCase).count() == 1;
    return alone ? name.toLowerCase(Locale.ROOT) : name;
  }

  private static String escaped(String name, String escape) {
    return name.replace(escape, escape + escape)
        .replace("_", escape + "_")
        .replace("%", escape + "%");
  }
}
