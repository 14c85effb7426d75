package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.rows.RowFilter;
import dev.tidewire.rows.Where;
import dev.tidewire.rows.Where.Operator;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Random conditions on random rows: the answer is the database's own. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class WhereAnswersIT {

  private static final int ROWS = 150;
  private static final int CONDITIONS = 600;
  private static final Set<String> FLOATING = Set.of("f", "r");

  @Parameter TestDatabase database;

  /**
   * A column.
   *
   * @param sqlType also what the database's own answer casts a value to
   * @param values those that rows have and conditions name
   */
  private record Kind(String name, String sqlType, boolean ordered, List<Object> values) {
    Kind as(String type) {
      return new Kind(name, type, ordered, values);
    }
  }

  /** Without the types that a database does not have, or compares in a way of its own. */
  private List<Kind> kinds() {
    return switch (database) {
      case MARIADB -> mariaDbKinds();
      case SQLITE -> standardKinds().stream().filter(k -> "nlfs".contains(k.name())).toList();
      default -> standardKinds();
    };
  }

  private List<Kind> mariaDbKinds() {
    List<Kind> kinds = new ArrayList<>();
    for (Kind kind : standardKinds()) {
      switch (kind.name()) {
        case "n", "l", "d", "b", "dt", "tm" -> kinds.add(kind);
        case "f" -> kinds.add(kind.as("double"));
        case "ts" -> kinds.add(kind.as("datetime(6)"));
        // what our strings are: compared by code point, with blanks that count
        case "s" -> kinds.add(kind.as("varchar(20) collate utf8mb4_nopad_bin"));
        default -> {}
      }
    }
    return kinds;
  }

  private List<Kind> standardKinds() {
    boolean pg = database.isPostgres();
    List<Object> doubles =
        new ArrayList<>(List.of(decimal("0.1"), decimal("-2.5"), 3, decimal("1e300"), 0));
    List<Object> texts =
        new ArrayList<>(
            List.of("", "a", "A", "B", "ab", "ä", "z", "Z", " a", "a ", "10", "9", "😀", "o'k"));
    if (pg) {
      texts.add("\uFB00"); // H2 itself goes by UTF-16, where this comes after the face
    }
    return List.of(
        new Kind("n", "int", true, List.of(1, 2, -7, 0, 2147483647, decimal("1.5"))),
        new Kind("l", "bigint", true, List.of(9007199254740993L, 9007199254740992L, 1, -1)),
        new Kind(
            "d",
            "numeric(12,3)",
            true,
            List.of(decimal("1.5"), decimal("1.500"), 2, decimal("-0.001"))),
        new Kind("f", "double precision", true, doubles),
        new Kind("r", "real", true, List.of(decimal("0.1"), decimal("0.25"), -1, 16777217)),
        new Kind("s", "varchar(20)", true, texts),
        new Kind("t", pg ? "text" : "clob", true, texts),
        new Kind("c", "char(4)", true, List.of("a", "ab", "b ", "B", "ab  ")),
        new Kind("b", "boolean", false, List.of(true, false)),
        new Kind("dt", "date", true, List.of("2026-02-28", "1999-12-31", "2026-03-01")),
        new Kind("tm", "time(6)", true, List.of("10:00:00", "09:59:59.999999", "23:00:00")),
        new Kind(
            "ts",
            "timestamp(6)",
            true,
            List.of("2026-02-28T10:00:00.25", "2026-02-28T10:00:00", "2026-02-28T10:00:00.000001")),
        new Kind(
            "tz",
            "timestamp(6) with time zone",
            true,
            List.of("2026-02-28T10:00:00Z", "2026-02-28T12:00:00+02:00", "2026-02-28T10:00:00.5Z")),
        new Kind(
            "u",
            "uuid",
            false,
            List.of(
                "6f1ed002-ab59-4a3c-9c3b-7d0c0a3b1d11", "00000000-0000-0000-0000-000000000000")));
  }

  private boolean hasInfinity() {
    return !database.isMariaDb() && !database.isSqlite();
  }

  private static BigDecimal decimal(String text) {
    return new BigDecimal(text);
  }

  /** A value as the database's own answer writes it: of the column's type. */
  private String literal(Kind kind, Object value) {
    String text = "'" + value.toString().replace("'", "''") + "'";
    if (value instanceof Boolean) {
      return value.toString();
    }
    return switch (kind.name()) {
      case "n", "l", "d" -> value.toString();
      case "s", "t" -> text;
      case "c" -> "cast(" + text + " as char(" + Math.max(1, value.toString().length()) + "))";
      default -> "cast(" + text + " as " + kind.sqlType() + ")";
    };
  }

  private String column(Kind kind) {
    boolean text = Set.of("s", "t", "c").contains(kind.name());
    return kind.name() + (text && database.isPostgres() ? " collate \"C\"" : "");
  }

  /** A condition in our words and in the database's. */
  private record Both(Where where, String sql) {}

  private Both condition(Random random, int depth) {
    int choice = random.nextInt(depth == 0 ? 4 : 8);
    if (choice >= 4) {
      List<Both> parts = new ArrayList<>();
      for (int i = random.nextInt(3); i >= 0; i--) {
        parts.add(condition(random, depth - 1));
      }
      List<Where> wheres = parts.stream().map(Both::where).toList();
      List<String> sqls = parts.stream().map(Both::sql).toList();
      return switch (choice) {
        case 4, 5 -> new Both(Where.and(wheres), "(" + String.join(" and ", sqls) + ")");
        case 6 -> new Both(Where.or(wheres), "(" + String.join(" or ", sqls) + ")");
        default -> new Both(Where.not(wheres.get(0)), "not (" + sqls.get(0) + ")");
      };
    }
    List<Kind> kinds = kinds();
    Kind kind = kinds.get(random.nextInt(kinds.size()));
    Object value = kind.values().get(random.nextInt(kind.values().size()));
    String column = column(kind);
    if (choice == 0) {
      return new Both(Where.isNull(kind.name()), kind.name() + " is null");
    }
    if (choice == 1) {
      Object other = kind.values().get(random.nextInt(kind.values().size()));
      return new Both(
          Where.in(kind.name(), value, other),
          column + " in (" + literal(kind, value) + ", " + literal(kind, other) + ")");
    }
    List<Operator> operators = Arrays.asList(Operator.values());
    Operator operator =
        kind.ordered()
            ? operators.get(random.nextInt(operators.size()))
            : operators.get(random.nextInt(2));
    return new Both(
        new Where.Comparison(kind.name(), operator, value),
        column + " " + operator.sql() + " " + literal(kind, value));
  }

  @Test
  void theTreeAnswersAsTheDatabaseDoes() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    try (Connection connection = database.fresh().getConnection();
        Statement statement = connection.createStatement()) {
      fill(statement, random);
      CapturedTable table = new CapturedTable("kinds", "kinds", Set.of(), Set.of());
      Dialect dialect = Dialect.of(connection.getMetaData());
      TableMeta meta =
          new Catalog(dialect, List.of(table), System::nanoTime).meta(connection, table);
      List<Map<String, Object>> rows = new ArrayList<>();
      try (ResultSet found =
          statement.executeQuery("select " + meta.list("", dialect.quote()) + " from kinds")) {
        while (found.next()) {
          rows.add(meta.row(meta.image(found, 1)));
        }
      }
      int chosen = 0;
      for (int i = 0; i < CONDITIONS; i++) {
        Both both = condition(random, 3);
        RowFilter filter = RowFilter.of(both.where(), RowReader.columnsOf(meta));
        Set<Long> ours = new TreeSet<>();
        rows.stream().filter(filter::matches).forEach(row -> ours.add((Long) row.get("id")));
        Set<Long> its = ids(statement.executeQuery("select id from kinds where " + both.sql()));
        assertThat(ours).as("seed %d: %s", seed, both.sql()).isEqualTo(its);
        chosen += ours.size();
        WhereSql sql = new WhereSql(dialect, meta, filter);
        assertThat(sql.isExact() || !hasInfinity()).isTrue();
        try (PreparedStatement query =
            connection.prepareStatement("select id from kinds where " + sql.text())) {
          sql.bind(query);
          Set<Long> read = ids(query.executeQuery());
          if (!sql.isExact()) {
            read.retainAll(ours); // rows that are too many are left out here
          }
          assertThat(read).as("seed %d: %s for %s", seed, sql.text(), both.sql()).isEqualTo(its);
        }
      }
      assertThat(chosen).isBetween(CONDITIONS, CONDITIONS * (ROWS - 5));
    }
  }

  private void fill(Statement statement, Random random) throws SQLException {
    List<Kind> kinds = kinds();
    StringBuilder create = new StringBuilder("create table kinds (id int primary key");
    kinds.forEach(k -> create.append(", ").append(k.name()).append(' ').append(k.sqlType()));
    statement.execute(create + ")");
    for (int id = 0; id < ROWS; id++) {
      StringBuilder row = new StringBuilder("insert into kinds values (" + id);
      for (Kind kind : kinds) {
        Object value = kind.values().get(random.nextInt(kind.values().size()));
        boolean special = hasInfinity() && FLOATING.contains(kind.name()) && random.nextInt(6) == 0;
        row.append(", ")
            .append(
                random.nextInt(4) == 0
                    ? "null"
                    : special
                        ? "cast('"
                            + List.of("NaN", "Infinity", "-Infinity").get(random.nextInt(3))
                            + "' as "
                            + kind.sqlType()
                            + ")"
                        : literal(kind, value));
      }
      statement.execute(row + ")");
    }
  }

  private static Set<Long> ids(ResultSet found) throws SQLException {
    Set<Long> ids = new TreeSet<>();
    try (found) {
      while (found.next()) {
        ids.add(found.getLong(1));
      }
    }
    return ids;
  }
}
