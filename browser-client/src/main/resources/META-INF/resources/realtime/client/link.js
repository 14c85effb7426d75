import { RealtimeError, warn } from './errors.js';
import { parseFrames } from './frames.js';
import { Heartbeat } from './heartbeat.js';

const AUTH_ID = 'auth';

/**
 * One WebSocket, or what stands for it, from its opening to its end: token, welcome, heartbeat. Its end is told once and at once, without
 * waiting for the other side, which may be gone.
 */
export class Link {
  #options;
  #hooks;
  #timer;
  #socket = null;
  #heartbeat = null;
  #hasEnded = false;
  #isReady = false;
  #welcome = null;
  #awaitsAuth = false;
  #userId;
  #maxFrameBytes = Infinity;

  /**
   * @param dial gives a promise of a function that opens a socket
   * @param token a string, a function that gives one or a promise of one, or nothing
   * @param hooks `ready()`, `frame(frame)`, `ended(code, reason)`; called later, never from here
   */
  constructor(dial, token, options, hooks) {
    this.#options = options;
    this.#hooks = hooks;
    const { connectTimeout } = options;
    this.#timer = setTimeout(() => this.end(4000, `no welcome within ${connectTimeout} ms`), connectTimeout);
    this.#open(dial, token).catch((error) => {
      warn('cannot connect', error);
      this.end(1006, String(error));
    });
  }

  get userId() {
    return this.#userId;
  }

  async #open(dial, source) {
    const token = await (typeof source === 'function' ? source() : source);
    const open = await dial();
    if (this.#hasEnded) return;
    const socket = (this.#socket = open());
    socket.onopen = () => {
      if (!token) return;
      this.#awaitsAuth = true;
      this.send({ id: AUTH_ID, type: 'auth', token });
    };
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code, reason }) => this.end(code, reason);
  }

  #received(data) {
    this.#heartbeat?.alive();
    for (const frame of parseFrames(data)) {
      if (this.#hasEnded) return;
      try {
        this.#handle(frame);
      } catch (error) {
        warn(`cannot handle a frame (${error})`, JSON.stringify(frame));
      }
    }
  }

  #handle(frame) {
    if (frame.type === 'pong') return;
    if (frame.type === 'welcome') this.#welcomed(frame.payload);
    else if (this.#awaitsAuth && frame.payload?.messageId === AUTH_ID) this.#authenticated(frame);
    else this.#hooks.frame(frame);
    if (!this.#isReady && this.#welcome !== null && !this.#awaitsAuth) this.#becomeReady();
  }

  #welcomed(payload) {
    this.#welcome = payload;
    this.#userId = payload.userId ?? this.#userId;
    if (payload.maxFrameBytes > 0) this.#maxFrameBytes = payload.maxFrameBytes;
  }

  #authenticated({ type, payload }) {
    if (type === 'error') {
      this.end(payload.temporary ? 4000 : 4001, payload.message);
    } else {
      this.#awaitsAuth = false;
      this.#userId = payload.userId ?? this.#userId;
    }
  }

  #becomeReady() {
    this.#isReady = true;
    clearTimeout(this.#timer);
    const { pingInterval = this.#options.pingInterval, pongTimeout = this.#options.pongTimeout } = this.#welcome;
    if (pingInterval > 0) {
      const ping = () => this.send({ type: 'ping' });
      this.#heartbeat = new Heartbeat(pingInterval, pongTimeout, ping, () => this.end(4000, 'Ping timeout'));
    }
    this.#hooks.ready();
  }

  /** Pings now instead of later. */
  check() {
    this.#heartbeat?.check();
  }

  /** Sends a frame; throws a RealtimeError if it cannot be sent as it is. */
  send(frame) {
    let text;
    try {
      text = JSON.stringify(frame);
    } catch (error) {
      throw new RealtimeError('BAD_REQUEST', `the data is not JSON: ${error.message}`);
    }
    if (text.length * 3 > this.#maxFrameBytes && new TextEncoder().encode(text).length > this.#maxFrameBytes) {
      throw new RealtimeError('TOO_LARGE', `the server takes frames of at most ${this.#maxFrameBytes} bytes`);
    }
    // a socket that is closing would only complain: its end is told in a moment, and what waits for an answer with it
    if (this.#socket.readyState === 1) this.#socket.send(text);
  }

  /** Ends quietly: nothing is called any more. */
  close(reason) {
    this.#stop(1000, reason);
  }

  /** Ends and tells. */
  end(code, reason) {
    if (this.#stop(code, reason)) this.#hooks.ended(code, reason);
  }

  #stop(code, reason) {
    if (this.#hasEnded) return false;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#heartbeat?.stop();
    const socket = this.#socket;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      // a page may close with these codes only, and with at most 123 bytes of reason
      if (socket.readyState <= 1) socket.close(code >= 3000 ? code : 1000, String(reason).slice(0, 40));
    }
    return true;
  }
}
