import { whileHidden } from './hidden.js';

/** Pings every `interval` ms; when nothing at all came back within `timeout` ms the link is dead. */
export class Heartbeat {
  #interval;
  #timeout;
  #ping;
  #dead;
  #timer;
  #pingedAt = 0;
  #waiting = false;
  #excused = false;
  #stopWatch;

  constructor(interval, timeout, ping, dead) {
    this.#interval = interval;
    this.#timeout = timeout;
    this.#ping = ping;
    this.#dead = dead;
    this.#rest();
    // the timers of a hidden page may run once a minute, which is too late for the server
    this.#stopWatch = whileHidden(Math.min(interval, timeout), () => this.#catchUp());
  }

  #catchUp() {
    const passed = Date.now() - this.#pingedAt;
    if (!this.#waiting && passed >= this.#interval) this.check();
    else if (this.#waiting && passed >= this.#timeout) this.#expired();
  }

  /** Something arrived. */
  alive() {
    this.#excused = false;
    if (this.#waiting) this.#rest();
    // arriving messages carry the heartbeat on where timers sleep
    else if (Date.now() - this.#pingedAt >= this.#interval) this.check();
  }

  /** Pings now. */
  check() {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#pingedAt = Date.now();
    this.#arm(this.#timeout, () => this.#expired());
    this.#ping();
  }

  stop() {
    this.#stopWatch();
    clearTimeout(this.#timer);
  }

  #rest() {
    this.#waiting = false;
    this.#pingedAt ||= Date.now();
    this.#arm(this.#interval, () => this.check());
  }

  #expired() {
    // a timer far too late means the page slept: the pong may lie unread behind it, so it is asked for once more
    const late = Date.now() - this.#pingedAt > 2 * this.#timeout;
    if (late && !this.#excused) {
      this.#excused = true;
      this.#waiting = false;
      this.check();
    } else {
      this.#dead();
    }
  }

  #arm(ms, action) {
    clearTimeout(this.#timer);
    if (ms > 0 && Number.isFinite(ms)) this.#timer = setTimeout(action, ms);
  }
}
