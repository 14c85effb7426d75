import { Backoff } from './backoff.js';
import { deferred, RealtimeError } from './errors.js';
import { Link } from './link.js';

const WAKE_EVENTS = ['online', 'offline', 'pageshow', 'visibilitychange'];
const CODES = { 4001: 'UNAUTHORIZED', 4029: 'RATE_LIMITED', 4503: 'FORBIDDEN', 4509: 'BAD_REQUEST' };

const isFinal = (code) => code === 1000 || code === 4001 || (code >= 4500 && code <= 4999);

/** The connection of a page: one link after the other, the pauses between them, and the requests under way. */
export class Connection {
  #url;
  #options;
  #hooks;
  #token;
  #backoff;

  #status = 'idle';
  #lastError = null;
  #isWanted = false;
  #link = null;
  #timer = null;
  #advice = null; // the server's word on the next pause
  #lacksToken = false; // ended by 4001: a new token brings it back
  #isTokenUnjudged = false; // sent on the live link, not answered yet
  #live = null; // what connect() waits for
  #requests = new Map();
  #lastId = 0;

  userId;

  /** @param hooks `status(status, error)`, `connected()`, `lost()`, `frame(frame)`, `error(error)` */
  constructor(url, { token, ...options }, hooks) {
    this.#url = url;
    this.#token = token;
    this.#options = options;
    this.#hooks = hooks;
    this.#backoff = new Backoff(options);
  }

  get status() {
    return this.#status;
  }

