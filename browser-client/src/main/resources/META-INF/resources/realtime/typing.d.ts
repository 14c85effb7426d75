import type { Channel } from './client.js';
import type { Socket } from './socket.js';
import type { ReadableSignal } from './signals.js';

export interface TypingUser {
  userId: string;
  username?: string;
}

export interface TypingOptions {
  /** Who types at this page. */
  userId?: string;
  username?: string;
  /** Milliseconds after the last key at which typing ends. Default: 3000. */
  stopAfter?: number;
  /**
   * What this page sends: `typing:start` and `typing:stop`, `typing-start` and `typing-stop`, or `typing` with
   * `isTyping`. All of them are understood. Default: `typing:start`.
   */
  name?: 'typing:start' | 'typing-start' | 'typing';
  /** Sends it another way, by a POST for example. Default: over the channel or socket. */
  send?: (isTyping: boolean) => unknown;
}

export interface Typing {
  /** The others who are typing now. Who leaves the channel, or says nothing for a minute, is not. */
  readonly users: ReadableSignal<TypingUser[]>;
  /** Call it on every key: the others hear of the first one, and of the end. */
  input(): void;
  /** Call it when the text was sent. */
  stop(): void;
  /** Stops and listens no more. */
  close(): void;
}

/** A typing indicator on a channel, which must be subscribed for the others to be seen, or on a plain socket. */
export function createTyping(link: Channel | Socket | null, options?: TypingOptions): Typing;
