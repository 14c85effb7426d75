import type { ReadableSignal } from './signals.js';

export interface EventStreamOptions {
  /** Send cookies to another origin. Default: true. */
  withCredentials?: boolean;
  /** Attempts in a row where the browser has given up. Default: 10. */
  maxRetries?: number;
  /** First pause before one, in milliseconds; it doubles every time. Default: 500. */
  reconnectDelay?: number;
  /** Longest pause. Default: 30000. */
  maxReconnectDelay?: number;
  /**
   * Query parameter that carries the last event's id on such an attempt, for a server that takes it: the browser's
   * `Last-Event-ID` header begins anew there. Default: none.
   */
  lastIdParameter?: string;
  onConnect?: () => void;
  onDisconnect?: () => void;
  onError?: (event: Event) => void;
}

export interface EventStream<T = any> {
  readonly connected: ReadableSignal<boolean>;
  /** Data of the last event handled; null before the first. */
  readonly data: ReadableSignal<T | null>;
  readonly error: ReadableSignal<Error | null>;
  close(): void;
}

/**
 * Listens to server-sent events of any endpoint. `handlers` names the events and gets the data parsed, or as text where
 * it is not JSON; events without a name are `message`, which `data` has even without a handler.
 */
export function createEventStream<T = any>(
  url: string | URL,
  handlers?: Record<string, (data: any) => void>,
  options?: EventStreamOptions,
): EventStream<T>;
