import { Backoff } from './backoff.js';
import { deferred, RealtimeError } from './errors.js';
import { Link } from './link.js';

const WAKE_EVENTS = ['online', 'offline', 'pageshow', 'visibilitychange'];
const CODES = { 4001: 'UNAUTHORIZED', 4029: 'RATE_LIMITED', 4503: 'FORBIDDEN', 4509: 'BAD_REQUEST' };

/** A page that saw so many connections end within so many milliseconds looks for another way. */
const SHORT_LIVES = 3;
const SHORT_LIFE_MS = 5_000;
const DRAIN_MS = 1_000;

const isFinal = (code) => code === 1000 || code === 4001 || (code >= 4500 && code <= 4999);

/** Whether the server itself ended it, so that WebSockets get through. */
const isServers = (code) => code === 1000 || code === 1001 || code === 1012 || code > 4000;

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
  #next = null; // one over a better way, that will take the place of the link when it is ready
  #old = null; // one whose place was taken; it only waits for answers
  #ways = null; // other ways to the server, where WebSockets do not get through
  #isBlocked; // whether those are looked for
  #liveSince = 0;
  #shortLives = 0;
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
    this.#isBlocked = options.transports[0] !== 'websocket';
    this.#hooks = hooks;
    this.#backoff = new Backoff(options);
  }

  get status() {
    return this.#status;
  }

  get state() {
    return { status: this.#status, attempt: this.#backoff.attempt, lastError: this.#lastError };
  }

  get transport() {
    return this.isLive ? (this.#ways?.current ?? 'websocket') : undefined;
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
    this.#requests.set(id, { done, failed, link: this.#link });
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

  #open(hasFailed) {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#advice = null;
    this.#lacksToken = this.#isTokenUnjudged = false;
    this.#link = this.#newLink(() => this.#dial(hasFailed));
    WAKE_EVENTS.forEach((name) => globalThis.addEventListener?.(name, this.#wake));
    if (this.#status !== 'reconnecting') this.#become('connecting');
  }

  #newLink(dial) {
    const link = new Link(dial, this.#token, this.#options, {
      ready: () => (link === this.#next ? this.#replace() : this.#ready()),
      frame: (frame) => this.#received(frame, link),
      ended: (code, reason) => this.#ended(code, reason, link),
    });
    return link;
  }

  /** How to open a socket: plainly, or in one of the ways there are where that was in vain. */
  async #dial(hasFailed) {
    const { WebSocket } = this.#options;
    if (this.#isBlocked && this.#ways === null) await this.#findWays(hasFailed);
    return () => this.#ways?.open() ?? new WebSocket(this.#url);
  }

  async #findWays(hasFailed) {
    try {
      const { Ways } = await import('./fallback.js');
      this.#ways ??= new Ways(this.#url, this.#options, hasFailed && 'websocket', () => this.#tryBetter());
    } catch {
      // the server cannot be reached at all: later
    }
  }

  #tryBetter() {
    if (this.isLive) this.#next ??= this.#newLink(async () => () => this.#ways.openBetter());
  }

  /** Goes on over the better link. The other one ends when the server knows all it knew on the new one, and has answered. */
  #replace() {
    const old = (this.#old = this.#link);
    this.#link = this.#next;
    this.#next = null;
    this.userId = this.#link.userId;
    this.#hooks.lost();
    this.#hooks.connected();
    const retire = () => {
      if (this.#old !== old) return;
      if ([...this.#requests.values()].some(({ link }) => link === old)) return void setTimeout(retire, DRAIN_MS);
      this.#old = null;
      old.close('replaced');
    };
    this.request({ type: 'ping' }, { done: retire, failed: retire });
  }

  #ready() {
    this.#backoff.reset();
    this.#liveSince = Date.now();
    this.userId = this.#link.userId;
    this.#become('connected', undefined, () => this.#hooks.connected());
    this.#live?.resolve();
    this.#live = null;
  }

  #received(frame, link) {
    const { type, payload } = frame;
    if (link !== this.#link && type !== 'ack' && type !== 'error') return; // the same comes over the link
    if (type === 'advice') {
      this.#advice = payload;
    } else if (type === 'ack' || type === 'error') {
      const reply = this.#requests.get(payload.messageId);
      this.#requests.delete(payload.messageId);
      if (type === 'ack') reply?.done?.(payload, frame);
      else if (reply) reply.failed(RealtimeError.of(payload));
      else {
        this.report(RealtimeError.of(payload));
        if (payload.topic) this.#hooks.frame({ ...payload, type });
      }
    } else {
      this.#hooks.frame(frame);
    }
  }

  #ended(code, reason, link) {
    if (link === this.#next) {
      this.#next = null;
      return this.#ways.tryLater();
    }
    if (link !== this.#link) return this.#lose(link);
    const isBlocked = this.#seemsBlocked(code);
    const isLast =
      (isFinal(code) && !(code === 4001 && this.#isTokenUnjudged)) ||
      this.#advice?.reconnect === 'stop' ||
      (!isBlocked && this.#backoff.attempt >= this.#options.maxRetries);
    const error = new RealtimeError(CODES[code] ?? 'UNAVAILABLE', reason || `the connection was closed with ${code}`, {
      temporary: !isLast,
      closeCode: code,
    });
    if (isLast) {
      this.#lacksToken = code === 4001;
      this.#stop(error, code === 1000 ? undefined : error);
      if (code !== 1000) this.report(error);
    } else {
      this.#timer = setTimeout(() => this.#open(isBlocked), isBlocked && this.#advice === null ? 0 : this.#pause());
      this.#leave('reconnecting', error);
    }
  }

  /** Whether it is time to look for other ways: where none was ever open, or several were cut at once. */
  #seemsBlocked(code) {
    if (this.#isBlocked || this.#options.transports.length === 1 || isServers(code)) return false;
    if (this.isLive) {
      this.#shortLives = Date.now() - this.#liveSince < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
      if (this.#shortLives < SHORT_LIVES) return false;
    }
    return (this.#isBlocked = true);
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
    this.#next?.close('not needed');
    this.#old?.close('not needed');
    this.#next = this.#old = null;
    this.#become(status, error, () => {
      this.#hooks.lost();
      this.#lose();
    });
  }

  /** What was asked over a link that is gone, or over any, stays without an answer. */
  #lose(link) {
    for (const [id, request] of [...this.#requests]) {
      if (link !== undefined && request.link !== link) continue;
      this.#requests.delete(id);
      request.failed(lostBeforeAnswer());
    }
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
