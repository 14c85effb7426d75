import { parsePosition } from './client/stream.js';
import { POSITION } from './client/subscription.js';

/** The header of an HTTP answer that says where its writes stand in the streams. */
export const POSITION_HEADER = 'Tidewire-Position';

/**
 * The position of a write on a topic: out of a `Response`, its headers or the header's text, which is
 * `<topic>=<epoch>.<offset>, …` or `none`. Undefined where it wrote nothing there.
 */
export function positionOf(answer, topic) {
  const headers = answer?.headers ?? answer;
  const text = typeof headers === 'string' ? headers : headers?.get?.(POSITION_HEADER);
  for (const entry of text?.split(',') ?? []) {
    const [name, position] = entry.trim().split('=');
    if (name === topic && parsePosition(position) !== null) return position;
  }
  return undefined;
}

/**
 * Resolves once the channel has handed out everything up to a position: true, or false where that is not to be seen any
 * more, because nothing came for `within` ms, the stream is another one, or the channel is not subscribed.
 */
export function passed(channel, position, { within = 10_000 } = {}) {
  const goal = parsePosition(position);
  const begin = parsePosition(channel.position);
  if (goal === null || begin === null) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (isPassed) => {
      clearTimeout(timer);
      channel.off(POSITION, check);
      resolve(isPassed);
    };
    const check = () => {
      const now = parsePosition(channel.position);
      if (now?.epoch === goal.epoch) return now.offset >= goal.offset && end(true);
      if (now?.epoch !== begin.epoch) end(false);
    };
    const timer = setTimeout(end, within, false);
    channel.on(POSITION, check);
    check();
  });
}
