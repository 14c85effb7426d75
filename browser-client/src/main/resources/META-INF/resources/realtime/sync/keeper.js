import { warn } from '../client/errors.js';
import { randomReplica } from './clock.js';

const PREFIX = 'tidewire-sync';

/**
 * Keeps the unanswered writes of a document in the browser, so that they survive the page. Every page has an entry of
 * its own and takes over those of pages that are gone; if one of those is still there, both send the same, which does
 * no harm.
 */
export class Keeper {
  #prefix;
  #key;
  #found = new Map(); // key of another page → its text
  #isScheduled = false;

  /** @param owner whose writes: nobody else's are taken over */
  constructor(name, owner) {
    this.#prefix = JSON.stringify([PREFIX, name, String(owner)]);
    this.#key = this.#prefix + randomReplica();
  }

  /** What other pages have left. */
  load() {
    const writes = [];
    this.#guarded(() => {
      for (let i = 0; i < this.#storage.length; i++) {
        const key = this.#storage.key(i);
        if (!key.startsWith(this.#prefix)) continue;
        const text = this.#storage.getItem(key);
        this.#found.set(key, text);
        writes.push(...JSON.parse(text));
      }
    });
    return writes;
  }

  /** Keeps what `unanswered` gives at the end of the turn. */
  save(unanswered) {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#guarded(() => this.#store(unanswered()));
    });
  }

  // a browser may refuse even to be asked for it
  get #storage() {
    return globalThis.localStorage;
  }

  #store(writes) {
    if (writes.length > 0) this.#storage.setItem(this.#key, JSON.stringify(writes));
    else this.#storage.removeItem(this.#key);
    // what was taken over is in this page's entry now, or answered
    for (const [key, text] of this.#found) if (this.#storage.getItem(key) === text) this.#storage.removeItem(key);
    this.#found.clear();
  }

  #guarded(action) {
    try {
      action();
    } catch (error) {
      warn('unsaved changes of a document cannot be kept for the next visit', error);
    }
  }
}
