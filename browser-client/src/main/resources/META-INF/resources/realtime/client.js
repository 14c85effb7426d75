import { Channel } from './client/channel.js';
import { Connection } from './client/connection.js';
import { RealtimeError, warn } from './client/errors.js';
import { Listeners } from './client/listeners.js';
import { SeenIds } from './client/seen-ids.js';
import { Subscription } from './client/subscription.js';

export { RealtimeError };

const DEFAULTS = {
  maxRetries: Infinity,
  reconnectDelay: 1_000,
  maxReconnectDelay: 30_000,
  jitter: 0.2,
  pingInterval: 25_000,
  pongTimeout: 5_000,
  connectTimeout: 10_000,
  transports: ['websocket', 'sse', 'poll'],
  WebSocket: globalThis.WebSocket,
};

const OF_A_TOPIC = /^(event|db_change|presence\w*|reset|error)$/;

/** Connects a page to its server. */
export function createRealtime(options) {
  return new Realtime(options);
}

class Realtime {
  #connection;
  #options;
  #channels = new Map();
  #listeners = new Listeners();
  #seenIds = new SeenIds();
  #isAway = false;

  constructor({ url, autoConnect = true, ...options } = {}) {
    this.#options = { ...DEFAULTS, ...given(options) };
    for (const name of this.#options.transports) {
      if (!DEFAULTS.transports.includes(name)) throw new TypeError(`a transport is one of ${DEFAULTS.transports}, not ${name}`);
    }
    this.#connection = new Connection(webSocketUrl(url), this.#options, {
      status: (status, error) => this.#listeners.emit('status', status, error),
      connected: () => {
        if (this.#isAway) this.#tellStatus(); // first, so that nobody joins as online
        this.#eachSubscription((subscription) => subscription.connected());
      },
      lost: () => this.#eachSubscription((subscription) => subscription.lost()),
      frame: (frame) => this.#received(frame),
      error: (error) => this.#failed(error),
    });
    if (autoConnect) this.#connection.connectSoon();
  }

  get status() {
    return this.#connection.status;
  }

  /** The way messages come: websocket, sse or poll. */
  get transport() {
    return this.#connection.transport;
  }

  get state() {
    return this.#connection.state;
  }

  get userId() {
    return this.#connection.userId;
  }

  connect() {
    return this.#connection.connect();
  }

  disconnect() {
    this.#connection.disconnect();
  }

  setToken(token) {
    this.#connection.setToken(token);
  }

  setStatus(status) {
    if (status !== 'online' && status !== 'away') throw new TypeError(`a status is online or away, not ${status}`);
    if (this.#isAway === (status === 'away')) return;
    this.#isAway = !this.#isAway;
    this.#tellStatus();
  }

  #tellStatus() {
    const failed = (error) => error.temporary || this.#failed(error); // what is lost with the connection is told again
    this.#connection.request({ type: 'status', status: this.#isAway ? 'away' : 'online' }, { failed });
  }

  onStatusChange(callback) {
    return this.#listen('status', callback);
  }

  onError(callback) {
    return this.#listen('error', callback);
  }

  channel(topic, options) {
    if (typeof topic !== 'string' || topic === '') throw new TypeError(`a topic is a string that is not empty, not ${topic}`);
    let entry = this.#channels.get(topic);
    if (entry === undefined) {
      const listeners = new Listeners();
      const subscription = new Subscription(topic, this.#connection, listeners, this.#seenIds, this.#options);
      entry = { subscription, channel: new Channel(topic, this.#connection, listeners, subscription) };
      this.#channels.set(topic, entry);
    }
    if (options !== undefined) entry.subscription.configure(options);
    return entry.channel;
  }

  async call(method, data = null) {
    return (await this.#connection.ask({ type: 'call', method, data })).data;
  }

  #listen(name, callback) {
    const own = (...values) => callback(...values); // the same function may listen twice
    if (typeof callback !== 'function') throw new TypeError(`the ${name} listener is not a function: ${callback}`);
    this.#listeners.add(name, own);
    return () => this.#listeners.remove(name, own);
  }

  #eachSubscription(action) {
    for (const { subscription } of [...this.#channels.values()]) action(subscription);
  }

  #received(frame) {
    const { type, topic } = frame;
    if (typeof topic !== 'string' || !OF_A_TOPIC.test(type)) warn('ignored an unknown frame', JSON.stringify(frame));
    else this.#channels.get(topic)?.subscription.receive(frame);
  }

  #failed(error) {
    if (this.#listeners.has('error')) this.#listeners.emit('error', error);
    else console.error(`[tidewire] ${error.topic ? `${error.topic}: ` : ''}${error.code}: ${error.message}`);
  }
}

/** Without the keys whose value is undefined, so that passing one on means its default. */
function given(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function webSocketUrl(url = new URL('ws', import.meta.url)) {
  const absolute = new URL(url, globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws');
  if (!/^wss?:$/.test(absolute.protocol)) throw new TypeError(`not a WebSocket address: ${absolute}`);
  return absolute.href;
}
