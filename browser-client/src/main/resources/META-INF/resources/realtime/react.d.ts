import type { ReactElement, ReactNode } from 'react';
import type { Channel, ChannelOptions, PresenceState, Realtime, RealtimeOptions, Status, Token } from './client.js';
import type { Poller, PollerOptions } from './polling.js';
import type { ActivityOptions, ActivityStatus } from './presence.js';
import type { RowsOptions } from './rows.js';
import type { ReadableSignal } from './signals.js';
import type { SocketOptions, SocketStatus } from './socket.js';
import type { EventStreamOptions } from './sse.js';
import type { TypingOptions, TypingUser } from './typing.js';

export interface RealtimeProviderProps<U = any> {
  /** A client made elsewhere, which then connects and disconnects there. Default: one is made here. */
  realtime?: Realtime;
  /** For the client made here; it connects when this is mounted and disconnects when it is not any more. */
  options?: Omit<RealtimeOptions, 'token' | 'autoConnect'>;
  /** For the client made here; another one is used at once. */
  token?: Token;
  /** Who is at the page, for `useAuth`. */
  user?: U;
  children?: ReactNode;
}

/** Gives its children one connection. */
export function RealtimeProvider(props: RealtimeProviderProps): ReactElement;

/** The client, and the user as given to the provider. Both stay the same from render to render. */
export function useRealtime<U = any>(): { realtime: Realtime; user: U };

export function useAuth<U = any>(): { user: U };

export function useStatus(): Status;

/** The value of a signal; renders again when it changes. */
export function useSignal<T>(source: ReadableSignal<T>): T;

/**
 * Subscribes while the component is there. `handlers` by event; they may be other functions in every render. Components
 * share a channel: the last one ends its subscription.
 */
export function useChannel<T = any>(
  topic: string,
  handlers?: Record<string, (message: any) => void>,
  options?: ChannelOptions,
): Channel<T>;

/** The states of everybody in a channel. `state` is shown as this page's own while the component is there. */
export function usePresence<S extends object = PresenceState>(topic: string, state?: object): S[];

/** The rows of a table, live. Begins anew with other options (functions are not compared) or other `deps`. */
export function useRows<R = any>(
  topic: string,
  options?: RowsOptions<NoInfer<R>>,
  deps?: unknown[],
): { rows: R[]; ready: boolean; error: Error | null; reload: () => void };

/** A plain WebSocket while the component is there. */
export function useSocket<M = any>(
  url: string,
  options?: SocketOptions & { onMessage?: (message: M) => void },
): {
  status: SocketStatus;
  connected: boolean;
  retryCount: number;
  data: M | null;
  error: Error | null;
  send: (message: unknown) => boolean;
  reconnect: () => void;
};

/** Server-sent events while the component is there. */
export function useEventStream<T = any>(
  url: string,
  handlers?: Record<string, (data: any) => void>,
  options?: EventStreamOptions,
): { connected: boolean; data: T | null; error: Error | null };

/** Polls while the component is there, by one of the makers of `polling.js`. */
export function usePolling<T = any, O extends object = PollerOptions & { interval?: number }>(
  url: string,
  options?: O,
  create?: (url: string, options?: O) => Poller<T>,
): { data: T | null; loading: boolean; error: Error | null; refresh: () => void };

/** Who else is typing in a channel. */
export function useTyping(
  topic: string,
  options?: TypingOptions,
): { users: TypingUser[]; input: () => void; stop: () => void };

/** Tells the members whether somebody is at the page. */
export function useActivity(options?: ActivityOptions): ActivityStatus;
