/** Milliseconds that suit what is sent or shown often. */
export const RATES: Readonly<{
  /** Own cursor, 30 times a second. */
  cursorSent: 33;
  /** Others' cursors, 60 times a second. */
  cursorShown: 16;
  /** A document's content, after a pause in typing. */
  documentSent: 200;
  /** A view that changes on every message. */
  viewShown: 100;
  /** The end of typing, after the last key. */
  typingStops: 3000;
}>;

export interface Limited<A extends unknown[]> {
  (...values: A): void;
  /** Drops the call that waits. */
  cancel(): void;
  /** Makes the call that waits, now. */
  flush(): void;
}

/** At most once in `ms`: the first call at once, of those in between the last one at the end. */
export function throttle<A extends unknown[]>(action: (...values: A) => void, ms: number): Limited<A>;

/** Once no further call came for `ms`, with the values of the last one. */
export function debounce<A extends unknown[]>(action: (...values: A) => void, ms: number): Limited<A>;
