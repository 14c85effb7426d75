import { signal } from './signals.js';

/**
 * How many are in a channel, without who: a signal that is undefined until the server has told it. The channel is
 * subscribed to; its messages can be listened to as always, its members are not told.
 */
export function occupancy(realtime, topic) {
  const count = signal(undefined);
  const channel = realtime.channel(topic, { presence: 'count' });
  channel.on('presence_count', (told) => count.set(told.count));
  channel.subscribe();
  return count;
}
