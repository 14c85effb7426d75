package dev.tidewire.changes;

import org.jooq.Configuration;
import org.jooq.ExecuteContext;
import org.jooq.ExecuteListener;
import org.jspecify.annotations.Nullable;

/**
 * Tells the capture who writes and why, from the data of the jOOQ {@link Configuration} that a
 * statement runs with:
 *
 * <pre>{@code
 * Configuration mine = db.configuration().derive();
 * mine.data(ChangeCaptureListener.USER_ID, "u1");
 * mine.data(ChangeCaptureListener.CAUSE, mutationId);
 * mine.dsl().update(ORDERS)...execute();
 * }</pre>
 *
 * <p>{@link ChangeCapture#using} installs it. It does not capture anything by itself: the
 * connections do, so that plain JDBC on the same data source is captured as well. A statement that
 * jOOQ sends later than its listener hears of it ({@code DSLContext.batched}) takes who and why
 * from {@link ChangeCapture#as} instead.
 *
 * <p>Safe for any thread.
 */
public final class ChangeCaptureListener implements ExecuteListener {

  private static final long serialVersionUID = 1L;

  /** Key in {@link Configuration#data()} of the id of the user who writes; a string. */
  public static final String USER_ID = "dev.tidewire.changes.userId";

  /**
   * Key in {@link Configuration#data()} of why, such as the id of a client's mutation; a string.
   */
  public static final String CAUSE = "dev.tidewire.changes.cause";

  private static final String BEFORE = "dev.tidewire.changes.before";

  private final transient ChangeCapture capture;

  ChangeCaptureListener(ChangeCapture capture) {
    this.capture = capture;
  }

  /** Called by jOOQ before it sends a statement. */
  @Override
  public void executeStart(ExecuteContext ctx) {
    Object userId = ctx.configuration().data(USER_ID);
    Object cause = ctx.configuration().data(CAUSE);
    if (userId != null || cause != null) {
      Actor before = capture.actor();
      ctx.data(BEFORE, before);
      capture.act(
          new Actor(
              userId == null ? before.userId() : userId.toString(),
              cause == null ? before.cause() : cause.toString()));
    }
  }

  /** Called by jOOQ after a statement. */
  @Override
  public void executeEnd(ExecuteContext ctx) {
    goBack(ctx);
  }

  /** Called by jOOQ when a statement failed. */
  @Override
  public void exception(ExecuteContext ctx) {
    goBack(ctx);
  }

  private void goBack(ExecuteContext ctx) {
    @Nullable Object before = ctx.data().remove(BEFORE);
    if (before instanceof Actor actor) {
      capture.act(actor);
    }
  }
}
