import type { Realtime } from './client.js';
import type { ReadableSignal } from './signals.js';

export type ActivityStatus = 'online' | 'away' | 'offline';

export interface Activity {
  readonly status: ReadableSignal<ActivityStatus>;
  /** Ends it; the status is `offline` then. */
  stop(): void;
}

export interface ActivityOptions {
  /** Milliseconds without mouse, key, touch, scroll or click after which somebody is away. Default: 120000. */
  awayAfter?: number;
}

/**
 * Follows whether somebody is at the page: `away` after a while without a sign of life and as soon as the page is
 * hidden, else `online`. `send` is called on changes only; it begins as `online`, which is not sent.
 */
export function trackActivity(options?: ActivityOptions & { send?: (status: ActivityStatus) => void }): Activity;

/** The same, told to the members of all channels in which this page has a state. */
export function shareActivity(realtime: Realtime, options?: ActivityOptions): Activity;

/** `hsl(…, 70%, 55%)`, always the same for the same user. */
export function userColor(userId: string | number): string;
