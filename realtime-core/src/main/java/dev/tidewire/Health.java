package dev.tidewire;

import java.util.Set;

/**
 * How a bus does, as far as it is known now; asking it asks nobody else and waits for nothing.
 * Immutable, safe for any thread.
 *
 * @param troubles what is wrong while it is {@link Status#DEGRADED}, else empty
 */
public record Health(Status status, Set<Trouble> troubles) {

  /** Copies the set. */
  public Health {
    troubles = Set.copyOf(troubles);
  }

  /** What can be expected of it. An immutable constant. */
  public enum Status {
    /** Everything. */
    UP,
    /** Clients are let in and stay, but something they may want fails; it heals by itself. */
    DEGRADED,
    /** Its clients go elsewhere, and nobody is let in; see {@link Realtime#drain}. */
    DRAINING,
    /** Nothing: it is closed. */
    DOWN
  }

  /** What can be wrong. An immutable constant. */
  public enum Trouble {
    /** Nothing can be published or recovered. */
    BROKER_UNREACHABLE,
    /** The last use of the history, less than a minute ago, failed. */
    HISTORY_FAILING
  }

  /** Whether new clients should be sent to it. */
  public boolean letsIn() {
    return status == Status.UP || status == Status.DEGRADED;
  }
}
