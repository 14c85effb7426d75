import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { createSync } from 'tidewire/sync';
import { effect } from 'tidewire/signals';
import { FieldMap, isRemoval } from '../../main/resources/META-INF/resources/realtime/sync/field-map.js';
import { formatStamp, parseStamp } from '../../main/resources/META-INF/resources/realtime/sync/clock.js';

const SEED = Number(process.env.SYNC_SEED ?? Math.floor(Math.random() * 2 ** 32));
const EDITS = Number(process.env.SYNC_EDITS ?? 3_000);
const DRIFT = 60_000;

/** The same numbers for the same seed. */
function random(seed) {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

const refusal = (code, temporary = false) => Object.assign(new Error(code), { code, temporary });

/** What the server does with a document, and a network that the test drives. */
class Hub {
  map = new FieldMap();
  sessions = new Set();
  now = () => Date.now();
  keepRemovals = 1_000;
  refuse = () => null;

  transport() {
    return { connect: (name, hooks) => new Link(this, hooks) };
  }

  answer(writes) {
    const problem = this.refuse(writes) ?? (writes.some(({ at }) => parseStamp(at).time > this.now() + DRIFT) ? refusal('CONFLICT') : null);
    if (problem) throw problem;
    const told = [];
    const lost = [];
    for (const write of JSON.parse(JSON.stringify(writes))) {
      const verdict = this.map.merge(write);
      if (verdict === 'older' || verdict === 'forgotten') lost.push(write.field);
      else told.push(this.map.get(write.field));
    }
    this.map.purge(this.keepRemovals, 0);
    for (const session of this.sessions) session.arriving.push(() => session.hooks.told(structuredClone(told)));
    return { lost };
  }

  fields() {
    return Object.fromEntries(this.map.writes().filter((write) => !isRemoval(write)).map(({ field, value }) => [field, value]));
  }
}

class Link {
  isLive = false;
  arriving = []; // what the server has sent
  leaving = []; // what it was sent
  isSubscribed = false;

  constructor(hub, hooks) {
    this.hub = hub;
    this.hooks = hooks;
    hub.sessions.add(this);
    this.up();
  }

  up() {
    this.isUp = true;
    this.hooks.status('connected');
    this.open();
  }

  open() {
    this.isLive = false;
    this.hooks.opening();
    const { map } = this.hub;
    this.leaving.push(() => {
      const answer = { writes: structuredClone(map.writes()), floor: map.floor || undefined, now: this.hub.now(), drift: DRIFT, writable: true };
      this.arriving.push(() => {
        this.hooks.opened(answer);
        this.isLive = true;
        this.hooks.live();
      });
    });
  }

  send(writes) {
    return new Promise((resolve, reject) => {
      this.unanswered = reject;
      this.leaving.push(() => {
        let settle;
        try {
          const answer = this.hub.answer(writes);
          settle = () => resolve(answer);
        } catch (error) {
          settle = () => reject(error);
        }
        this.arriving.push(settle);
      });
    });
  }

  /** Loses what is on its way, in both directions. */
  down() {
    this.isUp = this.isLive = false;
    this.arriving = [];
    this.leaving = [];
    this.hooks.status('reconnecting');
    this.unanswered?.(refusal('UNAVAILABLE', true));
  }

  pass() {
    (this.leaving.shift() ?? this.arriving.shift())?.();
  }

  get isQuiet() {
    return this.leaving.length + this.arriving.length === 0;
  }

  track() {}

  close() {
    this.hub.sessions.delete(this);
    this.isLive = false;
  }
}

const turn = () => new Promise(setImmediate);

async function settle(hub) {
  for (let round = 0; round < 2_000; round++) {
    for (const session of hub.sessions) {
      if (!session.isUp) session.up();
      while (!session.isQuiet) session.pass();
    }
    mock.timers.tick(1_000);
    await turn();
    await turn();
    if (round > 5 && [...hub.sessions].every((session) => session.isQuiet)) return;
  }
  assert.fail('it never settles');
}

function world(t) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_760_000_000_000 });
  t.after(() => mock.timers.reset());
  return new Hub();
}

