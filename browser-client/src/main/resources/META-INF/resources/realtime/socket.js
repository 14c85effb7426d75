import { Backoff } from './client/backoff.js';
import { warn } from './client/errors.js';
import { parseJson } from './client/frames.js';
import { Heartbeat } from './client/heartbeat.js';
import { Listeners } from './client/listeners.js';
import { SeenIds } from './client/seen-ids.js';
import { signal } from './signals.js';

const DEFAULTS = {
  autoReconnect: true,
  maxRetries: 10,
  reconnectDelay: 1_000,
  maxReconnectDelay: 30_000,
  jitter: 0.2,
  pingInterval: 0,
  pongTimeout: 5_000,
  dedupe: false,
};
const WORDS = { connecting: 'connecting', connected: 'open', reconnecting: 'error' };
const WAKE_EVENTS = ['online', 'pageshow', 'visibilitychange'];
const OPEN = 1;

const isFinal = (code) => code === 1000 || code === 4001 || (code >= 4500 && code <= 4999);

/** Opens a WebSocket to any endpoint that speaks JSON, and opens it again when it is lost. */
export function createSocket(url, options = {}) {
  const { autoReconnect, maxRetries, pingInterval, pongTimeout, dedupe, ...delays } = { ...DEFAULTS, ...options };
  const listeners = new Listeners();
  const backoff = new Backoff(delays);
  const seenIds = new SeenIds();
  const state = signal({ status: 'idle', attempt: 0, lastError: null });
  const word = signal('closed');
  const data = signal(null);
  const error = signal(null);
  let socket = null;
  let heartbeat = null;
  let timer = null;
  let turn = 0; // of two attempts to open, the later one counts

  function become(status, lastError = null) {
    state.set({ status, attempt: backoff.attempt, lastError });
    word.set(WORDS[status] ?? 'closed');
  }

  async function open() {
    clearTimeout(timer);
    timer = null;
    const mine = ++turn;
    if (state.peek().status !== 'reconnecting') become('connecting');
    WAKE_EVENTS.forEach((name) => addEventListener(name, wake));
    try {
      const address = webSocketUrl(typeof url === 'function' ? await url() : url);
      if (mine !== turn) return;
      socket = new WebSocket(address, options.protocols ?? []);
    } catch (problem) {
      if (mine === turn) lost(1006, String(problem));
      return;
    }
    socket.onopen = opened;
    socket.onmessage = (event) => received(event.data);
    socket.onclose = ({ code, reason }) => lost(code, reason);
  }

  function opened() {
    backoff.reset();
    error.set(null);
    if (pingInterval > 0) {
      heartbeat = new Heartbeat(pingInterval, pongTimeout, () => send({ type: 'ping' }), () => drop(4000, 'Ping timeout', lost));
    }
    become('connected');
    listeners.emit('open');
  }

  function received(text) {
    heartbeat?.alive();
    for (const message of parse(text)) {
      if (heartbeat !== null && message?.type === 'pong') continue;
      if (dedupe && message?.id !== undefined && !seenIds.add(message.id)) continue;
      data.set(message);
      listeners.emit('message', message);
    }
  }

  function parse(text) {
    try {
      return [parseJson(text)];
    } catch (problem) {
      const lines = typeof text === 'string' ? text.split('\n').filter((line) => line.trim() !== '') : [];
      try {
        if (lines.length > 1) return lines.map(parseJson);
      } catch {
        // then it is no list of messages either
      }
      warn('ignored a message that is not JSON', text);
      error.set(problem);
      return [];
    }
  }

  function drop(code, reason, then) {
    turn++;
    clearTimeout(timer);
    timer = null;
    heartbeat?.stop();
    heartbeat = null;
    const old = socket;
    socket = null;
    if (old !== null) {
      old.onopen = old.onmessage = old.onclose = null;
      if (old.readyState <= OPEN) old.close(code, reason);
    }
    then?.(code, reason);
  }

  function lost(code, reason) {
    const wasOpen = state.peek().status === 'connected';
    drop(1000, '');
    const why = reason || `closed with ${code}`;
    if (code !== 1000) error.set(new Error(why));
    if (!autoReconnect || isFinal(code) || backoff.attempt >= maxRetries) {
      rest(code === 1000 ? null : why);
    } else {
      timer = setTimeout(open, backoff.next());
      become('reconnecting', why);
    }
    if (wasOpen) listeners.emit('close', { code, reason: reason ?? '' });
  }

  function rest(why) {
    WAKE_EVENTS.forEach((name) => removeEventListener(name, wake));
    become('disconnected', why);
    backoff.reset();
  }

  // somebody looks at the page again, or the network is back: no use in waiting on
  function wake() {
    if (document.visibilityState === 'hidden') return;
    if (timer !== null) open();
    else heartbeat?.check();
  }

  function send(message) {
    if (socket?.readyState !== OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  }

  function on(event, callback) {
    const own = (...values) => callback(...values); // the same function may listen twice
    if (typeof callback !== 'function') throw new TypeError(`the listener of "${event}" is not a function: ${callback}`);
    listeners.add(event, own);
    return () => listeners.remove(event, own);
  }

  function close(code = 1000, reason = 'closed by the page') {
    const wasOpen = state.peek().status === 'connected';
    drop(code, reason);
    if (state.peek().status !== 'disconnected') rest(null);
    if (wasOpen) listeners.emit('close', { code, reason });
  }

  function reconnect() {
    close(1000, 'reconnect');
    open();
  }

  open();
  return {
    on,
    send,
    reconnect,
    close,
    status: () => word(),
    state,
    data,
    error,
    connected: () => word() === 'open',
    retryCount: () => state().attempt,
  };
}

function webSocketUrl(url) {
  const address = new URL(url, globalThis.location?.href);
  address.protocol = address.protocol.replace(/^http/, 'ws');
  return address.href;
}
