package dev.tidewire.transport;

/** The kinds of links that clients have, for counting them. An immutable constant. */
public enum Transport {
  /** A WebSocket of a client of the bus. */
  WEBSOCKET,
  /** Server-sent events. */
  EVENT_STREAM,
  /** A poll that waits, or a link that is polled for. */
  POLL,
  /** A WebSocket of a Yjs client. */
  YJS,
  /** What an adapter of the application's own brings, unless it says so. */
  OTHER
}
