/** A value with the version that the server gave it. */
export interface Versioned<T> {
  data: T;
  version: number;
  /** ISO 8601. */
  updatedAt: string;
}

export interface MutationWithVersion<T> {
  payload: T;
  /** The version the change was made from. */
  baseVersion: number;
  /** When it was made, for `lastWriteWins`. Default: now, so that it wins. */
  updatedAt?: string | number;
}

/** What to write on top of the server's state; undefined leaves that as it is. */
export type Resolve<T> = (server: Versioned<T>, mine: T, mutation: MutationWithVersion<T>) => T | undefined | Promise<T | undefined>;

/** Strategies by name. */
export const strategies: Readonly<{
  /** For what the server decides: payments, stock. */
  serverWins: Resolve<any>;
  /** For what one person edits: forms, drafts. */
  clientWins: Resolve<any>;
  /** For what only its latest value matters of: settings, positions. */
  lastWriteWins: Resolve<any>;
}>;

/**
 * Sends `{payload, baseVersion}`. A 409 carries the server's state: what `onConflict` makes of the two is sent on top of
 * it, again and again, at most 20 times. Resolves with the server's answer, or its state where `onConflict` gave in.
 *
 * @throws Error with `status` and `response` if the server refused it otherwise
 */
export function submitWithConflictResolution<T>(
  url: string | URL,
  mutation: MutationWithVersion<T>,
  onConflict: keyof typeof strategies | Resolve<T>,
  options?: {
    /** Default: PATCH. */
    method?: string;
    headers?: Record<string, string>;
    fetch?: typeof fetch;
  },
): Promise<Versioned<T>>;
