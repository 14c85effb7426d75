package dev.tidewire.demo.sql;

import dev.tidewire.demo.web.Exchange;
import dev.tidewire.demo.web.Json;
import dev.tidewire.demo.web.Problem;
import dev.tidewire.demo.web.Router;
import dev.tidewire.demo.web.SameOrigin;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.Result;
import org.jooq.ResultOrRows;
import org.jooq.Results;
import org.jooq.exception.DataAccessException;

/**
 * Runs one statement as it was typed, through jOOQ's plain SQL and a connection that the change
 * capture watches. From this machine and this application's pages only.
 */
public final class SqlApi {
  private static final int MAX_ROWS = 200;
  private static final int TIMEOUT_SECONDS = 5;

  private final DSLContext db;

  public SqlApi(DSLContext db) {
    this.db = db;
  }

  public void addTo(Router router) {
    router.post("/sql", this::run);
  }

  private Object run(Exchange exchange) {
    SameOrigin.requireLoopback(exchange.request());
    String sql = exchange.text().strip();
    if (sql.isEmpty()) {
      throw Problem.badRequest("Send one SQL statement.");
    }
    try {
      return json(
          db.resultQuery(sql).queryTimeout(TIMEOUT_SECONDS).maxRows(MAX_ROWS + 1).fetchMany());
    } catch (DataAccessException e) {
      SQLException cause = e.getCause(SQLException.class);
      throw Problem.badRequest(firstLine(cause == null ? e : cause));
    }
  }

  private static Object json(Results results) {
    List<ResultOrRows> answers = results.resultsOrRows();
    if (answers.isEmpty()) {
      return Map.of("updated", 0);
    }
    ResultOrRows last = answers.get(answers.size() - 1);
    Result<Record> result = last.result();
    return result == null ? Map.of("updated", last.rows()) : table(result);
  }

  private static Map<String, Object> table(Result<Record> result) {
    Map<String, Object> table = new LinkedHashMap<>();
    table.put("columns", Arrays.stream(result.fields()).map(Json::name).toList());
    table.put("rows", rows(result));
    table.put("truncated", result.size() > MAX_ROWS);
    return table;
  }

  private static List<List<Object>> rows(Result<Record> result) {
    List<List<Object>> rows = new ArrayList<>();
    for (Record record : result.subList(0, Math.min(result.size(), MAX_ROWS))) {
      rows.add(Arrays.stream(record.intoArray()).map(Json::value).toList());
    }
    return rows;
  }

  /** The database's message, without the statement and the trace that drivers append. */
  private static String firstLine(Throwable error) {
    String message =
        error.getMessage() == null ? error.getClass().getSimpleName() : error.getMessage();
    return message.split("; SQL statement:|\n", 2)[0].strip();
  }
}