  get state() {
    return { status: this.#status, attempt: this.#backoff.attempt, lastError: this.#lastError };
  }

  get isLive() {
    return this.#status === 'connected';
  }

  /** Connects at the end of the turn, so that the page can listen first, or think otherwise. */
  connectSoon() {
    this.#isWanted = true;
    queueMicrotask(() => this.#isWanted && this.connect());
  }

  /** Connects now, also in the middle of a pause. */
  connect() {
    if (this.isLive) return Promise.resolve();
    this.#isWanted = true;
    const live = this.whenLive();
    if (this.#link === null) this.#open();
    return live;
  }

  /** A promise of the live connection; rejected where none is on its way. */
  whenLive() {
    if (this.isLive) return Promise.resolve();
    if (!this.#isWanted) return Promise.reject(notConnected());
    this.#live ??= deferred();
    return this.#live.promise;
  }

  disconnect() {
    this.#link?.close('disconnected by the page');
    this.#stop(new RealtimeError('UNAVAILABLE', 'disconnected by the page'));
  }

  setToken(token) {
    this.#token = token;
    if (this.isLive) {
      this.#refresh(token);
    } else if (this.#lacksToken) {
      this.connect();
    } else if (this.#link !== null) {
      this.#reopen();
    }
  }

  #reopen() {
    this.#link.close('new token');
    if (this.isLive) this.#leave('reconnecting');
    if (this.#isWanted) this.#open(); // a callback may have disconnected
  }

  async #refresh(source) {
    this.#isTokenUnjudged = true;
    try {
      const token = await (typeof source === 'function' ? source() : source);
      if (token) this.userId = (await this.ask({ type: 'auth', token })).userId ?? this.userId;
      this.#isTokenUnjudged = false;
    } catch (error) {
      if (error.sent) return; // the next link opens with it
      this.#isTokenUnjudged = false;
      if (error.code === 'CONFLICT') this.#reopen(); // another user: a link belongs to one
      else this.report(error instanceof RealtimeError ? error : new RealtimeError('UNAUTHORIZED', `no token: ${error}`));
    }
  }

  /** Sends a frame; `done(payload, frame)` or `failed(error)` is called in the order of the stream. */
  request(frame, { done, failed: fail }) {
    const failed = (error) => {
      error.topic = frame.topic;
      fail(error);
    };
    if (!this.isLive) return failed(notConnected());
    const id = `c${++this.#lastId}`;
    try {
      this.#link.send({ id, ...frame });
    } catch (error) {
      return failed(error);
    }
    this.#requests.set(id, { done, failed });
  }

  /** The same as a promise; `seen(payload)` is called in the order of the stream. */
  ask(frame, seen) {
    return new Promise((resolve, failed) => {
      const done = (payload) => {
        seen?.(payload);
        resolve(payload);
      };
      this.request(frame, { done, failed });
    });
  }

  report(error) {
    this.#hooks.error(error);
  }

  #open() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#advice = null;
    this.#lacksToken = this.#isTokenUnjudged = false;
    this.#link = new Link(this.#url, this.#token, this.#options, {
      ready: () => this.#ready(),
      frame: (frame) => this.#received(frame),
      ended: (code, reason) => this.#ended(code, reason),
    });
    WAKE_EVENTS.forEach((name) => globalThis.addEventListener?.(name, this.#wake));
    if (this.#status !== 'reconnecting') this.#become('connecting');
  }

  #ready() {
    this.#backoff.reset();
    this.userId = this.#link.userId;
    this.#become('connected', undefined, () => this.#hooks.connected());
    this.#live?.resolve();
    this.#live = null;
  }

  #received(frame) {
    const { type, payload } = frame;
    if (type === 'advice') {
      this.#advice = payload;
    } else if (type === 'ack' || type === 'error') {
      const reply = this.#requests.get(payload.messageId);
      this.#requests.delete(payload.messageId);
      if (type === 'ack') reply?.done?.(payload, frame);
      else if (reply) reply.failed(RealtimeError.of(payload));
      else this.report(RealtimeError.of(payload));
    } else {
      this.#hooks.frame(frame);
    }
  }

  #ended(code, reason) {
    const isLast =
      (isFinal(code) && !(code === 4001 && this.#isTokenUnjudged)) ||
      this.#advice?.reconnect === 'stop' ||
      this.#backoff.attempt >= this.#options.maxRetries;
    const error = new RealtimeError(CODES[code] ?? 'UNAVAILABLE', reason || `the connection was closed with ${code}`, {
      temporary: !isLast,
      closeCode: code,
    });
    if (isLast) {
      this.#lacksToken = code === 4001;
      this.#stop(error, code === 1000 ? undefined : error);
      if (code !== 1000) this.report(error);
    } else {
      this.#timer = setTimeout(() => this.#open(), this.#pause());
      this.#leave('reconnecting', error);
    }
  }

  #pause() {
    const pause = this.#backoff.next();
    const [from, to] = this.#advice?.delayMs ?? [];
    return from >= 0 && to >= from ? from + Math.random() * (to - from) : pause;
  }

  // the network changed, or somebody looks at the page again: timers may have slept, so the truth is found out now
  #wake = ({ type }) => {
    if (type === 'visibilitychange' && document.visibilityState === 'hidden') return;
    if (this.isLive) this.#link.check();
    else if (this.#timer !== null && this.#advice === null && type !== 'offline') this.#open();
  };

  #stop(error, told) {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#backoff.reset();
    WAKE_EVENTS.forEach((name) => globalThis.removeEventListener?.(name, this.#wake));
    this.#live?.reject(error);
    this.#live = null;
    this.#leave('disconnected', told);
  }

  #leave(status, error) {
    this.#link = null;
    this.#become(status, error, () => {
      this.#hooks.lost();
      const requests = [...this.#requests.values()];
      this.#requests.clear();
      for (const { failed } of requests) failed(lostBeforeAnswer());
    });
  }

  // `first` runs between the change and the page's callbacks, which may call anything again
  #become(status, error, first) {
    const isChanged = this.#status !== status;
    this.#status = status;
    this.#lastError = error ?? null;
    first?.();
    if (isChanged) this.#hooks.status(status, error);
  }
}

function notConnected() {
  return new RealtimeError('UNAVAILABLE', 'not connected', { temporary: true });
}

function lostBeforeAnswer() {
  return new RealtimeError('UNAVAILABLE', 'the connection was lost before the server answered', { temporary: true, sent: true });
}
