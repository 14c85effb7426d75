import type { Realtime } from './client.js';
import type { ReadableSignal } from './signals.js';

/**
 * How many are in a channel, without who: undefined until the server has told it, then always the latest number. The
 * server's policy may allow this where it does not show the members. Subscribes to the channel.
 */
export function occupancy(realtime: Realtime, topic: string): ReadableSignal<number | undefined>;
