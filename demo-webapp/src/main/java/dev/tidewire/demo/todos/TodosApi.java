package dev.tidewire.demo.todos;

import dev.tidewire.demo.web.Answer;
import dev.tidewire.demo.web.Body;
import dev.tidewire.demo.web.Exchange;
import dev.tidewire.demo.web.Once;
import dev.tidewire.demo.web.Problem;
import dev.tidewire.demo.web.Router;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/**
 * The to-do page's routes. A write that comes with an {@code Idempotency-Key} is carried out once,
 * however often a page that was offline sends it.
 */
public final class TodosApi {
  private static final int MAX_NAME = 60;
  private static final int MAX_TEXT = 300;

  private final Todos todos;
  private final Once once;
  private final Function<Exchange, String> user;

  /**
   * @param user tells who sends a request
   */
  public TodosApi(DSLContext db, Once once, Function<Exchange, String> user) {
    this.todos = new Todos(db);
    this.once = once;
    this.user = user;
  }

  private @Nullable Object once(Exchange exchange, Function<DSLContext, @Nullable Object> work) {
    return once.run(exchange, user.apply(exchange), work);
  }

  private @Nullable Object doOnce(Exchange exchange, Consumer<DSLContext> work) {
    return once(
        exchange,
        tx -> {
          work.accept(tx);
          return null;
        });
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
    String name = exchange.body().text("name", MAX_NAME);
    return Answer.created(once(exchange, tx -> todos.addList(tx, name)));
  }

  private @Nullable Object renameList(Exchange exchange) {
    long id = exchange.id("id");
    String name = exchange.body().text("name", MAX_NAME);
    return doOnce(exchange, tx -> todos.renameList(tx, id, name));
  }

  private @Nullable Object deleteList(Exchange exchange) {
    long id = exchange.id("id");
    return doOnce(exchange, tx -> todos.deleteList(tx, id));
  }

  private Object add(Exchange exchange) {
    long list = exchange.id("id");
    String text = exchange.body().text("text", MAX_TEXT);
    return Answer.created(once(exchange, tx -> todos.add(tx, list, text)));
  }

  private @Nullable Object change(Exchange exchange) {
    long id = exchange.id("id");
    Body body = exchange.body();
    String text = body.has("text") ? body.text("text", MAX_TEXT) : null;
    Boolean done = body.has("done") ? (Boolean) body.flag("done") : null;
    if (text == null && done == null) {
      throw Problem.badRequest("Send `text`, `done` or both.");
    }
    long baseVersion = body.id("baseVersion");
    return once(exchange, tx -> todos.change(tx, id, baseVersion, text, done));
  }

  private @Nullable Object delete(Exchange exchange) {
    long id = exchange.id("id");
    return doOnce(exchange, tx -> todos.delete(tx, id));
  }

  private @Nullable Object move(Exchange exchange) {
    long id = exchange.id("id");
    Long after = exchange.body().idOrNull("after");
    return doOnce(exchange, tx -> todos.move(tx, id, after));
  }
}
