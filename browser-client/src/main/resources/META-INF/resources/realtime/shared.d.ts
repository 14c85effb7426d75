/** One connection for all tabs of a site. */
import type { Realtime, RealtimeOptions } from './client.js';

/**
 * A client like that of `createRealtime`, whose connection is shared by all tabs with the same address, the same token
 * and the same `as`. It lives in a shared worker: no tab is special, and one that is closed or frozen disturbs none of
 * the others. What the tabs subscribe to is asked for once; presence is one state, the latest that a tab has shown; away
 * is who is away in all tabs. Where the browser has no shared workers, and for a tab that wants rows of a table under
 * another condition than the others, there is a connection of its own.
 */
export function createSharedRealtime(options?: SharedOptions): Realtime;

export interface SharedOptions extends RealtimeOptions {
  /** Who the user is, where cookies alone say so: tabs of different values never share. Default: none. */
  as?: string;
}
