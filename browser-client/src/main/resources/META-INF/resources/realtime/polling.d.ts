import type { ReadableSignal } from './signals.js';

export interface PollerOptions {
  headers?: Record<string, string>;
  fetch?: typeof fetch;
}

export interface Poller<T> {
  /** The last answer, parsed; null before the first. An answer that is the same, or a 304, leaves it as it is. */
  readonly data: ReadableSignal<T | null>;
  /** True until the first answer. */
  readonly loading: ReadableSignal<boolean>;
  /** What went wrong with the last request; null if nothing. The next one is made all the same. */
  readonly error: ReadableSignal<Error | null>;
  /** Asks now. */
  refresh(): Promise<void>;
  stop(): void;
}

/** Asks now and then every `interval` milliseconds (default: 5000), counted from the answer. */
export function createPoller<T = any>(url: string | URL, options?: PollerOptions & { interval?: number }): Poller<T>;

/**
 * Asks more often while the answer changes (half the pause, down to `fastest`, 1000 ms) and less often while it does not
 * (one and a half times, up to `slowest`, 30000 ms); begins with `start`, 5000 ms.
 */
export function createAdaptivePoller<T = any>(
  url: string | URL,
  options?: PollerOptions & { start?: number; fastest?: number; slowest?: number },
): Poller<T> & { readonly interval: ReadableSignal<number> };

/**
 * Asks only while `shouldPoll` says so. A signal that it reads starts and ends the polling at once; anything else is
 * looked at before every request, and `refresh()` begins again.
 */
export function createConditionalPoller<T = any>(
  url: string | URL,
  shouldPoll: () => boolean,
  options?: PollerOptions & { /** Default: 5000. */ interval?: number },
): Poller<T>;

/** Follows something until its end; also asks when the page is looked at again. */
export function createStatusPoller<T = any>(
  url: string | URL,
  options?: PollerOptions & {
    /** Pause while the page is visible, in milliseconds. Default: 10000. */
    visible?: number;
    /** Pause while it is hidden. Default: 60000. */
    hidden?: number;
    /** Values of `status` that are the end. Default: delivered, failed, cancelled, refunded. */
    finals?: string[];
    /** Or: whether this answer is the last. */
    until?: (data: T | null) => boolean;
  },
): Poller<T>;
