import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatStamp, HybridClock, parseStamp } from '../../main/resources/META-INF/resources/realtime/sync/clock.js';
import { FieldMap, isRemoval } from '../../main/resources/META-INF/resources/realtime/sync/field-map.js';

// the server's tests read the same file
const vectors = JSON.parse(readFileSync('../realtime-core/src/test/resources/dev/tidewire/sync/vectors.json', 'utf8'));

const SEED = Number(process.env.SYNC_SEED ?? Math.floor(Math.random() * 2 ** 32));
const EDITS = Number(process.env.SYNC_EDITS ?? 5_000);

const fields = (map) => map.writes().filter((write) => !isRemoval(write)).map(({ field, value }) => [field, value]);
const sorted = (entries) => entries.sort(([a], [b]) => (a < b ? -1 : 1));

function* permutations(list) {
  if (list.length < 2) return yield list;
  for (let i = 0; i < list.length; i++) {
    for (const rest of permutations(list.toSpliced(i, 1))) yield [list[i], ...rest];
  }
}

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

test('stamps have one text form, ordered as they are', () => {
  for (const { text, ...parts } of vectors.stamps) {
    assert.deepEqual(parseStamp(text), parts);
    assert.equal(formatStamp(parts), text);
  }
  for (const text of vectors.notStamps) assert.equal(parseStamp(text), null, text);
  assert.deepEqual(vectors.ascending.toReversed().sort(), vectors.ascending);
});

for (const { name, replica, steps } of vectors.clocks) {
  test(`clock: ${name}`, () => {
    let time = 0;
    const clock = new HybridClock(replica, () => time);
    for (const { now = time, observe, next } of steps) {
      time = now;
      if (observe) clock.observe(observe);
      else assert.equal(clock.next(), next);
    }
  });
}

for (const { name, writes, ...expected } of vectors.merges) {
  test(`merge: ${name}`, () => {
    for (const order of permutations(writes)) {
      const map = new FieldMap([...order, order[0]]);
      if (expected.fields) assert.deepEqual(sorted(fields(map)), sorted(Object.entries(expected.fields)));
      else assert.deepEqual(sorted(fields(map)).map(([field]) => field), expected.names.toSorted());
    }
  });
}

for (const { name, steps, fields: expected } of vectors.purges) {
  test(`purge: ${name}`, () => {
    const map = new FieldMap();
    for (const { merge, verdict, purge, floor } of steps) {
      if (merge) {
        assert.equal(map.merge(merge), verdict, JSON.stringify(merge));
      } else {
        map.purge(purge.keep, purge.before);
        assert.equal(map.floor, floor);
      }
    }
    assert.deepEqual(sorted(fields(map)), sorted(Object.entries(expected)));
  });
}

test('ten replicas with wrong clocks converge, whatever arrives when and how often', () => {
  const pick = random(SEED);
  let now = 1_760_000_000_000;
  const replicas = Array.from({ length: 10 }, (_, i) => {
    const skew = pick(120_000) - 60_000;
    return { clock: new HybridClock(`r${i}`, () => now + skew), map: new FieldMap(), inbox: [] };
  });
  const receive = ({ clock, map }, write) => {
    clock.observe(write.at);
    map.merge(write);
  };
  let deliveries = 0;
  for (let edit = 0; edit < EDITS; edit++) {
    now += pick(4);
    const self = replicas[pick(10)];
    const field = `f${pick(40)}`;
    const before = self.map.get(field);
    const write = { field, at: self.clock.next(), ...(pick(5) > 0 && { value: edit }) };
    assert.equal(self.map.merge(write), 'newer', 'what is written in knowledge of another write is later');
    assert.ok(before === undefined || write.at > before.at);
    for (const other of replicas) if (other !== self) for (let copies = 1 + pick(2); copies > 0; copies--) other.inbox.push(write);
    for (const other of replicas) {
      while (other.inbox.length > 0 && pick(3) > 0) {
        receive(other, other.inbox.splice(pick(other.inbox.length), 1)[0]);
        deliveries++;
      }
    }
  }
  for (const replica of replicas) {
    deliveries += replica.inbox.length;
    for (const write of replica.inbox) receive(replica, write);
  }
  console.log(`sync: seed ${SEED}, 10 replicas, ${EDITS} edits, ${deliveries} deliveries`);
  const byName = ({ map }) => map.writes().sort((a, b) => (a.field < b.field ? -1 : 1));
  for (const replica of replicas) assert.deepEqual(byName(replica), byName(replicas[0]), `seed ${SEED}`);
});