test('fields are signals that everybody shares', async (t) => {
  const hub = world(t);
  const [a, b] = ['a', 'b'].map(() => createSync('doc', { title: 'Untitled', content: '' }, { transport: hub.transport() }));
  const seen = [];
  effect(() => void seen.push(b.state.title()));
  assert.equal(a.saved(), true);
  a.connect();
  b.connect();
  await settle(hub);
  assert.deepEqual(hub.fields(), {}, 'what a page begins with is not written');
  a.state.title.set('Hello');
  assert.equal(a.state.title(), 'Hello');
  assert.equal(a.saved(), false);
  await settle(hub);
  assert.equal(a.saved(), true);
  assert.deepEqual(seen, ['Untitled', 'Hello']);
  a.field('comment:1').set({ text: 'x' });
  await settle(hub);
  assert.deepEqual(b.fields().sort(), ['comment:1', 'content', 'title']);
  assert.deepEqual(b.state['comment:1'](), { text: 'x' });
  b.state.title.remove();
  b.field('comment:1').remove();
  await settle(hub);
  assert.equal(a.state.title(), 'Untitled');
  assert.deepEqual({ ...a.snapshot() }, { title: 'Untitled', content: '' });
});

test('what was written offline is merged on return', async (t) => {
  const hub = world(t);
  const [a, b] = ['a', 'b'].map(() => createSync('doc', { title: '', text: '' }, { transport: hub.transport() }));
  a.connect();
  b.connect();
  await settle(hub);
  a.disconnect();
  a.state.title.set('of a');
  a.state.text.set('of a');
  mock.timers.tick(10);
  b.state.text.set('of b, later');
  await settle(hub);
  a.connect();
  await settle(hub);
  for (const doc of [a, b]) assert.deepEqual({ ...doc.snapshot() }, { title: 'of a', text: 'of b, later' });
});

test('refused write is rolled back and told, the others of its turn are not', async (t) => {
  const hub = world(t);
  const errors = [];
  const doc = createSync('doc', { a: 0, b: 0 }, { transport: hub.transport(), onError: ({ code }) => errors.push(code) });
  doc.connect();
  doc.state.b.set(1);
  await settle(hub);
  hub.refuse = (writes) => (writes.some(({ field }) => field === 'b') ? refusal('TOO_LARGE') : null);
  doc.state.a.set(2);
  doc.state.b.set(2);
  assert.equal(doc.state.b(), 2);
  await settle(hub);
  assert.deepEqual([doc.state.a(), doc.state.b(), doc.saved()], [2, 1, true]);
  assert.deepEqual(errors, ['TOO_LARGE']);
  hub.refuse = () => refusal('FORBIDDEN');
  doc.state.a.set(3);
  await settle(hub);
  assert.deepEqual([doc.state.a(), doc.writable(), doc.error().code], [2, false, 'FORBIDDEN']);
});

test('what was not sent is kept for the next page of the same user', async (t) => {
  const hub = world(t);
  const entries = new Map();
  globalThis.localStorage = {
    get length() { return entries.size; },
    key: (i) => [...entries.keys()][i],
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, text) => void entries.set(key, text),
    removeItem: (key) => void entries.delete(key),
  };
  t.after(() => delete globalThis.localStorage);
  const page = (persist, name = 'doc') => createSync(name, { title: 'Untitled' }, { transport: hub.transport(), persist });
  const first = page('ada');
  first.state.title.set('not sent');
  first.field('gone').remove();
  await turn();
  assert.equal(entries.size, 1);
  for (const other of [page('bob'), page('ada', 'doc2')]) assert.equal(other.state.title(), 'Untitled');
  const next = page('ada');
  assert.deepEqual([next.state.title(), next.saved()], ['not sent', false]);
  next.connect();
  await settle(hub);
  assert.deepEqual(hub.fields(), { title: 'not sent' });
  assert.equal(entries.size, 0);
  assert.equal(page('ada').state.title(), 'Untitled');
  first.connect();
  await settle(hub);
  assert.deepEqual(hub.fields(), { title: 'not sent' });
});

const YEAR = 365 * 86_400_000;

