package dev.tidewire;

import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Who a client is. Immutable, safe for any thread.
 *
 * @param identity as it counts now
 * @param proof as it was proved; another one after a change of roles
 */
record Standing(Identity identity, Identity proof) {

  static Standing of(Identity proved) {
    return new Standing(proved, proved);
  }

  /** Whether the predicate picks it, as it was or as it is. */
  boolean is(Predicate<Identity> whose) {
    return whose.test(identity) || whose.test(proof);
  }

  /** The same user with other rights. */
  Standing changed(UnaryOperator<Identity> change) {
    Identity now = Objects.requireNonNull(change.apply(identity), "the changed identity");
    if (!now.userId().equals(identity.userId())) {
      throw new IllegalArgumentException(
          "'" + identity.userId() + "' cannot become '" + now.userId() + "'");
    }
    return new Standing(now, proof);
  }
}
