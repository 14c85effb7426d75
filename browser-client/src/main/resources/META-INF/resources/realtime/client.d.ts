/** The browser client of a Tidewire server: channels, presence, history and row changes over one WebSocket. */

/**
 * Connects a page to its server. Make one per page and share it: channels are multiplexed over its one connection.
 *
 * @throws TypeError if `url` is no address a WebSocket can have
 */
export function createRealtime(options?: RealtimeOptions): Realtime;

export interface RealtimeOptions {
  /**
   * Address of the WebSocket endpoint; `http:` and `https:` are taken for `ws:` and `wss:`, a relative one starts from
   * the page. Default: `ws` beside this module, so it is right under every context path.
   */
  url?: string | URL;
  /** Proves who the user is. A function is asked before every connect, so it can give a fresh one. Default: none. */
  token?: Token;
  /** Connect without being asked, at the end of the turn that made the client. Default: true. */
  autoConnect?: boolean;
  /** Failed attempts in a row after which it gives up; 0 never tries again. Default: Infinity. */
  maxRetries?: number;
  /** First pause before a reconnect, in milliseconds; it doubles every time. Default: 1000. */
  reconnectDelay?: number;
  /** Longest pause before jitter, in milliseconds. Default: 30000. */
  maxReconnectDelay?: number;
  /** Random share added to every pause, so that pages do not come back all at once. Default: 0.2, that is up to 20 %. */
  jitter?: number;
  /** Time between pings in milliseconds, where the server does not name one; 0 for no pings. Default: 25000. */
  pingInterval?: number;
  /** Silence after a ping that counts as a dead link, in milliseconds, where the server does not name it. Default: 5000. */
  pongTimeout?: number;
  /** Time for one attempt to connect, token and welcome included, in milliseconds. Default: 10000. */
  connectTimeout?: number;
  /**
   * The ways to the server, best first. Where one does not lead there (a proxy refuses it, lets it hang, or cuts it again
   * and again) the next is taken, and better ones are tried now and then. All carry everything. Default:
   * `['websocket', 'sse', 'poll']`.
   */
  transports?: Transport[];
  /** The WebSocket to use. Default: the browser's. */
  WebSocket?: typeof WebSocket;
}

export type Token = string | null | (() => string | null | Promise<string | null>);

/**
 * `idle` before the first connect; `connecting` during it; `connected` once the server has said welcome; `reconnecting`
 * after a drop or a failed attempt, pauses included; `disconnected` after `disconnect()`, after a close that forbids
 * another try (see `onError`), or when `maxRetries` is used up.
 */
export type Status = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'disconnected';

export type Transport = 'websocket' | 'sse' | 'poll';

export interface Realtime {
  readonly status: Status;
  /** How messages come now; undefined while not connected. */
  readonly transport: Transport | undefined;
  /** `status`, with the failed attempts in a row and the reason of the last change for the worse. A copy. */
  readonly state: { status: Status; attempt: number; lastError: RealtimeError | null };
  /** Who the server takes this page for; undefined before the first welcome. */
  readonly userId: string | undefined;

  /**
   * Connects, or tries at once where a pause is on. Resolves when connected; rejects with a {@link RealtimeError} when
   * it is clear that no further attempt follows.
   */
  connect(): Promise<void>;

  /** Closes the connection and stays away until `connect()`. Subscriptions are kept and then go on without a gap. */
  disconnect(): void;

  /** The channel of that topic, always the same one. `options` change it. */
  channel<T = any>(topic: string, options?: ChannelOptions): Channel<T>;

  /**
   * Says whether somebody is at the page: members of its channels get it as `status` of `presence:update`. Told again
   * after every reconnect. `presence.js` finds it out by itself.
   */
  setStatus(status: 'online' | 'away'): void;

  /**
   * Calls back on every change of `status`; `error` says why it became `reconnecting` or `disconnected`, unless that was
   * wanted.
   *
   * @returns a function that ends it
   */
  onStatusChange(callback: (status: Status, error?: RealtimeError) => void): () => void;

  /**
   * Calls back with failures that belong to no promise: a refused subscription or presence state (`topic` says which), a
   * refused token, a connection that ended for good. Without any such listener they go to the console.
   *
   * @returns a function that ends it
   */
  onError(callback: (error: RealtimeError) => void): () => void;

  /**
   * Uses another token: on the live connection, and for those to come. After a 4001 it connects again; the token of
   * another user opens a connection of its own.
   */
  setToken(token: Token): void;

