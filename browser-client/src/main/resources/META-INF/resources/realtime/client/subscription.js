import { Backoff } from './backoff.js';
import { deferred, RealtimeError, warn } from './errors.js';
import { Members } from './members.js';
import { parsePosition, Stream } from './stream.js';
import { Tracking } from './tracking.js';

const PRESENCE_EVENTS = ['*', 'presence:join', 'presence:update', 'presence:leave'];

/**
 * Keeps what the server knows about one topic in step with what the page wants. The page's calls only change the wish;
 * `flush` sends the difference, at the end of the turn and after every connect.
 */
export class Subscription {
  #topic;
  #connection;
  #listeners;
  #seenIds;
  #backoff;

  #isWanted = false;
  #isRefused = false; // for good, on this connection
  #told = null; // what the server was last told on this connection: { presence }
  #asking = null; // the subscribe under way
  #isStale = false; // something was missed: ask again
  #timer = null;
  #isScheduled = false;
  #lastReset = null;
  #stream = null;
  #ready = deferred();

  #presence; // true or false where the page decides itself whether it wants the members
  #since; // where the page wants to begin

  constructor(topic, connection, listeners, seenIds, delays) {
    this.#topic = topic;
    this.#connection = connection;
    this.#listeners = listeners;
    this.#seenIds = seenIds;
    this.#backoff = new Backoff(delays);
    this.tracking = new Tracking(topic, connection);
    this.members = new Members(topic, (frame) => this.#deliver(frame), () => this.#repair());
  }

  /** Settles with the server's answer to the subscription. */
  get ready() {
    return this.#ready.promise;
  }

  /** Id of the last message handed out; undefined while not subscribed. */
  get position() {
    return this.#stream?.since;
  }

  configure({ presence = this.#presence, since = this.#since }) {
    this.#presence = presence;
    this.#since = since;
    this.changed();
  }

  start() {
    if (this.#isWanted && !this.#isRefused) return;
    if (this.#isRefused) this.#ready = deferred();
    this.#renew();
    this.#isWanted = true;
    this.#isStale = true;
    const stream = new Stream((frame) => this.#deliver(frame), () => this.#repair());
    stream.moveTo(this.#since);
    this.#since = undefined; // a later start begins where the channel is then
    this.#stream = stream;
    this.changed();
  }

  stop() {
    if (!this.#isWanted) return;
    this.#renew();
    this.#isWanted = false;
    this.#ready.reject(new RealtimeError('NOT_SUBSCRIBED', `unsubscribed from ${this.#topic}`, { topic: this.#topic }));
    this.#ready = deferred();
    this.changed();
  }

  #renew() {
    this.#stream?.close();
    this.#stream = null;
    this.members.clear();
    this.#isRefused = false;
    this.#forgetAsking();
  }

  #forgetAsking() {
    this.#asking = null;
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** The wish changed: what several calls of one turn want is sent together. */
  changed() {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  connected() {
    if (this.#isRefused) this.#ready = deferred();
    this.#isRefused = false;
    this.tracking.connected();
    this.flush();
  }

  lost() {
    this.#told = null;
    this.#forgetAsking();
    this.members.expectState();
    this.tracking.lost();
  }

  /** Sends what the server does not know yet. */
  flush() {
    if (!this.#connection.isLive) return;
    this.tracking.flush(); // first, so that the members' list has ourselves in it
    if (!this.#isWanted) {
      if (this.#told !== null) this.#connection.send({ type: 'unsubscribe', topic: this.#topic });
      this.#told = null;
      return;
    }
    if (this.#isRefused || this.#asking !== null || this.#timer !== null) return;
    const presence = this.#told?.presence || this.#wantsPresence();
    if (this.#told === null || this.#isStale || presence !== this.#told.presence) this.#ask(presence);
  }

  #wantsPresence() {
    return this.#presence ?? (this.tracking.isActive || PRESENCE_EVENTS.some((name) => this.#listeners.has(name)));
  }

  #ask(presence) {
    const asking = (this.#asking = {});
    this.#told = { presence };
    this.#isStale = false;
    if (!presence) this.members.clear();
    const since = this.#stream.since;
    this.#connection.request(
      { type: 'subscribe', topic: this.#topic, since, presence: presence || undefined },
      {
        done: (payload, frame) => asking === this.#asking && this.#answered(asking, payload, frame, since),
        failed: (error) => asking === this.#asking && this.#failed(error),
      },
    );
  }

  #answered(asking, payload, frame, since) {
    if (parsePosition(payload.position) === null) {
      warn(`${this.#topic}: the answer names no position`, JSON.stringify(frame));
      return this.#failed(new RealtimeError('INTERNAL', 'the answer names no position', { temporary: true }));
    }
    this.#isStale = false; // what was missed until now is in the answer
    if (payload.recovered === false) this.#resetByAnswer(payload.position, frame, since);
    // a listener may have unsubscribed meanwhile, then this answer is of no interest any more
    if (asking === this.#asking) this.#stream.resume(payload.messages ?? [], payload.position);
    if (asking !== this.#asking) return;
    this.#asking = null;
    this.#ready.resolve();
    if (this.#isStale) {
      warn(`${this.#topic}: messages after ${this.position} are still missing, asking again`);
      this.#askLater(this.#backoff.next());
    } else {
      this.#backoff.reset();
      this.flush();
    }
  }

  #failed(error) {
    this.#asking = null;
    this.#isStale = true;
    if (error.temporary) {
      this.#askLater(error.retryAfterMs ?? this.#backoff.next());
    } else {
      this.#isRefused = true;
      this.#ready.reject(error);
      this.#connection.report(error);
    }
  }

  #askLater(ms) {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.flush();
    }, ms);
  }

  #repair() {
    this.#isStale = true;
    this.flush();
  }

  /** Takes a frame of this topic. */
  receive(frame) {
    if (!this.#isWanted) return;
    const reason = frame.payload?.reason;
    if (frame.type === 'presence') this.members.change(frame);
    else if (frame.type === 'presence_state') this.members.state(frame);
    else if (frame.type === 'reset' && (reason === 'EPOCH' || reason === 'EVICTED')) this.#reset(frame);
    else if (parsePosition(frame.id) !== null) this.#stream.offer(frame);
    else if (this.#seenIds.add(frame.id)) this.#deliver(frame);
  }

  /** Counts one's own publication as seen that is not echoed. */
  skip(position) {
    this.#stream?.skip(position);
  }

  // the server says it in a frame of its own too, before or after its answer: whichever comes first is told
  #resetByAnswer(position, { ts }, since) {
    const reason = parsePosition(position)?.epoch === parsePosition(since)?.epoch ? 'EVICTED' : 'EPOCH';
    this.#reset({ id: position, type: 'reset', ts, topic: this.#topic, payload: { reason, position } });
  }

  #reset(frame) {
    const { position } = frame.payload;
    if (parsePosition(position) === null) throw new TypeError('it names no position');
    if (position === this.#lastReset) return;
    this.#lastReset = position;
    const stream = this.#stream;
    stream.moveTo(position);
    this.#deliver(frame);
    stream.release();
  }

  #deliver(frame) {
    frame.timestamp = frame.ts;
    const name = frame.type === 'db_change' ? frame.operation : frame.type === 'reset' ? 'reset' : frame.event;
    if (name !== '*') this.#listeners.emit(name, frame);
    this.#listeners.emit('*', frame);
  }
}
