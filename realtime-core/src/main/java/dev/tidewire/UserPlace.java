package dev.tidewire;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One session's place among the connections of its user. Safe for any thread. */
final class UserPlace {

  private final Admission admission;
  private final AtomicReference<@Nullable Identity> taken = new AtomicReference<>();
  private volatile boolean gone;

  UserPlace(Admission admission) {
    this.admission = admission;
  }

  /** Takes it once, or throws the {@link Rejection} if the user has too many. */
  void take(Identity who) {
    admission.enter(who);
    taken.set(who);
    if (gone) {
      free(); // the link broke meanwhile
    }
  }

  /** The session is gone: gives the place back. */
  void free() {
    gone = true;
    Identity who = taken.getAndSet(null);
    if (who != null) {
      admission.leave(who);
    }
  }
}
