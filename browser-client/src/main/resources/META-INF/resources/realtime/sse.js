import { warn } from './client/errors.js';
import { parseJson } from './client/frames.js';
import { guarded } from './client/listeners.js';
import { signal } from './signals.js';

const CLOSED = 2;

/**
 * Listens to server-sent events of any endpoint. A connection that drops is reopened by the browser, which tells the
 * server the id of the last event; where the browser gives up, this tries again.
 */
export function createEventStream(url, handlers = {}, options = {}) {
  const { withCredentials = true, maxRetries = 10, reconnectDelay = 500, maxReconnectDelay = 30_000 } = options;
  const { lastIdParameter, onConnect = () => {}, onDisconnect = () => {}, onError = () => {} } = options;
  const connected = signal(false);
  const data = signal(null);
  const error = signal(null);
  let source = null;
  let timer = null;
  let retries = 0;
  let lastId = '';

  function open() {
    source = new EventSource(address(), { withCredentials });
    source.onopen = () => {
      retries = 0;
      connected.set(true);
      error.set(null);
      guarded(onConnect);
    };
    source.onerror = (event) => failed(event);
    for (const name of new Set(['message', ...Object.keys(handlers)])) {
      // an event of the server named `error` carries data; the browser's own has none
      source.addEventListener(name, (event) => event.data !== undefined && received(name, event));
    }
  }

  function address() {
    const target = new URL(url, globalThis.location?.href);
    if (lastIdParameter !== undefined && lastId !== '') target.searchParams.set(lastIdParameter, lastId);
    return target;
  }

  function received(name, event) {
    lastId = event.lastEventId;
    let value = event.data;
    try {
      value = parseJson(event.data);
    } catch (problem) {
      if (!Object.hasOwn(handlers, name)) {
        warn('an event is not JSON', event.data);
        error.set(problem);
        return;
      }
    }
    data.set(value);
    if (Object.hasOwn(handlers, name)) guarded(handlers[name], value);
  }

  function failed(event) {
    if (event.data !== undefined) return;
    error.set(new Error('SSE connection error'));
    guarded(onError, event);
    if (connected.peek()) {
      connected.set(false);
      guarded(onDisconnect);
    }
    if (source.readyState !== CLOSED) return; // the browser tries again
    if (retries >= maxRetries) return;
    timer = setTimeout(open, Math.min(reconnectDelay * 2 ** retries++, maxReconnectDelay));
  }

  open();
  return {
    connected,
    data,
    error,
    close() {
      clearTimeout(timer);
      source.onerror = null;
      source.close();
      if (!connected.peek()) return;
      connected.set(false);
      guarded(onDisconnect);
    },
  };
}
