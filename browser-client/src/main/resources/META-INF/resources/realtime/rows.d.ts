import type { Channel } from './client.js';
import type { ReadableSignal } from './signals.js';

export interface RowsOptions<R> {
  /**
   * Which of the channel's rows: by the values of columns, or by a function. Default: all. Other conditions are the
   * channel's own: `channel(topic, { where }).rows()`, and so only these rows travel.
   */
  where?: Partial<R> | ((row: R) => boolean);
  /** Column, `-column` for downwards, several, or a comparison. Default: in the order of arrival. */
  orderBy?: string | string[] | ((a: R, b: R) => number);
  /** Column or columns that name a row, or a function. Default: `id`. */
  key?: string | string[] | ((row: R) => unknown);
  /**
   * Where all rows come from, if not from the channel itself: an address, or a function that gives the rows or a
   * `Response`, whose `Tidewire-Position` says exactly which changes it contains.
   */
  load?: string | URL | (() => Promise<R[] | Response | { rows: R[]; position?: string }>);
}

/** The rows now: a signal of an array that is another one after every change. */
export interface Rows<R> extends ReadableSignal<R[]> {
  /** Whether all rows are there. */
  readonly ready: ReadableSignal<boolean>;
  /** Why they are not; loading is tried again by itself. */
  readonly error: ReadableSignal<Error | null>;
  /** Loads all again. */
  reload(): void;
  /** Ends it. The channel stays subscribed. */
  stop(): void;
}

/** The rows of a table channel, kept as they are: all of them, then every change; all again after a `reset`. */
export function liveRows<R = any>(channel: Channel, options?: RowsOptions<NoInfer<R>>): Rows<R>;

declare module './client.js' {
  interface Channel<T> {
    /** The same as `liveRows(channel, options)`, once `rows.js` was imported. */
    rows<R = T>(options?: RowsOptions<NoInfer<R>>): Rows<R>;
  }
}
