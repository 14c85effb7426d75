package dev.tidewire;

import dev.tidewire.rows.Where;
import java.util.function.Function;

/**
 * Decides which rows, and which columns of them, an identity may see of a table channel: live,
 * recovered, and in snapshots. Asked once per subscription; subscribers with equal answers form a
 * class, for which each change is judged and encoded once.
 *
 * <p>An application's object, called on the thread that carries out the client's command: it should
 * not wait long. One that throws refuses the subscription. A changed answer takes effect with the
 * next subscription, or at once with {@link Realtime#recheck(java.util.function.Predicate)}.
 *
 * <p>Implementations must be safe for any thread.
 */
@FunctionalInterface
public interface RowPolicy {

  /** What the identity sees; never null. */
  RowView of(Identity identity);

  /**
   * Everybody sees the rows of a condition: {@code RowPolicy.where(who -> Where.eq("owner",
   * who.userId()))}.
   */
  static RowPolicy where(Function<Identity, Where> condition) {
    return identity -> RowView.where(condition.apply(identity));
  }
}
