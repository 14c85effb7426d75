import { Members } from './members.js';
import { parsePosition, Stream } from './stream.js';

/** What arrives for one subscription, on its way to the listeners. Each start of a subscription has one of its own. */
export class Feed {
  #topic;
  #listeners;
  #seenIds;
  #onMissing;
  #onReset;
  #stream;
  #lastReset = null;
  #isClosed = false;

  members;

  /**
   * @param since id of the message to begin after, if the page named one
   * @param onMissing called when something did not arrive and has to be asked for
   * @param onReset called, in the place of the listeners, when all is to be loaded again; null if that is theirs to do
   */
  constructor(topic, since, listeners, seenIds, onMissing, onReset = null) {
    this.#topic = topic;
    this.#listeners = listeners;
    this.#seenIds = seenIds;
    this.#onMissing = onMissing;
    this.#onReset = onReset;
    const deliver = (frame) => this.#deliver(frame);
    const missing = () => this.#isClosed || this.#onMissing();
    this.#stream = new Stream(deliver, missing);
    this.#stream.moveTo(since);
    this.members = new Members(topic, deliver, missing);
  }

  /** Id of the last message handed out; undefined before the first answer. */
  get position() {
    return this.#stream.since;
  }

  /** Takes a frame of the topic. */
  receive(frame) {
    const reason = frame.payload?.reason;
    if (frame.type === 'presence') this.members.change(frame);
    else if (frame.type === 'presence_state') this.members.state(frame);
    else if (frame.type === 'reset' && reason !== 'UNKNOWN_CHANGE') this.#reset(frame);
    else if (parsePosition(frame.id) !== null) this.#stream.offer(frame);
    else if (this.#seenIds.add(frame.id)) this.#deliver(frame);
  }

  /** Takes the answer to a subscribe that said `since`. */
  resume({ position, recovered, messages = [], rows }, { ts }, since) {
    if (rows !== undefined) {
      this.#stream.moveTo(position);
      this.#deliver({ id: position, type: 'snapshot', ts, topic: this.#topic, rows });
    } else if (recovered === false) {
      // the server says it in a frame of its own too, before or after its answer: whichever comes first is told
      const reason = parsePosition(position).epoch === parsePosition(since)?.epoch ? 'EVICTED' : 'EPOCH';
      this.#reset({ id: position, type: 'reset', ts, topic: this.#topic, payload: { reason, position } });
    }
    this.#stream.resume(messages, position);
  }

  /** Counts one's own publication as seen that is not echoed. */
  skip(position, prev) {
    this.#stream.skip(position, prev);
  }

  /** Hands out nothing any more, also where it is in the middle of it. */
  close() {
    this.#isClosed = true;
  }

  #reset(frame) {
    const { position } = frame.payload;
    if (parsePosition(position) === null) throw new TypeError('it names no position');
    if (position === this.#lastReset) return;
    this.#lastReset = position;
    this.#stream.moveTo(position);
    this.#deliver(frame);
    this.#stream.release();
  }

  #deliver(frame) {
    if (this.#isClosed) return;
    if (frame.type === 'reset' && this.#onReset !== null) return this.#onReset();
    frame.timestamp = frame.ts;
    const name = frame.operation ?? frame.event ?? frame.type; // by what happened: a reset, a snapshot and a count are that
    if (name !== '*') this.#listeners.emit(name, frame);
    this.#listeners.emit('*', frame);
  }
}
