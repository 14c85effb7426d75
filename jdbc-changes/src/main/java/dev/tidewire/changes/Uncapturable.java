package dev.tidewire.changes;

/**
 * What happens to a statement that may write a captured table in a way that cannot be told row by
 * row. An immutable constant, safe for any thread.
 */
public enum Uncapturable {
  /**
   * It runs, and the channels of the tables it may have written tell their subscribers to reload.
   */
  RESET,
  /** It is refused with an {@link UncapturableException}; nothing of it remains. */
  THROW
}
