import type { Realtime, RealtimeError, RealtimeOptions, Status } from './client.js';
import type { Signal } from './signals.js';

/**
 * A document that several pages and the server edit together. Of two writes of a field the later one counts, on every
 * page the same. Nothing is connected before `connect()`; what is written meanwhile is sent then.
 *
 * @param name of the document
 * @param initialState what fields show as long as nobody has written them; never written by itself
 */
export function createSync<S extends object = Record<string, unknown>, P extends object = Record<string, any>>(
  name: string,
  initialState?: S,
  options?: SyncOptions,
): SharedDocument<S, P>;

export interface SyncOptions {
  /** How the server is reached. Default: `createWebSocketTransport()`. */
  transport?: SyncTransport;
  /** Be seen in the document, and see who is. Default: true. */
  presence?: boolean;
  /**
   * The user id: writes that the server has not answered are kept in this browser's `localStorage` and sent by the next
   * page of this user that opens the document. Default: a reload forgets them.
   */
  persist?: string | number;
  /** Hears why a write was refused and rolled back, or the document may not be read. Default: one line on the console. */
  onError?: (error: RealtimeError) => void;
}

/** A field: a signal whose writes everybody sees. Values are JSON. */
export interface Field<T> extends Signal<T> {
  /** Removes the field: its initial value shows again. */
  remove(): void;
}

export interface Peer<P = Record<string, any>> {
  /** The user id that the server knows. */
  id: string;
  /** What it has set as presence. */
  data: P;
  status: 'online' | 'away' | 'offline';
}

export interface SharedDocument<S extends object, P extends object = Record<string, any>> {
  readonly name: string;
  /** The fields of the initial state, and those that somebody has added. */
  readonly state: { readonly [K in keyof S]-?: Field<S[K]> } & { readonly [name: string]: Field<any> };
  /** A field of any name: 1 to 128 characters without control characters. */
  field<T = any>(name: string): Field<T | undefined>;
  /** Names of the fields that have a value. Reactive, as everything below. */
  fields(): string[];
  /** All values, an object without a prototype. */
  snapshot(): Partial<S> & Record<string, any>;

  connect(): void;
  /** What is written from now on is kept and sent after the next `connect()`. */
  disconnect(): void;
  status(): Status;
  /** Whether the document has come from the server. */
  ready(): boolean;
  /** Whether the server has stored everything written here. */
  saved(): boolean;
  /** Whether this user may write; null before the server has said so. */
  writable(): boolean | null;
  /** Why the last write was refused, or the document cannot be read. */
  error(): RealtimeError | null;

  /** What the others see of this page; sent at most 30 times a second. */
  readonly presence: Signal<P | undefined>;
  /** The others. */
  peers(): Peer<P>[];
  /** The others' presence by their id; iterable as `[peerId, data]`. */
  peerPresence(): Map<string, P>;
}

/** How a document reaches its server. */
export interface SyncTransport {
  connect(name: string, hooks: any, settings: { presence: boolean }): any;
}

export interface WebSocketTransportOptions extends Omit<RealtimeOptions, 'autoConnect'> {
  /** Name of the document on the server. Default: that of `createSync`. */
  room?: string;
  /** A connection to share. Default: one of its own, made with the other options. */
  realtime?: Realtime;
}

/** A document over a WebSocket: a connection of its own to `url`, or that of `realtime`. */
export function createWebSocketTransport(options?: WebSocketTransportOptions): SyncTransport;
