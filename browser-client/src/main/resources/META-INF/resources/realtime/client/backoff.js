/** Growing pauses: `reconnectDelay` doubled each time up to `maxReconnectDelay`, plus a random share up to `jitter` of it. */
export class Backoff {
  #options;
  attempt = 0;

  constructor(options) {
    this.#options = options;
  }

  next() {
    const { reconnectDelay, maxReconnectDelay, jitter } = this.#options;
    const delay = Math.min(reconnectDelay * 2 ** this.attempt++, maxReconnectDelay);
    return delay * (1 + Math.random() * jitter);
  }

  reset() {
    this.attempt = 0;
  }
}
