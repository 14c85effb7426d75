const MAX = 10_000;
const DROPPED_AT_ONCE = 5_000;

/** Remembers ids; the oldest half goes when there are too many. */
export class SeenIds {
  #ids = new Set();

  /** Adds an id; false if it was there. */
  add(id) {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > MAX) this.#ids = new Set([...this.#ids].slice(DROPPED_AT_ONCE));
    return true;
  }
}
