import { parseStamp } from './clock.js';

/**
 * The fields of a document: of two writes `{ field, at, value }` of a field the one with the later stamp counts. So who
 * has seen the same writes, in whatever order and however often, has the same map. A write without `value` removes.
 */
export class FieldMap {
  #writes = new Map();
  #floor;

  constructor(writes = [], floor = '') {
    for (const write of writes) this.merge(write);
    this.#floor = floor; // a stamp: what is unknown and not later was perhaps removed by somebody
  }

  get floor() {
    return this.#floor;
  }

  /** What merging the write would do: it is `newer`, the `same`, `older`, or perhaps removed and `forgotten`. */
  judge({ field, at }) {
    const known = this.#writes.get(field);
    if (known === undefined) return at > (this.#floor ?? '') ? 'newer' : 'forgotten';
    return at > known.at ? 'newer' : at === known.at ? 'same' : 'older';
  }

  merge(write) {
    const verdict = this.judge(write);
    if (verdict === 'newer') this.#writes.set(write.field, write);
    return verdict;
  }

  get(field) {
    return this.#writes.get(field);
  }

  /** The last write of every field, removals too. */
  writes() {
    return [...this.#writes.values()];
  }

  /** Takes the write whatever is known. */
  force(write) {
    this.#writes.set(write.field, write);
  }

  get size() {
    return this.#writes.size;
  }

  /** Number of fields that are removed and remembered. */
  get removals() {
    return this.writes().filter(isRemoval).length;
  }

  /** Drops removals, the earliest first: those made before a time, and what is more than `keep`. */
  purge(keep, before) {
    const removals = this.writes().filter(isRemoval).sort(byStamp);
    let drop = Math.max(0, removals.length - keep);
    while (drop < removals.length && parseStamp(removals[drop].at).time < before) drop++;
    for (const { field, at } of removals.slice(0, drop)) {
      this.#writes.delete(field);
      if (at > this.#floor) this.#floor = at;
    }
    return drop;
  }
}

export const isRemoval = (write) => write.value === undefined;

export const byStamp = (a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0);
