import { Backoff } from './client/backoff.js';
import { parseJson } from './client/frames.js';
import { signal } from './signals.js';
import { Keeper } from './sync/keeper.js';
import { Replica } from './sync/replica.js';
import { createWebSocketTransport } from './sync/transport.js';
import { RATES, throttle } from './timing.js';

export { createWebSocketTransport };

const MAX_WRITES = 50;
const MAX_CHARS = 16_000; // three bytes each, and a frame has at most 64 KiB
const BETWEEN_SENDS = 100;
const PAUSES = { reconnectDelay: 500, maxReconnectDelay: 10_000, jitter: 0.2 };

/** A document that several pages and the server edit together: its fields are signals. */
export function createSync(name, initialState = {}, options = {}) {
  const { transport = createWebSocketTransport(), presence: hasPresence = true, persist, onError } = options;
  const initial = new Map(Object.entries(initialState));
  const fields = new Map(); // name → signal
  const state = Object.create(null);
  const names = signal([...initial.keys()]);
  const status = signal('idle');
  const ready = signal(false);
  const saved = signal(true);
  const writable = signal(null);
  const error = signal(null);
  const own = signal(undefined);
  const peers = signal([]);
  const peerPresence = signal(new Map());
  const backoff = new Backoff(PAUSES);
  const replica = new Replica(changed);
  const keeper = persist === undefined ? null : new Keeper(name, persist);
  const present = throttle(() => session?.track(own.peek() ?? {}), RATES.cursorSent);
  let session = null;
  let sending = null; // the session whose writes are being sent
  let isOneByOne = false; // one of several writes was refused: which one?

  const valueOf = (field) => {
    const write = replica.get(field);
    return write?.value === undefined ? initial.get(field) : write.value;
  };

  function changed(field) {
    const known = replica.get(field)?.value !== undefined || initial.has(field);
    if (names.peek().includes(field) !== known) names.update((all) => (known ? [...all, field] : all.filter((other) => other !== field)));
    fieldSignal(field).refresh();
    saved.set(replica.isSettled);
    keeper?.save(() => replica.unanswered());
    if (!replica.isSettled) send();
  }

  function fieldSignal(field) {
    let entry = fields.get(field);
    if (entry === undefined) {
      const value = signal(valueOf(field));
      const read = () => value();
      read.peek = value.peek;
      read.subscribe = value.subscribe;
      read.set = (next) => write(field, jsonOf(field, next));
      read.update = (change) => read.set(change(value.peek()));
      read.remove = () => write(field, undefined);
      let at;
      const refresh = () => {
        const last = replica.get(field)?.at;
        if (last === at) return;
        at = last;
        value.set(valueOf(field));
      };
      entry = { read, refresh };
      fields.set(field, entry);
      state[field] = read;
    }
    return entry;
  }

  function write(field, value) {
    const known = replica.get(field);
    // typing sets other fields to what they are: that is no change
    const isSame = known === undefined ? value === undefined : known.value === value;
    if (!isSame) replica.write(field, value);
  }

  function fail(problem) {
    error.set(problem);
    if (onError) onError(problem);
    else console.error(`[tidewire] document ${name}: ${problem.code}: ${problem.message}`);
  }

  async function send() {
    const mine = session;
    if (mine === null || sending === mine) return;
    sending = mine;
    await null; // what is written in one turn is sent together
    while (mine === session && mine.isLive && !replica.isSettled) {
      const batch = replica.batch(isOneByOne ? 1 : MAX_WRITES, MAX_CHARS);
      try {
        const { lost = [] } = await mine.send(batch);
        replica.accepted(batch, lost);
        backoff.reset();
        await pause(BETWEEN_SENDS);
      } catch (problem) {
        await sendingFailed(mine, batch, problem);
      }
    }
    if (replica.isSettled) isOneByOne = false;
    if (sending === mine) sending = null;
  }

  async function sendingFailed(mine, batch, problem) {
    if (problem.temporary) {
      if (mine.isLive) await pause(problem.retryAfterMs ?? backoff.next());
    } else if (problem.code === 'CONFLICT') {
      await pause(backoff.next());
      if (mine === session) mine.open(); // its answer sets the clock right
    } else if (batch.length > 1 && problem.code !== 'FORBIDDEN') {
      isOneByOne = true;
    } else {
      if (problem.code === 'FORBIDDEN') writable.set(false);
      replica.refused(batch);
      fail(problem);
    }
  }

  const hooks = (isCurrent) => ({
    opening: () => isCurrent() && replica.opening(),
    opened(answer) {
      if (!isCurrent()) return;
      replica.opened(answer);
      writable.set(answer.writable === true);
      error.set(null);
      saved.set(replica.isSettled);
      ready.set(true);
    },
    told: (writes) => isCurrent() && (replica.receive(writes) || session?.open()),
    live: () => isCurrent() && send(),
    status: (word) => isCurrent() && status.set(word),
    failed: (problem) => isCurrent() && fail(problem),
    peers(all) {
      if (!isCurrent()) return;
      peers.set(all);
      peerPresence.set(new Map(all.map(({ id, data }) => [id, data])));
    },
  });

  function connect() {
    if (session !== null) return;
    const token = {};
    current = token;
    session = transport.connect(name, hooks(() => current === token), { presence: hasPresence });
    if (hasPresence) present();
    send();
  }

  function disconnect() {
    if (session === null) return;
    current = null;
    present.cancel();
    session.close();
    session = null;
    peers.set([]);
    peerPresence.set(new Map());
    status.set('disconnected');
  }

  let current = null;
  for (const field of initial.keys()) fieldSignal(field);
  if (keeper !== null) replica.adopt(keeper.load());

  const presence = () => own();
  presence.peek = own.peek;
  presence.subscribe = own.subscribe;
  presence.set = (next) => {
    if (next === null || typeof next !== 'object' || Array.isArray(next)) throw new TypeError(`a presence state is an object, not ${next}`);
    own.set({ ...next });
    if (session !== null && hasPresence) present();
  };
  presence.update = (change) => presence.set(change(own.peek()));

  return {
    name,
    state,
    field: (field) => fieldSignal(fieldName(field)).read,
    fields: () => names(),
    snapshot: () => Object.assign(Object.create(null), Object.fromEntries(names().map((field) => [field, fieldSignal(field).read()]))),
    connect,
    disconnect,
    status: () => status(),
    ready: () => ready(),
    saved: () => saved(),
    writable: () => writable(),
    error: () => error(),
    presence,
    peers: () => peers(),
    peerPresence: () => peerPresence(),
  };
}

function jsonOf(field, value) {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`the value of ${fieldName(field)} cannot be JSON: ${value}; remove() removes a field`);
  return parseJson(text);
}

function fieldName(field) {
  const isName = typeof field === 'string' && field.length > 0 && field.length <= 128 && !/[\u0000-\u001f\u007f]/.test(field);
  if (!isName) throw new TypeError(`not the name of a field: ${field}`);
  return field;
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
