/**
 * Calls `tick` about every `ms` while the page is hidden, from a worker's timer, which is not slowed down there. Where
 * a worker is not to be had nothing is called. Returns a function that ends it.
 */
export function whileHidden(ms, tick) {
  const page = globalThis.document;
  if (page === undefined || typeof Worker !== 'function') return () => {};
  let worker = null;
  const stop = () => {
    worker?.terminate();
    worker = null;
  };
  const changed = () => {
    stop();
    if (page.visibilityState !== 'hidden') return;
    try {
      worker = new Worker(new URL('./ticker.js', import.meta.url));
      worker.onmessage = tick;
      worker.onerror = stop;
      worker.postMessage(ms);
    } catch {
      // modules of another origin may start no worker; the page's own timers go on, late as they are
    }
  };
  page.addEventListener('visibilitychange', changed);
  changed();
  return () => {
    page.removeEventListener('visibilitychange', changed);
    stop();
  };
}
