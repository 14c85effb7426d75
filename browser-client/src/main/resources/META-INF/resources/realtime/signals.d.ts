/** A value that tells when it changes. Without dependency, usable on its own. */

export interface ReadableSignal<T> {
  /** The value; an {@link effect} that reads it here runs again when it changes. */
  (): T;
  /** The value, without an effect taking notice. */
  peek(): T;
  /**
   * Calls back with every new value, not with the present one.
   *
   * @returns a function that ends it
   */
  subscribe(callback: (value: T) => void): () => void;
}

export interface Signal<T> extends ReadableSignal<T> {
  /** Sets the value and, if it is another one (by `Object.is`), tells everybody before it returns. */
  set(value: T): void;
  /** Sets it to what `change` makes of it. */
  update(change: (value: T) => T): void;
}

export function signal<T>(value: T): Signal<T>;

/**
 * Runs `action` now and again whenever a signal changes that its last run has read. A function it returns is called
 * before the next run and at the end. What it throws is reported like any uncaught error.
 *
 * @returns a function that ends it
 */
export function effect(action: () => void | (() => void)): () => void;
