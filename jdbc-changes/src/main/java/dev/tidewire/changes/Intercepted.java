package dev.tidewire.changes;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Objects of the driver that are seldom handed out, with a few of their methods answered here. Each
 * keeps what the driver's object says otherwise, its exceptions included.
 */
final class Intercepted {

  private static final Set<String> ROW_WRITES = Set.of("insertRow", "updateRow", "deleteRow");

  /** Answers some methods and passes the others on. */
  private interface Handler {
    @Nullable Object handle(Method method, Object @Nullable [] arguments) throws Throwable;
  }

  private Intercepted() {}

  /** Meta data that lead back to the capturing connection. */
  static DatabaseMetaData metaData(DatabaseMetaData meta, Connection connection) {
    return of(
        DatabaseMetaData.class,
        meta,
        (method, arguments) ->
            method.getName().equals("getConnection") ? connection : pass(meta, method, arguments));
  }

  /** A callable statement whose executions go through the connection. */
  static CallableStatement call(
      CallableStatement call, CapturingConnection connection, Treatment treatment, String sql) {
    return of(
        CallableStatement.class,
        call,
        (method, arguments) -> {
          if (method.getName().equals("getConnection")) {
            return connection;
          }
          return method.getName().startsWith("execute")
              ? connection.run(treatment, sql, () -> passSql(call, method, arguments)).orElse(null)
              : pass(call, method, arguments);
        });
  }

  /** An updatable result set: what is written through it resets the tables that the query names. */
  static ResultSet updatable(ResultSet rows, CapturingConnection connection, String sql) {
    return of(
        ResultSet.class,
        rows,
        (method, arguments) ->
            ROW_WRITES.contains(method.getName())
                ? connection.writeRow(sql, () -> passSql(rows, method, arguments)).orElse(null)
                : pass(rows, method, arguments));
  }

  /** A result set of which only the first columns are for the application. */
  static ResultSet visible(ResultSet rows, int columns, Statement statement) {
    return of(
        ResultSet.class,
        rows,
        (method, arguments) -> {
          switch (method.getName()) {
            case "getStatement" -> {
              return statement;
            }
            case "getType" -> {
              return statement.getResultSetType();
            }
            case "getMetaData" -> {
              return metaData(rows.getMetaData(), columns);
            }
            default -> {}
          }
          Object column = arguments == null || arguments.length == 0 ? null : arguments[0];
          if (column instanceof String label && takesColumn(method)) {
            if (rows.findColumn(label) > columns) {
              throw new SQLException("There is no column " + label + " in this result", "42703");
            }
          } else if (column instanceof Integer index && takesColumn(method)) {
            check(index, columns);
          }
          return pass(rows, method, arguments);
        });
  }

  private static boolean takesColumn(Method method) {
    String name = method.getName();
    boolean setting = name.startsWith("set") || name.equals("absolute") || name.equals("relative");
    return !setting;
  }

  private static ResultSetMetaData metaData(ResultSetMetaData meta, int columns) {
    return of(
        ResultSetMetaData.class,
        meta,
        (method, arguments) -> {
          if (method.getName().equals("getColumnCount")) {
            return columns;
          }
          if (arguments != null && arguments.length == 1 && arguments[0] instanceof Integer index) {
            check(index, columns);
          }
          return pass(meta, method, arguments);
        });
  }

  private static void check(int index, int columns) throws SQLException {
    if (index < 1 || index > columns) {
      throw new SQLException("Column " + index + " of a result with " + columns, "22023");
    }
  }

  private static <T> T of(Class<T> type, T target, Handler handler) {
    InvocationHandler invocation =
        (proxy, method, arguments) -> {
          switch (method.getName()) {
            case "equals" -> {
              return proxy == Objects.requireNonNull(arguments)[0];
            }
            case "hashCode" -> {
              return System.identityHashCode(proxy);
            }
            case "unwrap" -> {
              Class<?> wanted = (Class<?>) Objects.requireNonNull(arguments)[0];
              return wanted.isInstance(proxy) ? proxy : pass(target, method, arguments);
            }
            default -> {
              return handler.handle(method, arguments);
            }
          }
        };
    return type.cast(
        Proxy.newProxyInstance(
            Intercepted.class.getClassLoader(), new Class<?>[] {type}, invocation));
  }

  private static @Nullable Object pass(Object target, Method method, Object @Nullable [] arguments)
      throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
  }

  private static Optional<Object> passSql(
      Object target, Method method, Object @Nullable [] arguments) throws SQLException {
    try {
      return Optional.ofNullable(pass(target, method, arguments));
    } catch (SQLException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new SQLException(e);
    }
  }
}
