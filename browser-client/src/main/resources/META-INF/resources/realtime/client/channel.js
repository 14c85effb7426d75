import { RealtimeError } from './errors.js';
import { guarded } from './listeners.js';
import { ROWS } from './subscription.js';
import { uuid } from './uuid.js';

/** A named stream as the page uses it: listen, publish, be present, read the history. */
export class Channel {
  #connection;
  #listeners;
  #subscription;

  constructor(topic, connection, listeners, subscription) {
    this.topic = topic;
    this.#connection = connection;
    this.#listeners = listeners;
    this.#subscription = subscription;
  }

  get ready() {
    return this.#subscription.ready.then(() => this);
  }

  get members() {
    return this.#subscription.members?.data ?? new Map();
  }

  get position() {
    return this.#subscription.position;
  }

  on(event, callback) {
    this.#listeners.add(event, callback);
    this.#subscription.changed();
    if (event === 'presence:join' || event === '*') this.#introduce(event, callback);
    return this;
  }

  // who listens late hears of those who are already there
  #introduce(event, callback) {
    const joins = this.#subscription.members?.joins() ?? [];
    if (joins.length === 0) return;
    queueMicrotask(() => {
      for (const join of joins) {
        if (this.#listeners.has(event, callback)) guarded(callback, join);
      }
    });
  }

  off(event, callback) {
    this.#listeners.remove(event, callback);
    return this;
  }

  [ROWS]() {
    this.#subscription.askRows();
  }

  subscribe() {
    this.#subscription.start();
    return this;
  }

  unsubscribe() {
    this.#listeners.clear();
    this.#subscription.stop();
    return this;
  }

  async publish(event, data = null, { persist, echo, key = uuid() } = {}) {
    this.#subscription.flush(); // a subscribe of the same turn comes first, as it was written
    try {
      return await this.#connection.ask({ type: 'publish', topic: this.topic, event, data, persist, key, echo }, (ack) => {
        if (echo === false) this.#subscription.skip(ack.position, ack.prev);
      });
    } catch (error) {
      error.key = key;
      throw error;
    }
  }

  track(state) {
    if (state === undefined) throw new TypeError('track needs a state; to leave, use untrack');
    return this.#present(state);
  }

  untrack() {
    return this.#present(undefined);
  }

  #present(state) {
    this.#subscription.tracking.set(state);
    this.#subscription.changed();
    return this;
  }

  async getHistory(limit, before, { order = 'asc' } = {}) {
    const frame = { type: 'history', topic: this.topic, limit, before: Array.isArray(before) ? oldest(before, order)?.id : before };
    for (;;) {
      await this.#connection.whenLive();
      try {
        const { messages } = await this.#connection.ask(frame);
        return order === 'desc' ? messages.reverse() : messages;
      } catch (error) {
        if (!error.sent) throw error; // lost with the connection: reading again does no harm
      }
    }
  }
}

function oldest(page, order) {
  const first = page[0];
  const last = page[page.length - 1];
  if (first?.created_at === last?.created_at) return order === 'desc' ? last : first;
  return first.created_at < last.created_at ? first : last;
}
