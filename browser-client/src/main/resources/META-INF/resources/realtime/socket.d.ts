import type { ReadableSignal } from './signals.js';

/**
 * Opens a WebSocket to any endpoint that speaks JSON, and opens it again when it is lost. For channels, recovery and
 * presence there is `createRealtime`; this is for an endpoint with a protocol of its own.
 */
export function createSocket<M = any>(
  url: string | URL | (() => string | URL | Promise<string | URL>),
  options?: SocketOptions,
): Socket<M>;

export interface SocketOptions {
  /** Open again after a loss. Default: true. Never after the close codes 1000, 4001 and 4500 to 4999. */
  autoReconnect?: boolean;
  /** Failed attempts in a row after which it gives up. Default: 10. */
  maxRetries?: number;
  /** First pause before a reconnect, in milliseconds; it doubles every time. Default: 1000. */
  reconnectDelay?: number;
  /** Longest pause before jitter, in milliseconds. Default: 30000. */
  maxReconnectDelay?: number;
  /** Random share added to every pause. Default: 0.2. */
  jitter?: number;
  /** Time between `{type:'ping'}` messages in milliseconds; 0 for none. Default: 0; 25000 is a good value. */
  pingInterval?: number;
  /** Silence after a ping that counts as a dead connection (4000), in milliseconds. Default: 5000. */
  pongTimeout?: number;
  /** Leave out messages whose `id` came before: the last 5000 to 10000 are remembered. Default: false. */
  dedupe?: boolean;
  /** Subprotocols. Default: none. */
  protocols?: string | string[];
}

/** `open`, `connecting` (first attempt), `error` (lost, tries again by itself) or `closed` (only `reconnect()` helps). */
export type SocketStatus = 'connecting' | 'open' | 'closed' | 'error';

export interface SocketState {
  status: 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'disconnected';
  /** Attempts since it was last connected; 0 then. */
  attempt: number;
  lastError: string | null;
}

/** Its methods need no `this`, so each can be handed to an event listener as it is. */
export interface Socket<M = any> {
  /**
   * Calls back with every message, parsed; after every opening; after every end of an open connection.
   *
   * @returns a function that ends it
   */
  on(event: 'message', callback: (message: M) => void): () => void;
  on(event: 'open', callback: () => void): () => void;
  on(event: 'close', callback: (event: { code: number; reason: string }) => void): () => void;

  /** Sends a message as JSON. False if the socket is not open: nothing is sent then, and nothing is kept for later. */
  send(message: unknown): boolean;

  /** Opens a new connection at once, whatever was. */
  reconnect(): void;

  /** Closes for good, until `reconnect()`. */
  close(code?: number, reason?: string): void;

  /** The status; a reactive read. */
  status(): SocketStatus;
  /** The same in the words of `createRealtime`, with the count of attempts and the last error. */
  readonly state: ReadableSignal<SocketState>;
  /** The last message; null before the first. */
  readonly data: ReadableSignal<M | null>;
  /** What went wrong last, a message that is not JSON included; null after an opening. */
  readonly error: ReadableSignal<Error | null>;
  connected(): boolean;
  retryCount(): number;
}