  /**
   * Asks a handler of the server and resolves with its answer. Rejects with a {@link RealtimeError}, its `code` being
   * the handler's own or one of {@link ErrorCode}.
   */
  call<R = any>(method: string, data?: unknown): Promise<R>;
}

export interface ChannelOptions {
  /**
   * Whether the server tells the members. Default: if there is a presence or `'*'` listener, or a tracked state. Where
   * the server does not allow it, messages come all the same. `'count'`: only how many there are, as `presence_count`
   * messages (`occupancy.js` makes a signal of them).
   */
  presence?: boolean | 'count';
  /** Id of the message after which the next `subscribe()` begins, for a page that was rendered at that position. */
  since?: string;
  /**
   * Which rows of a table channel are wanted; default: all. A row that comes to fulfil it arrives as INSERT, one that no
   * longer does as DELETE. Another condition later begins anew; `{}` is all rows again.
   */
  where?: Where;
  /**
   * Whether the rows of a table channel are wanted as well: a `snapshot` message at the start, and again in the place of
   * every `reset`. Default: false.
   */
  snapshot?: boolean;
}

/**
 * A condition on columns, all of whose fields must hold: `{ status: 'open', qty: { gt: 5 } }`. What is compared with null
 * is neither true nor false, as in SQL; `{ column: null }` asks for it.
 */
export type Where = { and: Where[] } | { or: Where[] } | { not: Where } | { [column: string]: WhereValue | null | WhereOperators };

export type WhereValue = string | number | boolean;

export interface WhereOperators {
  eq?: WhereValue | null;
  ne?: WhereValue | null;
  gt?: string | number;
  gte?: string | number;
  lt?: string | number;
  lte?: string | number;
  in?: WhereValue[];
}

export interface Channel<T = any> {
  readonly topic: string;
  /**
   * Resolves when the server has accepted the subscription; rejects with its {@link RealtimeError} if it refused, and
   * with `NOT_SUBSCRIBED` if `unsubscribe()` came first.
   */
  readonly ready: Promise<Channel<T>>;
  /** User id → state of everybody present, as far as the server was asked to tell. A copy. */
  readonly members: Map<string, PresenceState>;
  /** Id of the last message handed out; undefined while not subscribed. */
  readonly position: string | undefined;

  /**
   * Calls back with every message of that name: `INSERT`, `UPDATE`, `DELETE`, `presence:join`, `presence:update`,
   * `presence:leave`, `reset`, `snapshot`, any event name of the application, or `'*'` for all of them. A listener for joins also
   * hears of those who are already there. One that throws is reported and does not stop the others.
   */
  on<R = T>(event: Operation, callback: (message: ChangeMessage<R>) => void): this;
  on<S = PresenceState>(event: PresenceEvent, callback: (message: PresenceMessage<S>) => void): this;
  on(event: 'reset', callback: (message: ResetMessage) => void): this;
  on<R = T>(event: 'snapshot', callback: (message: SnapshotMessage<R>) => void): this;
  on(event: '*', callback: (message: Message<T>) => void): this;
  on<D = T>(event: string, callback: (message: EventMessage<D>) => void): this;

  /** Removes that one listener. */
  off(event: string, callback: (message: any) => void): this;

  /** Starts receiving, from now on (or after `since`); again after every reconnect, without a gap. */
  subscribe(): this;

  /** Stops receiving and removes all listeners. A tracked state stays: see `untrack()`. */
  unsubscribe(): this;

  /**
   * Publishes an event; the server's answer resolves it. Rejects with a {@link RealtimeError}: at once with
   * `UNAVAILABLE` while not connected (nothing is queued), with `UNAVAILABLE` and `sent` when the connection was lost
   * before the answer. To try again without the risk of a double, pass the error's `key`.
   */
  publish(event: string, data?: unknown, options?: PublishOptions): Promise<PublishAck>;

  /**
   * Shows a state of this page to the members: an object. A second call replaces it. Works before connecting and is told
   * again after every reconnect, until `untrack()`. A refusal goes to `onError`.
   *
   * @throws TypeError if `state` is not an object, or not JSON
   */
  track(state: object): this;

  /** Takes the state back; the others see `presence:leave`. */
  untrack(): this;

  /**
   * Reads persisted messages: the newest page, oldest message first, or the page before `before`. Waits for the
   * connection if one is on its way.
   *
   * @param limit messages at most; default and maximum are the server's
   * @param before id or `created_at` of a message, or the page read last (an empty one counts as none)
   */
  getHistory<D = any>(
    limit?: number,
    before?: string | number | HistoryMessage[],
    options?: { /** `desc` gives newest first. Default: `asc`. */ order?: 'asc' | 'desc' },
  ): Promise<HistoryMessage<D>[]>;
}

