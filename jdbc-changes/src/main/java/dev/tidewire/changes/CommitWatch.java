package dev.tidewire.changes;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Notes which tables a thread's commits change, while somebody wants to know. Safe for any thread.
 */
final class CommitWatch {

  /** Of this capture and not static; empty but for the time of a watch. */
  @SuppressWarnings("ThreadLocalUsage")
  private final ThreadLocal<@Nullable Set<CapturedTable>> watched = new ThreadLocal<>();

  /** Runs the work and adds the tables that it changed. */
  <T extends @Nullable Object, E extends Exception> T during(
      ChangeCapture.Work<T, E> work, Set<CapturedTable> changed) throws E {
    Set<CapturedTable> outer = watched.get();
    Set<CapturedTable> mine = new LinkedHashSet<>();
    watched.set(mine);
    try {
      return work.run();
    } finally {
      changed.addAll(mine);
      if (outer == null) {
        watched.remove();
      } else {
        outer.addAll(mine);
        watched.set(outer);
      }
    }
  }

  /** This thread committed. */
  void note(List<Change> changes) {
    Set<CapturedTable> mine = watched.get();
    if (mine != null) {
      changes.forEach(change -> mine.add(change.table()));
    }
  }
}
