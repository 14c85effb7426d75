import type { Channel, Realtime } from './client.js';
import type { OfflineQueue } from './offline.js';
import type { Optimistic, OptimisticOptions } from './optimistic.js';

type QueryKey = readonly unknown[];

/** What is used of TanStack Query's `QueryClient`. */
export interface CacheClient {
  getQueryData(queryKey: QueryKey): any;
  setQueryData(queryKey: QueryKey, update: any): any;
  setQueriesData(filters: any, update: any): any;
  removeQueries(filters: any): void;
  invalidateQueries(filters?: any): Promise<void>;
  cancelQueries(filters?: any): Promise<void>;
}

export interface CacheEvent<T = any> {
  operation: 'create' | 'update' | 'delete';
  entity: string;
  id: string | number;
  /** The entity; without it the entity's queries are asked again. */
  payload?: T;
  /** `payload` has only the fields that changed. */
  partial?: boolean;
}

/**
 * Applies an event to the cache: details under `[entity, id]`, lists under any other key that begins with `entity`.
 * Created: put in front of lists; updated: replaced or merged; deleted: taken out. Lists are arrays, objects with an
 * array `data`, or pages of these.
 */
export function applyCacheOperation(client: CacheClient, event: CacheEvent): void;

/** Keeps the cache in step with a table channel; a `reset` asks again. Returns a function that ends it. */
export function bindTable(
  client: CacheClient,
  channel: Channel,
  options?: {
    /** Default: the topic. */
    entity?: string;
    /** Column that names a row. Default: `id`. */
    key?: string;
    /** Changes wait for its operations. */
    optimistic?: Optimistic<any>;
  },
): () => void;

/** Applies the {@link CacheEvent}s that arrive on `user:<id>`. Returns a function that ends it. */
export function bindPersonalChannel(client: CacheClient, realtime: Realtime, userId: string): () => void;

export type CacheChange =
  | CacheEvent
  | { append: QueryKey; item?: { id: string } }
  | { set: QueryKey; value: unknown }
  | { merge: QueryKey; patch: object }
  | { invalidate: QueryKey };

export type SyncRules = Record<string, (message: any) => CacheChange | null | undefined>;

/** A message handler that changes the cache by the rule of each message's `type`. */
export function createSyncHandler(
  client: CacheClient,
  rules: Readonly<SyncRules>,
  options?: { unknown?: (message: any) => void },
): (message: any) => void;

/** `chat:message` is appended once, `presence:update` merged, `doc:patch` invalidates. */
export const chatRules: Readonly<SyncRules>;

/** Optimistic operations on the details `[entity, id]`. */
export function createQueryOptimistic<T = any>(
  client: CacheClient,
  entity: string,
  options?: Pick<OptimisticOptions<T>, 'channel' | 'within'>,
): Optimistic<T>;

/** Options for `useMutation`. */
export function optimisticMutation<T, I, R>(
  client: CacheClient,
  optimistic: Optimistic<T>,
  options: {
    entity: string;
    id: string | ((input: I) => string);
    change: (value: T | undefined, input: I) => T | undefined;
    request: (input: I) => Promise<R>;
  },
): { mutationFn: (input: I) => Promise<R>; onSettled: (data: unknown, error: unknown, input: I) => unknown };

/** Options for `useMutation`. */
export function offlineMutation<I>(
  client: CacheClient,
  queue: OfflineQueue,
  options: {
    url: string | ((input: I) => string);
    /** Default: POST. */
    method?: string;
    queryKeysToInvalidate?: QueryKey[];
  },
): { networkMode: 'always'; mutationFn: (input: I) => Promise<any>; onSettled: (data: any, error: unknown, input: I) => unknown };
