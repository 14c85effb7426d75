import { Backoff } from './client/backoff.js';
import { Channel } from './client/channel.js';
import { parsePosition } from './client/stream.js';
import { ROWS } from './client/subscription.js';
import { positionOf } from './positions.js';
import { signal } from './signals.js';

const CHANGES = ['INSERT', 'UPDATE', 'DELETE'];
const PAUSES = { reconnectDelay: 1_000, maxReconnectDelay: 30_000, jitter: 0.2 };

/**
 * The rows of a table, kept as they are: all of them first, then every change, with nothing missing in between. They
 * come with the subscription or, where `load` is given, from there.
 */
export function liveRows(channel, { where, orderBy, key = 'id', load } = {}) {
  const keyOf = typeof key === 'function' ? key : (row) => (Array.isArray(key) ? JSON.stringify(key.map((name) => row[name])) : row[key]);
  const matches = typeof where === 'function' ? where : (row) => Object.entries(where ?? {}).every(([name, value]) => row[name] === value);
  if (typeof where === 'object' && Object.values(where).some((value) => value !== null && typeof value === 'object')) {
    throw new TypeError('conditions other than values are the server\'s to judge: channel(topic, { where }).rows()');
  }
  const compare = typeof orderBy === 'function' ? orderBy : comparator(orderBy);
  const backoff = new Backoff(PAUSES);
  const rows = signal([]);
  const ready = signal(false);
  const error = signal(null);
  let known = new Map(); // key → row, of those that match
  let waiting = []; // changes that arrive before the rows they change
  let turn = 0;
  let timer = null;
  let isScheduled = false;
  let hasBegun = false;

  function show() {
    if (isScheduled) return;
    isScheduled = true;
    queueMicrotask(() => {
      // many changes of one message are shown together
      isScheduled = false;
      rows.set(compare ? [...known.values()].sort(compare) : [...known.values()]);
      if (hasBegun) ready.set(true);
    });
  }

  function changed(message) {
    if (waiting !== null) waiting.push(message);
    else apply(message);
  }

  function apply({ operation, data, old }) {
    if (old !== undefined && keyOf(old) !== keyOf(data)) known.delete(keyOf(old));
    if (operation === 'DELETE' || !matches(data)) known.delete(keyOf(data));
    else known.set(keyOf(data), data);
    show();
  }

  function begin({ rows: all, position }) {
    if (!Array.isArray(all)) return error.set(new TypeError(`no rows came for ${channel.topic}: tell where to load them`));
    turn++;
    backoff.reset();
    const from = parsePosition(position);
    known = new Map(all.filter(matches).map((row) => [keyOf(row), row]));
    const later = waiting ?? [];
    waiting = null;
    for (const message of later) {
      const at = parsePosition(message.id);
      if (from === null || at?.epoch !== from.epoch || at.offset > from.offset) apply(message);
    }
    error.set(null);
    hasBegun = true;
    show();
  }

  async function loadAll() {
    const mine = ++turn;
    waiting ??= [];
    if (load === undefined) return channel[ROWS]();
    try {
      await channel.ready; // what changes from here on is told
      const loaded = await read(load, channel.topic);
      if (mine === turn) begin(loaded);
    } catch (problem) {
      if (mine !== turn) return;
      error.set(problem);
      if (problem.code !== 'NOT_SUBSCRIBED') timer = setTimeout(loadAll, backoff.next());
    }
  }

  function restart() {
    clearTimeout(timer);
    waiting = [];
    loadAll();
  }

  for (const name of CHANGES) channel.on(name, changed);
  channel.on('reset', restart);
  if (load === undefined) channel.on(ROWS, begin);
  channel.subscribe();
  loadAll();

  return Object.assign(rows, {
    ready,
    error,
    reload: restart,
    stop() {
      turn++;
      clearTimeout(timer);
      for (const name of CHANGES) channel.off(name, changed);
      channel.off('reset', restart);
      channel.off(ROWS, begin);
    },
  });
}

Channel.prototype.rows = function (options) {
  return liveRows(this, options);
};

async function read(load, topic) {
  const answer = await (typeof load === 'function' ? load() : fetch(load));
  if (Array.isArray(answer)) return { rows: answer };
  if (typeof answer?.json !== 'function') return answer;
  if (!answer.ok) throw new Error(`the rows cannot be loaded: ${answer.status}`);
  return { rows: await answer.json(), position: positionOf(answer, topic) };
}

/** `'name'` upwards, `'-name'` downwards, several in a list; null and undefined come last. */
function comparator(orderBy) {
  if (orderBy === undefined) return null;
  const orders = [orderBy].flat().map((name) => (name.startsWith('-') ? { name: name.slice(1), sign: -1 } : { name, sign: 1 }));
  return (a, b) => {
    for (const { name, sign } of orders) {
      const difference = compareValues(a[name] ?? null, b[name] ?? null, sign);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

function compareValues(a, b, sign) {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -sign : sign;
}
