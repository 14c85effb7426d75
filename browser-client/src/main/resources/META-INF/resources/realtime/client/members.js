const MAX_HELD = 1000;

/**
 * Who is in one channel. However the server tells it, as a whole or step by step, listeners get the joins, updates and
 * leaves that lead from what they knew to what is. `onGap` asks for the whole again where a step is missing.
 */
export class Members {
  #topic;
  #emit;
  #onGap;
  #known = new Map();
  #revision = null; // null: the next whole state is awaited
  #held = [];

  constructor(topic, emit, onGap) {
    this.#topic = topic;
    this.#emit = emit;
    this.#onGap = onGap;
  }

  /** User id → state. */
  get data() {
    return new Map([...this.#known].map(([userId, member]) => [userId, member.data]));
  }

  /** The joins of everybody known, for a listener that comes late. */
  joins() {
    return [...this.#known].map(([userId, member]) => this.#step('presence:join', userId, member, member));
  }

  /** The connection was lost: those known stay known until the next whole state says who is there. */
  expectState() {
    this.#revision = null;
    this.#held = [];
  }

  /** Forgets everybody without telling. */
  clear() {
    this.#known = new Map();
    this.expectState();
  }

  /** Takes a `presence_state` frame. */
  state(frame) {
    const before = this.#known;
    const now = new Map();
    for (const { userId, data, status } of frame.members) now.set(userId, told(data, status, frame));
    const steps = [];
    for (const [userId, member] of before) {
      if (!now.has(userId)) steps.push(this.#step('presence:leave', userId, { ...member, status: 'offline' }, frame));
    }
    for (const [userId, member] of now) {
      const old = before.get(userId);
      if (old === undefined) steps.push(this.#step('presence:join', userId, member, frame));
      else if (!same(old, member)) steps.push(this.#step('presence:update', userId, member, frame));
    }
    const held = this.#held;
    this.#held = [];
    this.#known = now;
    this.#revision = frame.rev;
    for (const step of steps) this.#emit(step);
    for (const step of held) this.change(step);
  }

  /** Takes a `presence` frame, of one change or of several. */
  change(frame) {
    const { changes = [{}], from = frame.rev - 1, ...told } = frame;
    if (this.#revision === null || from > this.#revision) {
      this.#hold(frame);
    } else if (frame.rev > this.#revision) {
      this.#revision = frame.rev;
      for (const change of changes) this.#apply({ ...told, ...change });
    }
  }

  #hold(frame) {
    const isGap = this.#revision !== null;
    this.#revision = null;
    if (this.#held.length >= MAX_HELD) this.#held = [];
    this.#held.push(frame);
    if (isGap) this.#onGap();
  }

  #apply(frame) {
    const { userId, data, status } = frame;
    const wasKnown = this.#known.has(userId);
    if (frame.event !== 'presence:leave') {
      this.#known.set(userId, told(data, status, frame));
      this.#emit({ ...frame, event: wasKnown ? 'presence:update' : 'presence:join' });
    } else if (this.#known.delete(userId)) {
      this.#emit(frame);
    }
  }

  #step(event, userId, { data, status }, { id, ts, rev }) {
    return { id, type: 'presence', ts, timestamp: ts, topic: this.#topic, event, userId, data, status, rev };
  }
}

/** A member, and the frame that told of it last. */
function told(data, status, { id, ts, rev }) {
  return { data, status, id, ts, rev };
}

function same(a, b) {
  return a.status === b.status && JSON.stringify(a.data) === JSON.stringify(b.data);
}
