import { signal } from './signals.js';
import { debounce, RATES } from './timing.js';

const FORGOTTEN_AFTER = 60_000; // a page that crashed never says stop
const EVENTS = {
  'typing:start': { event: 'typing:start', stop: 'typing:stop' },
  'typing-start': { event: 'typing-start', stop: 'typing-stop' },
  typing: { event: 'typing', stop: 'typing' },
};

/**
 * Who is typing, over a channel or a socket. Says `start` once, `stop` after a pause; understands the names
 * `typing:start`, `typing-start` and `typing` with `isTyping`, whichever others use.
 */
export function createTyping(link, { userId, username, stopAfter = RATES.typingStops, name = 'typing:start', send } = {}) {
  const names = EVENTS[name];
  if (names === undefined) throw new TypeError(`a typing event is one of ${Object.keys(EVENTS).join(', ')}, not ${name}`);
  const users = signal([]);
  const timers = new Map();
  const isChannel = typeof link?.publish === 'function';
  let isTyping = false;

  const tell = (next) => {
    isTyping = next;
    const event = next ? names.event : names.stop;
    const data = { userId, username, isTyping: next };
    if (send !== undefined) Promise.resolve(send(next)).catch(() => {}); // the next one counts, not this one
    else if (isChannel) link.publish(event, data, { echo: false }).catch(() => {});
    else link.send({ type: event, ...data });
  };
  const stopLater = debounce(() => tell(false), stopAfter);

  const remove = (id) => {
    clearTimeout(timers.get(id));
    timers.delete(id);
    if (users.peek().some((user) => user.userId === id)) users.update((list) => list.filter((user) => user.userId !== id));
  };
  const add = (user) => {
    remove(user.userId);
    timers.set(user.userId, setTimeout(() => remove(user.userId), FORGOTTEN_AFTER));
    users.update((list) => [...list, user]);
  };
  const heard = (event, data, sender) => {
    const user = { userId: data?.userId ?? sender, username: data?.username };
    if (user.userId === undefined || user.userId === userId) return;
    const starts = event === 'typing' ? data?.isTyping !== false : event.endsWith('start');
    if (starts) add(user);
    else remove(user.userId);
  };
  const end = listen(link, isChannel, heard, remove);

  return {
    users,
    /** Call it on every key. */
    input() {
      if (!isTyping) tell(true);
      stopLater();
    },
    /** Call it when the text was sent. */
    stop() {
      stopLater.cancel();
      if (isTyping) tell(false);
    },
    close() {
      this.stop();
      end();
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

const HEARD = ['typing:start', 'typing:stop', 'typing-start', 'typing-stop', 'typing'];

/** Calls `heard(event, data, userId)` and `left(userId)`; returns a function that ends it. */
function listen(link, isChannel, heard, left) {
  if (!isChannel) {
    if (typeof link?.on !== 'function') return () => {};
    return link.on('message', (message) => HEARD.includes(message?.type) && heard(message.type, message.payload ?? message, message.userId));
  }
  const said = (message) => heard(message.event, message.data, message.userId);
  const gone = ({ data, userId }) => left(data?.userId ?? userId);
  for (const event of HEARD) link.on(event, said);
  link.on('presence:leave', gone);
  return () => {
    for (const event of HEARD) link.off(event, said);
    link.off('presence:leave', gone);
  };
}