export interface PublishOptions {
  /** Keep it in the history. Default: false. */
  persist?: boolean;
  /** Names this publication: the same key within five minutes is published once. Default: a new random one. */
  key?: string;
  /** Whether this page's own subscription gets a copy. Default: true. */
  echo?: boolean;
}

export interface PublishAck {
  topic: string;
  /** The message's id. */
  position: string;
  /** When the server accepted it, ISO 8601. */
  ts: string;
  /** True if a publication of the same key had been accepted before; then this is that one's position. */
  repeated?: boolean;
}

export type Operation = 'INSERT' | 'UPDATE' | 'DELETE';
export type PresenceEvent = 'presence:join' | 'presence:update' | 'presence:leave';

interface BaseMessage {
  /** Unique; on a channel's stream `<epoch>.<offset>`. */
  id: string;
  /** Server time, ISO 8601. */
  ts: string;
  /** The same as `ts`. */
  timestamp: string;
  topic: string;
}

/** An application's event. */
export interface EventMessage<D = any> extends BaseMessage {
  type: 'event';
  event: string;
  data: D;
  /** Who published it; absent if it was the server itself. */
  userId?: string;
}

/** A committed change of a row. */
export interface ChangeMessage<R = any> extends BaseMessage {
  type: 'db_change';
  operation: Operation;
  /** The row now; of a DELETE, the row that was. */
  data: R;
  /** The row before: of an UPDATE and a DELETE. */
  old?: R;
  userId?: string;
  /** Names the transaction. */
  tx?: string;
  /** Id of the mutation that caused it, where the writer gave one. */
  cause?: string;
}

/** Somebody's presence. */
export interface PresenceMessage<S = PresenceState> extends BaseMessage {
  type: 'presence';
  event: PresenceEvent;
  userId: string;
  /** The state; of a leave, the last one. */
  data: S;
  status: 'online' | 'away' | 'offline';
  rev: number;
  /** Of a leave that the server reported as it happened. */
  reason?: 'left' | 'timeout' | 'logout';
}

/** Messages are missing that cannot be told: load again what the page shows. Those after `position` follow. */
export interface ResetMessage extends BaseMessage {
  type: 'reset';
  payload: {
    /** The stream is another one, the messages missed are no longer kept, a change could not be told row by row, or other rows may be seen now. */
    reason: 'EPOCH' | 'EVICTED' | 'UNKNOWN_CHANGE' | 'ACCESS';
    position: string;
  };
}

/** The rows of a table as they were right after the message of this id; those after it tell what changed since. */
export interface SnapshotMessage<R = any> extends BaseMessage {
  type: 'snapshot';
  rows: R[];
}

export type Message<T = any> = EventMessage<T> | ChangeMessage<T> | PresenceMessage | ResetMessage | SnapshotMessage<T>;

export interface PresenceState {
  userId: string;
  [key: string]: any;
}

/** A persisted message. */
export interface HistoryMessage<D = any> {
  id: string;
  /** The topic. */
  room_id: string;
  /** Who published it; null if it was the server itself. */
  user_id: string | null;
  event: string;
  data: D;
  /** Milliseconds since 1970, server time. */
  created_at: number;
}

export type ErrorCode =
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'BAD_REQUEST'
  | 'UNKNOWN_TYPE'
  | 'UNKNOWN_TOPIC'
  | 'NOT_SUBSCRIBED'
  | 'TOO_LARGE'
  | 'RATE_LIMITED'
  | 'LIMIT_EXCEEDED'
  | 'CONFLICT'
  | 'UNRECOVERABLE'
  | 'UNAVAILABLE'
  | 'INTERNAL';

/** What every failure is. */
export class RealtimeError extends Error {
  /** The server's code, or an application handler's own in lower case. */
  readonly code: ErrorCode | (string & {});
  /** Whether the same may succeed later. */
  readonly temporary: boolean;
  /** When it may, in milliseconds, if the server said so. */
  readonly retryAfterMs: number | null;
  /** The channel concerned, if one is. */
  readonly topic?: string;
  /** Close code of the connection, if that is what failed. */
  readonly closeCode?: number;
  /** True if the request went out and its answer never came: it may have been carried out. */
  readonly sent: boolean;
  /** The key of the publication that failed. */
  readonly key?: string;
}
