package dev.tidewire.sync.yjs;

/**
 * Bytes that are no Yjs update, state vector or message. Carries no stack trace: they come from
 * strangers, and often. Immutable, safe for any thread.
 */
final class BadUpdate extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  BadUpdate(String message) {
    super(message);
  }

  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
