package dev.tidewire;

/** Something that goes on until it is closed. Safe for any thread. */
@FunctionalInterface
public interface Subscription extends AutoCloseable {

  /** Ends it; a second call has no effect. A callback that runs at this moment ends normally. */
  @Override
  void close();
}
