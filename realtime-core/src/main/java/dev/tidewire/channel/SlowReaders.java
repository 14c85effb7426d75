package dev.tidewire.channel;

/**
 * What a client gets of a channel that does not read as fast as is published. A channel of state,
 * such as cursors, may leave out what is out of date; one of messages may not. An immutable
 * constant, safe for any thread.
 */
public enum SlowReaders {
  /**
   * Everything. A client for which too much waits is closed 4008 and resumes at its position. The
   * default.
   */
  DISCONNECT,
  /**
   * The newest of each key; what waits for the client and is older is left out. Too many keys are
   * treated as {@link #DISCONNECT}.
   */
  CONFLATE,
  /** What comes when more than one message (64 KiB) does not wait for it; the rest is left out. */
  DROP
}
