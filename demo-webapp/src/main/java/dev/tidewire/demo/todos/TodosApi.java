package dev.tidewire.demo.todos;

import dev.tidewire.demo.web.Answer;
import dev.tidewire.demo.web.Body;
import dev.tidewire.demo.web.Exchange;
import dev.tidewire.demo.web.Problem;
import dev.tidewire.demo.web.Router;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/** The to-do page's routes. */
public final class TodosApi {
  private static final int MAX_NAME = 60;
  private static final int MAX_TEXT = 300;

  private final Todos todos;

  public TodosApi(DSLContext db) {
    todos = new Todos(db);
  }

  public void addTo(Router router) {
    router
        .get("/lists", exchange -> todos.lists())
        .post("/lists", this::addList)
        .patch("/lists/{id}", this::renameList)
        .delete("/lists/{id}", this::deleteList)
        .get("/todos", exchange -> todos.all())
        .post("/lists/{id}/todos", this::add)
        .patch("/todos/{id}", this::change)
        .delete("/todos/{id}", this::delete)
        .post("/todos/{id}/move", this::move);
  }

  private Object addList(Exchange exchange) {
    return Answer.created(todos.addList(exchange.body().text("name", MAX_NAME)));
  }

  private @Nullable Object renameList(Exchange exchange) {
    todos.renameList(exchange.id("id"), exchange.body().text("name", MAX_NAME));
    return null;
  }

  private @Nullable Object deleteList(Exchange exchange) {
    todos.deleteList(exchange.id("id"));
    return null;
  }

  private Object add(Exchange exchange) {
    return Answer.created(todos.add(exchange.id("id"), exchange.body().text("text", MAX_TEXT)));
  }

  private Object change(Exchange exchange) {
    Body body = exchange.body();
    String text = body.has("text") ? body.text("text", MAX_TEXT) : null;
    Boolean done = body.has("done") ? (Boolean) body.flag("done") : null;
    if (text == null && done == null) {
      throw Problem.badRequest("Send `text`, `done` or both.");
    }
    return todos.change(exchange.id("id"), body.id("baseVersion"), text, done);
  }

  private @Nullable Object delete(Exchange exchange) {
    todos.delete(exchange.id("id"));
    return null;
  }

  private @Nullable Object move(Exchange exchange) {
    todos.move(exchange.id("id"), exchange.body().idOrNull("after"));
    return null;
  }
}
