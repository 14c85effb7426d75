import type { ReadableSignal } from './signals.js';

/** As kept in the database: version 1, store `queue`, key `id`. */
export interface QueuedMutation {
  /** Sent as `Idempotency-Key`, so that the server can tell a repetition. */
  id: string;
  url: string;
  method: string;
  /** JSON. */
  body: string;
  /** Milliseconds since 1970, larger than that of every mutation before: the order in which they are sent. */
  timestamp: number;
  /** Attempts that failed. */
  retryCount: number;
}

export type SyncResult =
  | { id: string; status: 'ok' }
  | { id: string; status: 'conflict'; serverData: any }
  | { id: string; status: 'error'; reason: string };

export interface OfflineQueueOptions {
  /** Name of the database; the tabs of a site that use one share its queue. Default: `offline-mutations`. */
  name?: string;
  /**
   * A mutation met a 409: gives the body to send instead, once, or undefined to drop the mutation, which is the default.
   */
  onConflict?: (mutation: { id: string; url: string; method: string; body: any }, serverData: any) => unknown;
  /** Hears of every attempt of a sync. */
  onResult?: (result: SyncResult) => void;
  /** Headers for every request, asked for each time if a function. `Content-Type` is `application/json` by default. */
  headers?: Record<string, string> | (() => Record<string, string>);
  fetch?: typeof fetch;
  /** Pause before another attempt after a failed one, in milliseconds, doubled every time. Default: 1000. */
  reconnectDelay?: number;
  /** Longest such pause. Default: 30000. */
  maxReconnectDelay?: number;
}

export interface OfflineQueue {
  /** How many wait, in all tabs. */
  readonly pending: ReadableSignal<number>;
  /**
   * Sends a write and resolves with the answer: its JSON, else its text, null if empty. Where the network is away, the server cannot answer for now,
   * or others wait already, it is queued instead and resolves with `queued`. Rejects, with `status` and the answer
   * as `data`, if the server refuses it.
   */
  write(url: string | URL, options?: { /** Default: POST. */ method?: string; body?: unknown }): Promise<any | { queued: true; id: string }>;
  /** Adds a mutation; it is on disk when this resolves. Sent with the next sync. */
  enqueue(url: string | URL, method: string, body: unknown): Promise<string>;
  /** Those that wait, oldest first. */
  getAll(): Promise<QueuedMutation[]>;
  remove(id: string): Promise<void>;
  incrementRetry(id: string): Promise<void>;
  /**
   * Sends what waits, oldest first, one tab at a time. Runs by itself when the page loads and when the network comes
   * back. It stops at a failure that may pass (network, 401, 408, 425, 429, 5xx) and tries again later; a mutation that
   * the server refuses stays in the queue, and those behind it go on.
   */
  sync(): Promise<SyncResult[]>;
  /** Stops; what waits stays in the database. */
  close(): Promise<void>;
}

export function createOfflineQueue(options?: OfflineQueueOptions): OfflineQueue;
