import { createOfflineQueue } from '../realtime/offline.js';
import { passed, positionOf } from '../realtime/positions.js';
import { effect, signal } from '../realtime/signals.js';
import { ApiError } from './api.js';

const API = new URL('../api/', import.meta.url);
const PATH = /\/api\/(lists|todos)\/(\d+)(?:\/(\w+))?$/;

/** Writes to the to-do lists that work without a network: they wait in the browser, and are shown as if they were done. */
export class OfflineTodos {
  /** What waits, oldest first. */
  waiting = signal([]);
  #queue;
  #channel;
  #landed = new Set(); // ids of writes whose rows have come
  #on;

  /** @param on `decide(change, theirs)` whether ours is to count; `refused(result)`; `taken()` when all is saved */
  constructor(channel, on) {
    this.#channel = channel;
    this.#on = on;
    this.#queue = createOfflineQueue({
      onConflict: (mutation, problem) => this.#resolve(mutation, problem?.current),
      onResult: (result) => this.#settled(result),
      fetch: (...request) => this.#fetch(...request),
    });
    for (const event of ['INSERT', 'UPDATE', 'DELETE']) {
      channel.on(event, ({ cause }) => cause && this.#landed.add(cause.replace(/:resolved$/, '')));
    }
    effect(() => {
      this.#queue.pending();
      this.#read();
    });
  }

  async #read() {
    const all = await this.#queue.getAll();
    this.waiting.set(all.map(({ body, ...mutation }) => ({ ...mutation, body: JSON.parse(body) })));
  }

  /** Answers what the server did, or `{ queued: true }`. */
  async write(method, path, body) {
    try {
      return await this.#queue.write(new URL(path, API), { method, body });
    } catch (error) {
      throw error.status ? new ApiError(error.status, error.data ?? {}) : error;
    }
  }

  /** Deletes a row, or takes one back that was never sent. */
  remove(row) {
    return row.version === 0 ? this.#queue.remove(row.mutation) : this.write('DELETE', `todos/${row.id}`);
  }

  /** A write counts as done when its row is here: nothing flickers in between. */
  async #fetch(url, options) {
    const answer = await fetch(url, options);
    const position = positionOf(answer, this.#channel.topic);
    if (answer.ok && position) await passed(this.#channel, position, { within: 3000 });
    return answer;
  }

  async #resolve({ body }, theirs) {
    const { was, baseVersion, ...change } = body ?? {};
    if (!theirs || !was) return undefined;
    const isOther = (name) => theirs[name] !== was[name] && theirs[name] !== change[name];
    const isMine = !Object.keys(change).some(isOther) || (await this.#on.decide(change, theirs));
    return isMine ? { ...change, was: { text: theirs.text, done: theirs.done }, baseVersion: theirs.version } : undefined;
  }

  async #settled(result) {
    if (result.status === 'error') {
      if (!/^HTTP 4/.test(result.reason) || /^HTTP (401|408|425|429)$/.test(result.reason)) return; // tried again
      this.#on.refused(result);
      await this.#queue.remove(result.id);
    } else if ((await this.#queue.getAll()).length === 0) {
      this.#on.taken();
    }
  }

  /** The rows of a list as they will be when everything that waits is done. */
  shown(rows, listId) {
    let all = rows;
    for (const mutation of this.waiting()) {
      if (!this.#landed.has(mutation.id)) all = apply(all, mutation, listId);
    }
    return all;
  }
}

function apply(all, { id, url, method, body }, listId) {
  const [, kind, target, action] = PATH.exec(url) ?? [];
  const number = Number(target);
  if (kind === 'lists') {
    if (action !== 'todos' || number !== listId) return all;
    return [...all, { id: `new-${id}`, mutation: id, list_id: listId, text: body.text, done: false, version: 0, waiting: true }];
  }
  const row = all.find((each) => each.id === number);
  if (!row) return all;
  const others = all.filter((each) => each !== row);
  if (method === 'DELETE') return others;
  if (action === 'move') {
    const place = others.findIndex((each) => each.id === body.after) + 1;
    return [...others.slice(0, place), { ...row, waiting: true }, ...others.slice(place)];
  }
  const { text = row.text, done = row.done } = body;
  return all.map((each) => (each === row ? { ...row, text, done, waiting: true } : each));
}
