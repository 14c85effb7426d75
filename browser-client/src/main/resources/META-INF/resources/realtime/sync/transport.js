import { Backoff } from '../client/backoff.js';
import { createRealtime } from '../client.js';

const PAUSES = { reconnectDelay: 500, maxReconnectDelay: 30_000, jitter: 0.2 };
const PRESENCE = ['presence:join', 'presence:update', 'presence:leave'];

const uses = new WeakMap(); // channel → how many documents of this page are on it

/** How a document reaches its server: over a connection of its own, or over that of `realtime`. */
export function createWebSocketTransport({ url, room, realtime, ...options } = {}) {
  return {
    connect(name, hooks, settings) {
      const shared = realtime ?? createRealtime({ ...options, url, autoConnect: false });
      return new Session(shared, realtime === undefined, room ?? name, hooks, settings);
    },
  };
}

class Session {
  #realtime;
  #isOwn;
  #document;
  #channel;
  #hooks;
  #ends = [];
  #members = new Map(); // user id → { data, status }
  #backoff = new Backoff(PAUSES);
  #turn = 0;
  #timer = null;
  #isOpen = false;
  #isClosed = false;

  constructor(realtime, isOwn, document, hooks, { presence }) {
    this.#realtime = realtime;
    this.#isOwn = isOwn;
    this.#document = document;
    this.#hooks = hooks;
    this.#channel = realtime.channel(`doc/${document}`, { presence });
    uses.set(this.#channel, (uses.get(this.#channel) ?? 0) + 1);
    hooks.opening(); // what is told from the subscription on is not lost
    this.#on('document:update', ({ data }) => hooks.told(data.writes));
    this.#on('reset', () => this.open());
    for (const event of presence ? PRESENCE : []) this.#on(event, (frame) => this.#present(frame));
    this.#channel.subscribe();
    this.#ends.push(realtime.onStatusChange((status) => this.#statusChanged(status)));
    this.#statusChanged(realtime.status);
    realtime.connect().catch(() => {}); // its status tells
  }

  #on(event, listener) {
    this.#channel.on(event, listener);
    this.#ends.push(() => this.#channel.off(event, listener));
  }

  #statusChanged(status) {
    this.#hooks.status(status);
    if (status !== 'connected') return;
    this.#tellMembers(); // who this page is may have changed
    if (this.#isOpen) this.#hooks.live();
    else this.open();
  }

  /** Asks for the document as it is. */
  async open() {
    const mine = ++this.#turn;
    const isLate = () => mine !== this.#turn || this.#isClosed;
    clearTimeout(this.#timer);
    this.#isOpen = false;
    this.#hooks.opening();
    try {
      await this.#channel.ready; // what changes from here on is told
      const answer = await this.#realtime.call('document:open', { document: this.#document });
      if (isLate()) return;
      this.#hooks.opened(answer);
      this.#isOpen = true;
      this.#backoff.reset();
      this.#hooks.live();
    } catch (error) {
      if (isLate()) return;
      if (!error.temporary) this.#hooks.failed(error);
      else if (this.#realtime.status === 'connected') this.#timer = setTimeout(() => this.open(), error.retryAfterMs ?? this.#backoff.next());
    }
  }

  /** Whether writes can be sent now. */
  get isLive() {
    return this.#isOpen && !this.#isClosed && this.#realtime.status === 'connected';
  }

  /** Resolves with the server's answer. */
  send(writes) {
    return this.#realtime.call('document:update', { document: this.#document, writes });
  }

  track(state) {
    this.#channel.track(state);
  }

  #present({ event, userId, data, status }) {
    if (event === 'presence:leave') this.#members.delete(userId);
    else this.#members.set(userId, { id: userId, data, status });
    this.#tellMembers();
  }

  #tellMembers() {
    this.#hooks.peers([...this.#members.values()].filter(({ id }) => id !== this.#realtime.userId));
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
    const left = uses.get(this.#channel) - 1;
    uses.set(this.#channel, left);
    if (left === 0) this.#channel.untrack().unsubscribe();
    if (this.#isOwn) this.#realtime.disconnect();
  }
}
