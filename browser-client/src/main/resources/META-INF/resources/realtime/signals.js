import { guarded } from './client/listeners.js';

let running = null; // the effect that is running: what it reads, it depends on

/** A value that tells when it changes: `count()` reads, `count.set(1)` and `count.update((n) => n + 1)` write. */
export function signal(value) {
  const watchers = new Set();
  const read = () => {
    running?.reads(watchers);
    return value;
  };
  read.peek = () => value;
  read.set = (next) => {
    if (Object.is(next, value)) return;
    value = next;
    for (const watcher of [...watchers]) if (watchers.has(watcher)) watcher();
  };
  read.update = (change) => read.set(change(value));
  read.subscribe = (callback) => {
    const watcher = () => guarded(callback, value);
    watchers.add(watcher);
    return () => void watchers.delete(watcher);
  };
  return read;
}

const MAX_RUNS = 100;

/**
 * Runs `action` now and again whenever a signal changes that it has read. A function that it returns runs before the
 * next run and at the end. Returns a function that ends it.
 */
export function effect(action) {
  const sources = new Set();
  let cleanup;
  let isRunning = false;
  let isStale = false;
  let hasEnded = false;

  const forget = () => {
    for (const watchers of sources) watchers.delete(changed);
    sources.clear();
    if (typeof cleanup === 'function') guarded(cleanup);
    cleanup = undefined;
  };
  const once = () => {
    forget();
    const outer = running;
    running = {
      reads: (watchers) => {
        sources.add(watchers);
        watchers.add(changed);
      },
    };
    try {
      cleanup = action();
    } finally {
      running = outer;
    }
  };
  const changed = () => {
    isStale = true;
    if (isRunning || hasEnded) return; // what changes what it reads runs once more afterwards
    isRunning = true;
    for (let runs = 0; isStale && !hasEnded; runs++) {
      isStale = false;
      if (runs < MAX_RUNS) guarded(once);
      else console.error('[tidewire] stopped an effect that keeps changing what it reads', action);
    }
    isRunning = false;
    if (hasEnded) forget();
  };

  changed();
  return () => {
    hasEnded = true;
    if (!isRunning) forget();
  };
}
