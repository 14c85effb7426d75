import { Backoff } from './backoff.js';
import { HttpSocket } from './http-socket.js';

const SHORT_LIFE_MS = 10_000;
const STRIKES = 2;
const RETURN = { reconnectDelay: 5_000, maxReconnectDelay: 300_000, jitter: 0.2 };

/** Whether the server itself ended it, so that the way to it is good. */
const isServers = (code) => code === 1000 || code === 1001 || code === 1012 || code > 4000;

/**
 * The ways to the server, best first. What `open` gives has a WebSocket's face: it is the first way that leads there,
 * beginning with the one that did before. While it is not the best, `better` is called now and then.
 */
export class Ways {
  #url;
  #options;
  #better;
  #order;
  #strikes = new Map();
  #pauses = new Backoff(RETURN);
  #timer = null;

  /** The way in use. */
  current;

  /**
   * @param failed the way that has just failed, if one has
   * @param better called when a better way is to be tried, with `openBetter`
   */
  constructor(url, options, failed, better) {
    this.#url = url;
    this.#options = options;
    this.#better = better;
    this.#order = options.transports.filter((name) => name !== failed);
    globalThis.addEventListener?.('online', () => this.#timer !== null && this.#tryBetter());
  }

  open() {
    const names = this.#order;
    this.#order = this.#options.transports; // all of them, if none of these leads there
    return this.#way(names);
  }

  /** The same over a way that is better than the one in use. */
  openBetter() {
    const { transports } = this.#options;
    return this.#way(transports.slice(0, transports.indexOf(this.current)));
  }

  /** A better way was tried, and does not lead there. */
  tryLater() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tryBetter(), this.#pauses.next());
  }

  #tryBetter() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#better();
  }

  #way(names) {
    const patience = this.#options.connectTimeout / 3;
    return new Way(names, (name) => this.#socket(name), patience, (name) => this.#opened(name));
  }

  #socket(name) {
    return name === 'websocket' ? new this.#options.WebSocket(this.#url) : new HttpSocket(this.#url, name === 'poll');
  }

  #opened(name) {
    const { transports } = this.#options;
    const since = Date.now();
    this.current = name;
    this.#order = [name, ...transports.filter((other) => other !== name)];
    clearTimeout(this.#timer);
    this.#timer = null;
    if (name !== transports[0]) this.tryLater();
    return (code) => this.#ended(name, code, Date.now() - since);
  }

  #ended(name, code, lived) {
    const strikes = isServers(code) || lived >= SHORT_LIFE_MS ? 0 : (this.#strikes.get(name) ?? 0) + 1;
    this.#strikes.set(name, strikes);
    if (lived >= SHORT_LIFE_MS && name === this.#options.transports[0]) this.#pauses.reset();
    if (name !== this.current) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    if (strikes >= STRIKES) this.#order = [...this.#order.filter((other) => other !== name), name];
  }
}

/** A socket over the first of some ways that opens. */
class Way {
  readyState = 0;
  onopen = null;
  onmessage = null;
  onclose = null;
  #make;
  #patience;
  #opened;
  #socket;
  #timer;
  #tell = () => {};

  constructor(names, make, patience, opened) {
    this.#make = make;
    this.#patience = patience;
    this.#opened = opened;
    this.#try(names);
  }

  #try([name, ...others]) {
    const socket = (this.#socket = this.#make(name));
    const next = () => {
      this.#drop();
      this.#try(others);
    };
    if (others.length > 0) this.#timer = setTimeout(next, this.#patience);
    socket.onopen = (event) => {
      clearTimeout(this.#timer);
      this.readyState = 1;
      this.#tell = this.#opened(name);
      this.onopen?.(event);
    };
    socket.onmessage = (event) => this.onmessage?.(event);
    socket.onclose = (event) => {
      if (this.readyState === 0 && others.length > 0 && !isServers(event.code)) return next();
      this.#drop();
      this.readyState = 3;
      this.#tell(event.code);
      this.onclose?.(event);
    };
  }

  #drop(code = 1000, reason = '') {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (socket.readyState <= 1) socket.close(code, reason);
  }

  send(text) {
    this.#socket.send(text);
  }

  close(code, reason) {
    if (this.readyState > 1) return;
    this.readyState = 3;
    this.#drop(code, reason);
    this.#tell(code === 4000 ? 1006 : 1000); // 4000: no answer came
  }
}
