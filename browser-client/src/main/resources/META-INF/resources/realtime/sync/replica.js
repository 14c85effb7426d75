import { HybridClock, parseStamp, randomReplica } from './clock.js';
import { byStamp, FieldMap, isRemoval } from './field-map.js';

const MAX_REMOVALS = 2_000;

/**
 * This page's copy of a document: what the server has told, and on top of it what was written here and the server has
 * not answered yet. The server's word on a write is final, so every copy becomes what the server has.
 */
export class Replica {
  #name = randomReplica();
  #changed;
  #millis;
  #asked = 0; // when the document was asked for
  #ahead = 0; // the server's clock, minus this one
  #clock = this.#newClock();
  #base = new FieldMap();
  #own = new Map(); // field → write
  #early = null; // writes told before the document itself; null where that is known

  /** @param changed called with the name of every field whose last write is another one */
  constructor(changed, millis = Date.now) {
    this.#changed = changed;
    this.#millis = millis;
  }

  #newClock() {
    return new HybridClock(this.#name, () => this.#millis() + this.#ahead);
  }

  /** Whether the server has answered everything. */
  get isSettled() {
    return this.#own.size === 0;
  }

  /** The last write of a field, perhaps a removal; undefined if there is none. */
  get(field) {
    const own = this.#own.get(field);
    const known = this.#base.get(field);
    return own === undefined || known?.at > own.at ? known : own;
  }

  /** The fields that have a value. */
  fields() {
    const names = new Set([...this.#base.writes(), ...this.#own.values()].map(({ field }) => field));
    return [...names].filter((field) => !isRemoval(this.get(field)));
  }

  /** Writes a field; undefined removes it. */
  write(field, value) {
    const at = this.#clock.next();
    this.#own.set(field, value === undefined ? { field, at } : { field, at, value });
    this.#changed(field);
  }

  /** What the server has not answered yet. */
  unanswered() {
    return [...this.#own.values()];
  }

  /** Takes over what an earlier page could not send. */
  adopt(writes) {
    for (const write of writes) {
      if (typeof write?.field !== 'string' || parseStamp(write.at) === null) continue;
      this.#clock.observe(write.at);
      if (!(this.#own.get(write.field)?.at > write.at)) this.#own.set(write.field, write);
      this.#changed(write.field);
    }
  }

  /** The document is asked for: what is told from here on belongs on top of the answer. */
  opening() {
    this.#early = [];
    this.#asked = this.#millis();
  }

  /** Takes the document as the server has it. */
  opened({ writes, floor = '', now, drift }) {
    const before = this.#base;
    const early = this.#early ?? [];
    this.#base = new FieldMap(writes, floor);
    for (const write of early) this.#base.merge(write);
    this.#early = null;
    this.#setClock(now, drift);
    for (const { field } of [...before.writes(), ...this.#base.writes()]) {
      if (before.get(field)?.at !== this.#base.get(field)?.at) this.#changed(field);
    }
  }

  // What was written under a clock that is too far ahead is refused, so nobody has it: it gets stamps that are not.
  #setClock(now, drift) {
    const half = (this.#millis() - this.#asked) / 2;
    const ahead = now - this.#asked - half; // the answer was given at some time in between: so exactly, not more
    this.#ahead = Math.abs(ahead) > half ? Math.round(ahead) : 0;
    this.#clock = this.#newClock();
    for (const { at } of this.#base.writes()) this.#clock.observe(at);
    const own = this.unanswered().sort(byStamp);
    if (own.some(({ at }) => parseStamp(at).time > now + drift)) {
      for (const write of own) this.#own.set(write.field, { ...write, at: this.#clock.next() });
    } else {
      for (const { at } of own) this.#clock.observe(at);
    }
  }

  /** Takes writes that the server has told; returns false where the document should be asked for again. */
  receive(writes) {
    for (const write of writes) {
      if (typeof write?.field !== 'string' || parseStamp(write.at) === null) throw new TypeError('a write has a field and a stamp');
      this.#clock.observe(write.at);
      if (this.#early !== null) this.#early.push(write);
      else if (this.#take(write)) this.#changed(write.field);
    }
    // the server forgets most of what was removed; so does this page, by asking again
    return this.#base.size < MAX_REMOVALS || this.#base.removals < MAX_REMOVALS;
  }

  // what the server tells of a field that is not known here is new, whatever the floor says
  #take(write) {
    const verdict = this.#base.merge(write);
    if (verdict === 'forgotten') this.#base.force(write);
    return verdict === 'newer' || verdict === 'forgotten';
  }

  /** Own writes to send, the oldest first, of about so many characters of JSON. */
  batch(maxCount, maxChars) {
    const batch = [];
    let chars = 0;
    for (const write of this.unanswered().sort(byStamp)) {
      chars += JSON.stringify(write).length;
      if (batch.length > 0 && (chars > maxChars || batch.length >= maxCount)) break;
      batch.push(write);
    }
    return batch;
  }

  /** The server has stored these, but for the fields that it had later writes of. */
  accepted(batch, lost) {
    for (const write of batch) {
      this.#settle(write);
      if (!lost.includes(write.field)) this.#take(write);
      this.#changed(write.field);
    }
  }

  /** The server will not have these: what it has shows again. */
  refused(batch) {
    for (const write of batch) {
      this.#settle(write);
      this.#changed(write.field);
    }
  }

  #settle({ field, at }) {
    if (this.#own.get(field)?.at === at) this.#own.delete(field);
  }
}
