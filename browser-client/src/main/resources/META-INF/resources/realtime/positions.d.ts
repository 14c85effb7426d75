import type { Channel } from './client.js';

/** `Tidewire-Position`, the header of an HTTP answer that says where its writes stand in the streams. */
export const POSITION_HEADER: 'Tidewire-Position';

/**
 * The position of a write on a topic: out of a `Response`, its headers or the header's text, which is
 * `<topic>=<epoch>.<offset>, …` or `none`. Undefined where it wrote nothing there.
 */
export function positionOf(answer: Response | Headers | string | null | undefined, topic: string): string | undefined;

/**
 * Resolves once the channel has handed out everything up to a position: to true, or to false where that is not to be
 * seen any more, because `within` milliseconds went by, the stream is another one, or the channel is not subscribed.
 */
export function passed(
  channel: Channel,
  position: string,
  options?: { /** Default: 10000. */ within?: number },
): Promise<boolean>;
