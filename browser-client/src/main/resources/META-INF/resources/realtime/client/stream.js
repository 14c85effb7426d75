const MAX_HELD = 1000;

/** The parts of a message id `<epoch>.<offset>`, or null if `id` is not one. */
export function parsePosition(id) {
  const parts = typeof id === 'string' ? /^([0-9a-z]+)\.(\d+)$/.exec(id) : null;
  return parts && { id, epoch: parts[1], offset: Number(parts[2]) };
}

/**
 * Hands out the messages of one channel in order, each once, none missing.
 *
 * `last` is the place up to which everything was handed out. A message that does not follow it directly is held back
 * and `onHole` is called: the caller subscribes again with `since`, and the answer closes the hole. What is held back
 * may be thrown away at any time: `last` stays before it, so the server tells it again.
 */
export class Stream {
  #last = null; // before the first answer nobody knows where the stream begins
  #held = [];
  #unechoed = new Set();
  #deliver;
  #onHole;

  constructor(deliver, onHole) {
    this.#deliver = deliver;
    this.#onHole = onHole;
  }

  /** The id to resume after; undefined before the first answer. */
  get since() {
    return this.#last?.id;
  }

  /** Takes a message off the wire; its id must be a position. */
  offer(frame) {
    const at = parsePosition(frame.id);
    if (this.#seen(at)) {
      this.#unechoed.delete(frame.id);
    } else if (this.#last !== null && follows(frame, at, this.#last)) {
      this.#take(frame, at);
      this.release();
    } else {
      if (this.#held.length >= MAX_HELD) this.#held = [];
      this.#held.push(frame);
      this.#onHole();
    }
  }

  /** Counts a message as seen that will not come: one's own, published without echo. `prev` as in a message. */
  skip(id, prev) {
    if (parsePosition(id) === null) return;
    this.#unechoed.add(id);
    this.offer({ id, prev });
  }

  /** Hands out what the answer to a subscribe carries, which has no holes by contract, and goes on from its position. */
  resume(messages, position) {
    for (const frame of messages) {
      const at = parsePosition(frame?.id);
      if (at !== null && !this.#seen(at)) this.#take(frame, at);
    }
    const at = parsePosition(position);
    if (!this.#seen(at)) this.#last = at;
    this.release();
  }

  /** Goes on from a position, whatever was before. */
  moveTo(position) {
    this.#last = parsePosition(position) ?? this.#last;
  }

  /** Offers again what was held back; what belongs to an earlier life of the stream is dropped. */
  release() {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    for (const frame of held) {
      if (parsePosition(frame.id).epoch === this.#last.epoch) this.offer(frame);
      else this.#unechoed.delete(frame.id);
    }
  }

  #seen(at) {
    return this.#last !== null && at.epoch === this.#last.epoch && at.offset <= this.#last.offset;
  }

  #take(frame, at) {
    this.#last = at;
    if (!this.#unechoed.delete(frame.id)) this.#deliver(frame);
  }
}

/** Whether nothing lies between. Who does not get every offset is told by `prev` which message came before. */
function follows(frame, at, last) {
  const before = parsePosition(frame.prev) ?? { epoch: at.epoch, offset: at.offset - 1 };
  return at.epoch === last.epoch && before.epoch === last.epoch && before.offset <= last.offset;
}
