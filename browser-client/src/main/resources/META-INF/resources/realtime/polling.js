import { effect, signal } from './signals.js';

const NOT_MODIFIED = 304;

/** Asks now and then every `interval` ms. */
export function createPoller(url, { interval = 5_000, ...options } = {}) {
  return poller(url, options, () => interval);
}

/** Asks more often while the answer changes, and less often while it does not. */
export function createAdaptivePoller(url, { start = 5_000, fastest = 1_000, slowest = 30_000, ...options } = {}) {
  const interval = signal(start);
  const next = (outcome) => {
    if (outcome === 'changed') interval.update((ms) => Math.max(fastest, ms / 2));
    else if (outcome === 'same') interval.update((ms) => Math.min(slowest, ms * 1.5));
    return interval.peek();
  };
  return { ...poller(url, options, next), interval };
}

/** Asks only while `shouldPoll` says so: looked at before every request, and whenever a signal changes that it reads. */
export function createConditionalPoller(url, shouldPoll, { interval = 5_000, ...options } = {}) {
  const polling = poller(url, { ...options, shouldPoll }, () => interval, false);
  const end = effect(() => {
    if (shouldPoll()) polling.refresh();
  });
  return {
    ...polling,
    stop() {
      end();
      polling.stop();
    },
  };
}

/** Follows something until it reaches its end: less often while the page is hidden, at once when it is seen again. */
export function createStatusPoller(url, options = {}) {
  const { visible = 10_000, hidden = 60_000, finals = ['delivered', 'failed', 'cancelled', 'refunded'], ...rest } = options;
  const { until = (data) => finals.includes(data?.status) } = options;
  const isHidden = () => document.visibilityState === 'hidden';
  const polling = poller(url, rest, () => (until(polling.data.peek()) ? null : isHidden() ? hidden : visible));
  const seen = () => {
    if (isHidden() || until(polling.data.peek())) return;
    polling.refresh();
  };
  document.addEventListener('visibilitychange', seen);
  addEventListener('focus', seen);
  return {
    ...polling,
    stop() {
      document.removeEventListener('visibilitychange', seen);
      removeEventListener('focus', seen);
      polling.stop();
    },
  };
}

/** One request after the other; `next(outcome)` gives the pause after each, null for the end. */
function poller(url, { fetch = (...request) => globalThis.fetch(...request), headers, shouldPoll = () => true }, next, begins = true) {
  const data = signal(null);
  const loading = signal(true);
  const error = signal(null);
  const aborted = new AbortController();
  let etag = null;
  let text = null;
  let timer = null;
  let asking = null;

  async function ask() {
    const conditional = etag === null ? {} : { 'If-None-Match': etag };
    // the browser's own cache would answer a 304 with the old body, and nobody could tell
    const answer = await fetch(url, { headers: { ...headers, ...conditional }, cache: 'no-store', signal: aborted.signal });
    if (answer.status === NOT_MODIFIED) return 'same';
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const body = await answer.text();
    const isChanged = body !== text;
    const value = isChanged ? JSON.parse(body) : null;
    etag = answer.headers.get('ETag');
    text = body;
    if (isChanged) data.set(value);
    return isChanged ? 'changed' : 'same';
  }

  async function turn() {
    let outcome;
    try {
      outcome = await ask();
      error.set(null);
      loading.set(false);
    } catch (problem) {
      outcome = 'failed';
      if (!aborted.signal.aborted) error.set(problem);
    }
    asking = null;
    if (aborted.signal.aborted) return;
    const ms = next(outcome);
    if (ms !== null) timer = setTimeout(refresh, ms);
  }

  /** Asks now; a request under way counts. */
  function refresh() {
    clearTimeout(timer);
    if (aborted.signal.aborted || !shouldPoll()) return Promise.resolve();
    asking ??= turn();
    return asking;
  }

  if (begins) refresh();
  return {
    data,
    loading,
    error,
    refresh,
    stop() {
      clearTimeout(timer);
      aborted.abort();
    },
  };
}