test('clock that is a year ahead does not win for ever', async (t) => {
  const hub = world(t);
  hub.now = () => Date.now() - YEAR;
  const doc = createSync('doc', {}, { transport: hub.transport() });
  doc.field('f').set('offline');
  doc.field('g').set('offline, later');
  doc.connect();
  await settle(hub);
  assert.deepEqual(hub.fields(), { f: 'offline', g: 'offline, later' });
  assert.ok(hub.map.get('f').at < hub.map.get('g').at);
  assert.ok(parseStamp(hub.map.get('g').at).time <= hub.now());
  doc.field('f').set('online');
  await settle(hub);
  assert.equal(hub.fields().f, 'online');
  const later = formatStamp({ time: hub.now() + 1, count: 0, replica: 'x' });
  assert.equal(hub.map.merge({ field: 'f', at: later, value: 'of somebody else' }), 'newer');
});

test('clock that goes wrong while connected is set right', async (t) => {
  const hub = world(t);
  const doc = createSync('doc', {}, { transport: hub.transport(), onError: assert.fail });
  doc.connect();
  await settle(hub);
  hub.now = () => Date.now() - YEAR; // the same as: this page's clock jumped
  doc.field('f').set('still here');
  await settle(hub);
  assert.equal(hub.fields().f, 'still here');
  assert.ok(parseStamp(hub.map.get('f').at).time <= hub.now());
});

test('clock that is a year behind does not lose for ever', async (t) => {
  const hub = world(t);
  hub.now = () => Date.now() + YEAR;
  hub.map.merge({ field: 'f', at: formatStamp({ time: hub.now(), count: 0, replica: 'x' }), value: 'of somebody else' });
  const doc = createSync('doc', {}, { transport: hub.transport() });
  doc.connect();
  await settle(hub);
  assert.equal(doc.field('f')(), 'of somebody else');
  doc.field('f').set('mine');
  await settle(hub);
  assert.equal(hub.fields().f, 'mine');
});

test('names are just names, values are what JSON says', async (t) => {
  const hub = world(t);
  const doc = createSync('doc', {}, { transport: hub.transport() });
  doc.connect();
  doc.field('__proto__').set({ polluted: true });
  doc.field('constructor').set([new Date(0), undefined, NaN]);
  await settle(hub);
  assert.equal({}.polluted, undefined);
  assert.deepEqual(doc.state['__proto__'](), { polluted: true });
  assert.deepEqual(doc.field('constructor')(), ['1970-01-01T00:00:00.000Z', null, null]);
  assert.throws(() => doc.field('x').set(undefined), TypeError);
  assert.throws(() => doc.field('x').set(() => {}), TypeError);
  for (const bad of ['', 'x'.repeat(129), 'a\u0000', 7]) assert.throws(() => doc.field(bad), TypeError);
  assert.throws(() => doc.presence.set(null), TypeError);
});

for (const keep of [1_000, 3]) {
  test(`ten pages on a bad network converge with the server, ${keep} removals remembered`, async (t) => {
    const pick = random(SEED);
    const hub = world(t);
    hub.keepRemovals = keep;
    const docs = Array.from({ length: 10 }, () => createSync('doc', {}, { transport: hub.transport(), presence: false }));
    for (const doc of docs) doc.connect();
    let drops = 0;
    for (let edit = 0; edit < EDITS; edit++) {
      const field = docs[pick(10)].field(`f${pick(30)}`);
      if (pick(5) > 0) field.set(edit);
      else field.remove();
      for (const session of hub.sessions) {
        if (!session.isUp) {
          if (pick(10) === 0) session.up();
        } else if (pick(100) === 0) {
          session.down();
          drops++;
        } else {
          for (let steps = pick(4); steps > 0; steps--) session.pass();
        }
      }
      mock.timers.tick(pick(60));
      if (pick(3) === 0) await turn();
    }
    await settle(hub);
    console.log(`sync: seed ${SEED}, 10 pages, ${EDITS} edits, ${drops} drops, ${hub.map.size} fields`);
    for (const doc of docs) {
      assert.equal(doc.saved(), true, `seed ${SEED}`);
      assert.deepEqual({ ...doc.snapshot() }, hub.fields(), `seed ${SEED}`);
    }
    for (const doc of docs) doc.disconnect();
  });
}
