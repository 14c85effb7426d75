import { Backoff } from './backoff.js';
import { deferred, RealtimeError, warn } from './errors.js';
import { Feed } from './feed.js';
import { parsePosition } from './stream.js';
import { Tracking } from './tracking.js';

const PRESENCE_EVENTS = ['presence:join', 'presence:update', 'presence:leave'];

/** The event behind a channel's messages: the stream has moved on to a position. No name of an application can be it. */
export const POSITION = Symbol.for('tidewire.position');

/** The event with the rows of a table as they were at a position, and the method of a channel that asks for them. */
export const ROWS = Symbol.for('tidewire.rows');

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

  // the wish
  #feed = null; // null: not subscribed
  #presence; // true or false where the page decides itself whether it wants the members
  #since; // where the page wants to begin
  #where; // which rows of a table; undefined: all
  #snapshot = false; // the rows there are, and again wherever what changed is not told one by one
  #wantsRows = false; // the whole table is to be told, once

  // what the server knows, on this connection
  #told = null; // the last subscribe: { presence }
  #asking = null; // the subscribe under way
  #isStale = false; // something was missed: ask again
  #needsRows = false; // asking for what was missed would not do
  #isRefused = false; // for good
  #presenceRefusal = null; // only the members were: { error, isTold }

  #timer = null;
  #isScheduled = false;
  #ready = deferred();

  constructor(topic, connection, listeners, seenIds, delays) {
    this.#topic = topic;
    this.#connection = connection;
    this.#listeners = listeners;
    this.#seenIds = seenIds;
    this.#backoff = new Backoff(delays);
    this.tracking = new Tracking(topic, connection);
  }

  /** Settles with the server's answer to the subscription. */
  get ready() {
    return this.#ready.promise;
  }

  get position() {
    return this.#feed?.position;
  }

  get members() {
    return this.#feed?.members;
  }

  configure({ presence = this.#presence, since = this.#since, where = this.#where, snapshot = this.#snapshot }) {
    const isOther = snapshot !== this.#snapshot || JSON.stringify(where) !== JSON.stringify(this.#where);
    this.#presence = presence;
    this.#since = since;
    this.#where = structuredClone(where);
    this.#snapshot = snapshot;
    if (isOther && this.#feed !== null) this.#begin(); // what it was told so far is of other rows
    this.changed();
  }

  /** Asks for all rows, told as `ROWS` between the messages of the stream. */
  askRows() {
    this.#wantsRows = this.#isStale = true;
    this.changed();
  }

  start() {
    if (this.#feed !== null && !this.#isRefused) return;
    this.#begin();
  }

  #begin() {
    const loadAgain = this.#snapshot ? () => this.#loadAgain() : null;
    this.#renew(new Feed(this.#topic, this.#since, this.#listeners, this.#seenIds, () => this.#repair(), loadAgain));
    this.#since = undefined; // a later start begins where the channel is then
  }

  stop() {
    if (this.#feed === null) return;
    this.#renew(null);
    this.#ready.reject(new RealtimeError('NOT_SUBSCRIBED', `unsubscribed from ${this.#topic}`, { topic: this.#topic }));
    this.#ready = deferred();
  }

  #renew(feed) {
    this.#feed?.close();
    this.#feed = feed;
    this.#isStale = true;
    this.#needsRows = false;
    if (this.#isRefused && feed !== null) this.#ready = deferred();
    this.#isRefused = false;
    this.#presenceRefusal = null;
    this.#forgetAsking();
    this.changed();
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
    this.#presenceRefusal = null;
    this.tracking.connected();
    this.flush();
  }

  lost() {
    this.#told = null;
    this.#forgetAsking();
    this.#feed?.members.expectState();
    this.tracking.lost();
  }

  /** Sends what the server does not know yet. */
  flush() {
    if (!this.#connection.isLive) return;
    this.tracking.flush(); // first, so that the members' list has ourselves in it
    if (this.#feed === null) this.#leave();
    else if (!this.#isRefused && this.#asking === null && this.#timer === null) this.#join();
  }

  #leave() {
    if (this.#told === null) return;
    this.#told = null;
    this.#connection.request({ type: 'unsubscribe', topic: this.#topic }, { failed: () => {} }); // then there was none
  }

  #join() {
    const presence = this.#presenceRefusal === null && (this.#told?.presence || this.#wantsPresence());
    if (this.#told === null || this.#isStale || presence !== this.#told.presence) this.#ask(presence);
    else this.#tellPresenceRefusal();
  }

  #wantsPresence() {
    return this.#presence ?? (this.#namesPresence() || this.#listeners.has('*') || this.tracking.isActive);
  }

  #namesPresence() {
    return this.#presence === true || PRESENCE_EVENTS.some((name) => this.#listeners.has(name));
  }

  #ask(presence) {
    const rows = this.#wantsRows;
    const asking = (this.#asking = { rows });
    this.#told = { presence };
    this.#isStale = false;
    if (!presence) this.#feed.members.clear();
    const since = rows || this.#needsRows ? undefined : this.#feed.position;
    const snapshot = rows || this.#snapshot || undefined;
    this.#wantsRows = false;
    this.#connection.request(
      { type: 'subscribe', topic: this.#topic, since, presence, where: this.#where ?? undefined, snapshot },
      {
        done: (payload, frame) => asking === this.#asking && this.#answered(asking, payload, frame, since),
        failed: (error) => {
          if (rows) this.#wantsRows = true;
          if (asking === this.#asking) this.#failed(error);
        },
      },
    );
  }

  #answered(asking, payload, frame, since) {
    if (parsePosition(payload.position) === null) {
      warn(`${this.#topic}: the answer names no position`, JSON.stringify(frame));
      return this.#failed(new RealtimeError('INTERNAL', 'the answer names no position', { temporary: true }));
    }
    this.#isStale = false; // what was missed until now is in the answer
    this.#needsRows = false;
    if (asking.rows) this.#listeners.emit(ROWS, payload);
    this.#feed.resume(payload, frame, since);
    this.#listeners.emit(POSITION, this.position);
    if (asking !== this.#asking) return; // a listener has unsubscribed meanwhile
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
    if (error.code === 'FORBIDDEN' && this.#told.presence) {
      this.#presenceRefusal = { error, isTold: false };
      this.flush(); // perhaps the messages alone are allowed
    } else if (error.temporary) {
      this.#askLater(error.retryAfterMs ?? this.#backoff.next());
    } else {
      this.#isRefused = true;
      this.#ready.reject(error);
      this.#connection.report(error);
    }
  }

  // of no interest to a page that never named presence and hears everything else
  #tellPresenceRefusal() {
    const refusal = this.#presenceRefusal;
    if (refusal === null || refusal.isTold || !this.#namesPresence()) return;
    refusal.isTold = true;
    this.#connection.report(refusal.error);
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

  #loadAgain() {
    this.#needsRows = true;
    this.#repair();
  }

  /** Takes a frame of this topic. */
  receive(frame) {
    if (frame.type === 'error') return this.#repair(); // rights have changed: the answer says what is left
    this.#feed?.receive(frame);
    this.#listeners.emit(POSITION, this.position);
  }

  /** Counts one's own publication as seen that is not echoed. */
  skip(position, prev) {
    this.#feed?.skip(position, prev);
  }
}
