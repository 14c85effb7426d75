import { Backoff } from './client/backoff.js';
import { guarded } from './client/listeners.js';
import { uuid } from './client/uuid.js';
import { signal } from './signals.js';

const STORE = 'queue';
const KEY_HEADER = 'Idempotency-Key';

/** Writes that wait for the network, kept in the browser's database: they survive a reload and are sent in order. */
export function createOfflineQueue({
  name = 'offline-mutations',
  onConflict = () => undefined,
  onResult = () => {},
  headers = () => ({}),
  fetch = (...request) => globalThis.fetch(...request),
  reconnectDelay = 1_000,
  maxReconnectDelay = 30_000,
} = {}) {
  const pending = signal(0);
  const backoff = new Backoff({ reconnectDelay, maxReconnectDelay, jitter: 0.2 });
  const others = typeof BroadcastChannel === 'function' ? new BroadcastChannel(`tidewire-${name}`) : null;
  const refused = new Set(); // ids that nothing waits behind: the server has said no
  let database = null;
  let syncing = null;
  let timer = null;
  let isClosed = false;

  function open() {
    database ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    }).catch((error) => {
      database = null;
      throw error;
    });
    return database;
  }

  /** Runs one transaction; it is on disk when the promise resolves. */
  async function transact(mode, action) {
    const transaction = (await open()).transaction(STORE, mode, { durability: 'strict' });
    return new Promise((resolve, reject) => {
      let result;
      transaction.oncomplete = () => resolve(result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
      action(transaction.objectStore(STORE), (value) => (result = value));
    });
  }

  async function getAll() {
    const all = await transact('readonly', (store, done) => (store.getAll().onsuccess = ({ target }) => done(target.result)));
    return all.sort((a, b) => a.timestamp - b.timestamp);
  }

  async function count() {
    const all = await getAll();
    if (!isClosed) pending.set(all.length);
    return all;
  }

  async function changed() {
    await count();
    others?.postMessage('changed');
  }

  async function enqueue(url, method, body, id = uuid()) {
    const mutation = { id, url: String(url), method, body: JSON.stringify(body ?? null), timestamp: 0, retryCount: 0 };
    await transact('readwrite', (store) => {
      store.getAll().onsuccess = ({ target }) => {
        // later than every one before, whatever the clock says: their order is that of their timestamps
        const newest = Math.max(0, ...target.result.map(({ timestamp }) => timestamp));
        mutation.timestamp = Math.max(Date.now(), newest + 1);
        store.put(mutation);
      };
    });
    await changed();
    return id;
  }

  async function remove(id) {
    await transact('readwrite', (store) => void store.delete(id));
    await changed();
  }

  async function incrementRetry(id) {
    await transact('readwrite', (store) => {
      store.get(id).onsuccess = ({ target }) => {
        if (target.result !== undefined) store.put({ ...target.result, retryCount: target.result.retryCount + 1 });
      };
    });
  }

  function send({ url, method }, body, key) {
    const own = typeof headers === 'function' ? headers() : headers;
    return fetch(url, { method, headers: { 'Content-Type': 'application/json', ...own, [KEY_HEADER]: key }, body });
  }

  async function settle(mutation) {
    const { id, url, method, body } = mutation;
    let answer = await send(mutation, body, id);
    if (answer.status === 409) {
      const serverData = await answer.json().catch(() => null);
      const mine = await onConflict({ id, url, method, body: JSON.parse(body) }, serverData);
      if (mine === undefined) return { id, status: 'conflict', serverData };
      answer = await send(mutation, JSON.stringify(mine), `${id}:resolved`); // another request: with a key of its own
      if (answer.ok) return { id, status: 'conflict', serverData };
    }
    if (answer.ok) return { id, status: 'ok' };
    return { id, status: 'error', reason: `HTTP ${answer.status}`, isTemporary: isTemporary(answer.status) };
  }

  async function step(mutation) {
    let result;
    try {
      result = await settle(mutation);
    } catch (error) {
      result = { id: mutation.id, status: 'error', reason: String(error), isTemporary: true };
    }
    const { isTemporary: stops = false, ...told } = result;
    if (told.status === 'error' && !stops) refused.add(mutation.id);
    if (told.status === 'error') await incrementRetry(mutation.id);
    else await remove(mutation.id);
    guarded(onResult, told);
    return { told, stops };
  }

  async function run() {
    const results = [];
    const tried = new Set();
    for (;;) {
      const next = (await count()).find(({ id }) => !tried.has(id)); // those that came meanwhile too
      if (next === undefined || isClosed) break;
      tried.add(next.id);
      const { told, stops } = await step(next);
      results.push(told);
      if (stops) {
        retryLater(); // those behind it may build on it: they wait
        return results;
      }
    }
    backoff.reset();
    return results;
  }

  function retryLater() {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(syncSoon, backoff.next());
  }

  /** Sends what waits, one tab at a time. */
  function sync() {
    clearTimeout(timer);
    syncing ??= (navigator.locks ? navigator.locks.request(`tidewire-${name}`, run) : run()).finally(() => (syncing = null));
    return syncing;
  }

  /** Syncs where nobody waits for the outcome. */
  function syncSoon() {
    if (isClosed || navigator.onLine === false) return;
    const under = syncing ?? Promise.resolve();
    under.then(sync, sync).catch(reported);
  }

  function reported(error) {
    if (!isClosed) console.error(`[tidewire] cannot sync ${name}:`, error);
  }

  async function write(url, { method = 'POST', body } = {}) {
    const id = uuid();
    // behind those that wait already
    const waits = navigator.onLine === false || (await count()).some((mutation) => !refused.has(mutation.id));
    if (!waits) {
      let answer = null;
      let text;
      try {
        answer = await send({ url, method }, JSON.stringify(body ?? null), id);
        text = await answer.text();
      } catch {
        answer = null; // the network is gone though the browser has not noticed
      }
      if (answer?.ok) return parsed(text);
      if (answer !== null && !isTemporary(answer.status)) {
        throw Object.assign(new Error(`the write was refused: ${answer.status}`), { status: answer.status, data: parsed(text) });
      }
    }
    await enqueue(url, method, body, id);
    if (waits) syncSoon();
    else retryLater();
    return { queued: true, id };
  }

  if (others) others.onmessage = () => count().catch(reported);
  globalThis.addEventListener('online', syncSoon);
  count().then((all) => all.length > 0 && syncSoon(), reported);

  return {
    pending,
    write,
    enqueue,
    getAll,
    remove,
    incrementRetry,
    sync,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      globalThis.removeEventListener('online', syncSoon);
      others?.close();
      await syncing?.catch(() => {});
      (await database)?.close();
    },
  };
}

function parsed(text) {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}

/** Whether the same request may succeed later, as it is. */
function isTemporary(status) {
  return status >= 500 || status === 401 || status === 408 || status === 425 || status === 429;
}
