const RETRY_MS = 1000;

/** The state this page shows of itself in one channel; told again after every connect. */
export class Tracking {
  #topic;
  #connection;
  #state;
  #isChanged = false;
  #isTold = false;
  #timer = null;

  constructor(topic, connection) {
    this.#topic = topic;
    this.#connection = connection;
  }

  get isActive() {
    return this.#state !== undefined;
  }

  /** Sets the state, none if undefined. A copy is kept: what the page does to its object later changes nothing here. */
  set(state) {
    if (state !== undefined && (state === null || typeof state !== 'object' || Array.isArray(state))) {
      throw new TypeError(`a presence state is an object, not ${state}`);
    }
    this.#state = state && JSON.parse(JSON.stringify(state));
    this.#isChanged = true;
  }

  connected() {
    this.#isTold = false;
    this.#isChanged = this.isActive;
  }

  lost() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Tells the server what changed. */
  flush() {
    if (!this.#isChanged || this.#timer !== null) return;
    this.#isChanged = false;
    if (this.isActive) {
      this.#isTold = true;
      this.#send({ type: 'track', topic: this.#topic, data: this.#state });
    } else if (this.#isTold) {
      this.#isTold = false;
      this.#send({ type: 'untrack', topic: this.#topic });
    }
  }

  #send(frame) {
    this.#connection.request(frame, {
      failed: (error) => {
        if (error.sent) return; // the connection is gone: connected() tells it again
        if (error.temporary) this.#retry(error.retryAfterMs ?? RETRY_MS);
        else this.#connection.report(error);
      },
    });
  }

  // what is refused for now, at a high rate for example, is the latest state when it is sent again
  #retry(ms) {
    this.#isChanged = true;
    this.#isTold = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, ms);
  }
}
