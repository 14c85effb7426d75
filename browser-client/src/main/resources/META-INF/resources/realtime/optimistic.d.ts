import type { Channel } from './client.js';

export interface OptimisticOptions<T> {
  /** The value of an entity that the page shows; undefined if there is none. */
  read?: (entityId: string) => T | undefined;
  /** Shows another one; undefined takes it away. */
  write?: (entityId: string, value: T | undefined) => void;
  /** Where the changes of these entities arrive: an operation then settles when the stream has passed its write. */
  channel?: Channel;
  /** Milliseconds to wait for that at most. Default: 10000. */
  within?: number;
}

/** A value, or what makes it of the one before. */
export type Change<T> = T | undefined | ((value: T | undefined) => T | undefined);

export interface Operation {
  readonly id: string;
  readonly entityId: string;
  /**
   * The server has accepted it. Settles at once or, if `answer` names the write's position, when the channel has passed
   * it. Resolves to false if it had settled before.
   */
  confirm(answer?: Response | Headers | string): Promise<boolean>;
  /** The server has refused it: shows what would be without it, other pending operations included. */
  rollback(): boolean;
}

export interface Optimistic<T> {
  /** Shows a value before the server has accepted it. */
  apply(entityId: string, value: Change<T>): Operation;
  /**
   * Applies, calls `request` with the operation's id, and confirms with its answer; rolls back and rejects where it
   * rejects, or answers a `Response` that is not ok.
   */
  mutate<R>(entityId: string, value: Change<T>, request: (operationId: string) => R | Promise<R>): Promise<R>;
  /**
   * Call it with what shows an event. It runs now or, while operations are pending for the entity, after the last of
   * them, in order. True if it was put off.
   */
  receive(entityId: string, replay: () => void): boolean;
  /** `apply` without the handle: the operation's id. */
  add(entityId: string, value: Change<T>): string;
  /** Settles an operation as it stands. */
  remove(operationId: string): boolean;
  hasPendingFor(entityId: string): boolean;
  /** The same: whether an event of this entity has to wait. */
  shouldDefer(entityId: string): boolean;
}

export function createOptimistic<T = any>(options?: OptimisticOptions<T>): Optimistic<T>;
