package dev.tidewire;

/**
 * What {@link Limits} bound, for counting how often each was met; see {@link Realtime#refusals}. An
 * immutable constant, safe for any thread.
 */
public enum Limit {
  /** Connections of the whole bus. */
  CONNECTIONS,
  /** Connections of one network address. */
  ADDRESS_CONNECTIONS,
  /** Connections of one user. */
  USER_CONNECTIONS,
  /** New connections of the whole bus in a second. */
  HANDSHAKES,
  /** Requests of one network address in a second. */
  ADDRESS_REQUESTS,
  /** Frames of one connection in a second. */
  FRAMES,
  /** Publications of one connection in a second. */
  PUBLISHES,
  /** Publications of one user in a second. */
  USER_PUBLISHES,
  /** Bytes of an incoming message, or of the body of a request. */
  FRAME_BYTES,
  /** Malformed frames in ten seconds. */
  BAD_FRAMES,
  /** Bytes that wait for one client. */
  QUEUE_BYTES,
  /** Subscriptions, and tracked channels, of one connection. */
  SUBSCRIPTIONS,
  /** Channels in memory. */
  CHANNELS,
  /** Bytes retained for recovery; counts how often channels had to give way. */
  RETAINED_BYTES,
  /** Bytes of a publication. */
  PUBLICATION_BYTES,
  /** Bytes of a presence state. */
  PRESENCE_STATE_BYTES,
  /** Messages in a page of history. */
  HISTORY_PAGE,
  /** Time to authenticate. */
  AUTHENTICATION_TIME
}
