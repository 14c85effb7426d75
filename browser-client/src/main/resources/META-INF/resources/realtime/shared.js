import { createRealtime } from './client.js';

/**
 * A client whose connection is shared by all tabs of this site that ask for the same: same address, same token, same
 * `as`. Where the browser has no shared workers it has a connection of its own.
 */
export function createSharedRealtime({ as = '', token, transports, WebSocket = globalThis.WebSocket, ...options } = {}) {
  let known = token; // the one that the next connection opens with
  let isAlone = typeof SharedWorker !== 'function';
  const remembering = (source) => {
    if (source === undefined) return undefined;
    return async () => (known = await (typeof source === 'function' ? source() : source));
  };

  class Shared {
    constructor(url) {
      if (isAlone) return new WebSocket(url);
      const name = JSON.stringify([url, known ?? null, as]);
      return new TabSocket(url, name, transports, () => (isAlone = true));
    }
  }

  const realtime = createRealtime({ ...options, token: remembering(token), transports: ['websocket'], WebSocket: Shared });
  const setToken = realtime.setToken.bind(realtime);
  realtime.setToken = (next) => setToken(remembering(next));
  return realtime;
}

/** A WebSocket's face for one tab of a hub. */
class TabSocket {
  readyState = 0;
  onopen = null;
  onmessage = null;
  onclose = null;
  #port;

  constructor(url, name, transports = ['websocket', 'sse', 'poll'], becomeAlone) {
    const worker = new SharedWorker(new URL('./client/hub.js', import.meta.url), { type: 'module', name });
    this.#port = worker.port;
    worker.onerror = () => {
      becomeAlone();
      this.#end(1006, 'the worker cannot be started');
    };
    this.#port.onmessage = ({ data: { opened, text, closed, alone } }) => {
      if (this.readyState > 1) return;
      if (opened) {
        this.readyState = 1;
        this.onopen?.({});
      } else if (text !== undefined) {
        this.onmessage?.({ data: text });
      } else if (alone) {
        becomeAlone();
        this.#end(1012, 'this tab wants other rows of a table than the others: it goes on alone');
      } else if (closed) {
        this.#end(closed.code, closed.reason);
      }
    };
    this.#port.postMessage({ begin: { url, transports } });
    addEventListener('pagehide', this.#hidden);
  }

  #hidden = () => {
    this.close();
    this.onclose?.({ code: 1006, reason: 'the page was left' });
  };

  send(text) {
    this.#port.postMessage({ text });
  }

  close() {
    if (this.readyState > 1) return;
    this.#port.postMessage({ bye: true });
    this.#stop();
  }

  #end(code, reason) {
    this.#stop();
    this.onclose?.({ code, reason });
  }

  #stop() {
    this.readyState = 3;
    removeEventListener('pagehide', this.#hidden);
    // the port is left open: its last word may be on its way
  }
}
