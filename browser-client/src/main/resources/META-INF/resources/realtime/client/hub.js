import { Ways } from './fallback.js';
import { parseFrames } from './frames.js';
import { Heartbeat } from './heartbeat.js';

const CONNECT_MS = 10_000;
const CHECK_MS = 5_000;
const PRESENCE = new Set(['presence', 'presence_state', 'presence_count']);

/**
 * One connection for several tabs, in a worker that lives as long as any of them. Every tab speaks as if it was alone:
 * the server is told what all of them want together, and each tab what it wanted. A tab that falls silent is forgotten.
 */
export class Hub {
  #tabs = new Set();
  #topics = new Map(); // topic → Map of tab → { where, presence }
  #requests = new Map(); // our id → { tab, frame, done, failed, answered }
  #answeredResets = new Map(); // topic → position of a reset that an answer has told already
  #ways = null;
  #socket = null;
  #heartbeat = null;
  #welcome = null;
  #goodToken;
  #isAway = false;
  #lastId = 0;

  constructor() {
    setInterval(() => this.#forgetSilent(), CHECK_MS);
  }

  /** Takes the port of a tab, whose first word says where to connect. */
  join(port) {
    const tab = { port, heardAt: Date.now(), tracked: new Map(), isAway: false, held: new Map() };
    port.onmessage = ({ data }) => {
      tab.heardAt = Date.now();
      if (data.begin) this.#begin(tab, data.begin);
      else if (data.bye) this.#leave(tab);
      else if (this.#tabs.has(tab)) for (const frame of parseFrames(data.text)) this.#fromTab(tab, frame);
    };
  }

  #begin(tab, { url, transports }) {
    this.#tabs.add(tab);
    if (this.#socket === null) this.#connect(url, transports);
    else if (this.#socket.readyState === 1) this.#opened(tab);
  }

  #connect(url, transports) {
    this.#ways ??= new Ways(url, { transports, WebSocket, connectTimeout: CONNECT_MS }, undefined, () => this.#tryBetter());
    const socket = (this.#socket = this.#ways.open());
    socket.onopen = () => this.#tabs.forEach((tab) => this.#opened(tab));
    socket.onmessage = ({ data }) => {
      this.#heartbeat?.alive();
      for (const frame of parseFrames(data)) this.#fromServer(frame);
    };
    socket.onclose = ({ code, reason }) => this.#end(code, reason);
  }

  /** The tabs come back over the better way, each where it was. */
  #tryBetter() {
    const socket = this.#ways.openBetter();
    socket.onopen = () => {
      socket.close(1000, '');
      this.#drop(1012, 'a better way was found');
    };
    socket.onclose = () => this.#ways.tryLater();
  }

  #opened(tab) {
    tab.port.postMessage({ opened: true });
    if (this.#welcome !== null) this.#tell(tab, this.#welcome);
  }

  #tell(tab, frame) {
    tab.port.postMessage({ text: JSON.stringify(frame) });
  }

  #drop(code, reason) {
    const socket = this.#socket;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code === 4000 ? 4000 : 1000, reason);
    this.#end(code, reason);
  }

  /** The connection has ended, and with it everything the server knew of it. */
  #end(code, reason) {
    const tabs = [...this.#tabs];
    this.#heartbeat?.stop();
    this.#socket = this.#heartbeat = this.#welcome = null;
    this.#goodToken = undefined;
    this.#isAway = false;
    for (const all of [this.#tabs, this.#topics, this.#requests, this.#answeredResets]) all.clear();
    for (const { port } of tabs) port.postMessage({ closed: { code, reason } });
  }

  #forgetSilent() {
    const { pingInterval = 25_000, pongTimeout = 5_000 } = this.#welcome?.payload ?? {};
    if (!(pingInterval > 0)) return;
    for (const tab of [...this.#tabs]) {
      if (Date.now() - tab.heardAt > pingInterval + pongTimeout + CHECK_MS) this.#leave(tab);
    }
  }

  // what tabs say

  #fromTab(tab, frame) {
    const { id, type, topic } = frame;
    const done = (payload = {}) => id !== undefined && this.#tell(tab, { id: `h${++this.#lastId}`, type: 'ack', ts: new Date().toISOString(), payload: { messageId: id, topic, ...payload } });
    if (type === 'ping') {
      this.#tell(tab, { id: `h${++this.#lastId}`, type: 'pong', ts: new Date().toISOString() });
      done();
    } else if (type === 'auth') {
      if (frame.token === this.#goodToken) done({ userId: this.#welcome?.payload.userId });
      else this.#ask(tab, frame, { done: () => (this.#goodToken = frame.token) });
    } else if (type === 'subscribe') {
      this.#subscribe(tab, frame);
    } else if (type === 'unsubscribe') {
      this.#topics.get(topic)?.delete(tab);
      this.#endTopic(topic, () => this.#ask(tab, frame), done);
    } else if (type === 'track') {
      tab.tracked.delete(topic);
      tab.tracked.set(topic, frame.data);
      this.#ask(tab, frame);
    } else if (type === 'untrack') {
      tab.tracked.delete(topic);
      this.#ask(tab, this.#untracking(frame));
    } else if (type === 'status') {
      tab.isAway = frame.status === 'away';
      if (!this.#tellStatus((status) => this.#ask(tab, { ...frame, status }))) done();
    } else if (type === 'publish' && frame.echo === false) {
      this.#publishUnechoed(tab, frame);
    } else {
      this.#ask(tab, frame);
    }
  }

  /** Sends a tab's frame under an id of ours, so that the answer finds its way back. */
  #ask(tab, frame, { done = () => {}, failed = () => {}, answered = (payload, answer) => this.#tell(tab, answer) } = {}) {
    const id = `h${++this.#lastId}`;
    this.#requests.set(id, { tab, frame, done, failed, answered });
    this.#socket.send(JSON.stringify({ ...frame, id }));
  }

  #say(frame) {
    this.#socket?.send(JSON.stringify(frame));
  }

  #subscribe(tab, frame) {
    const { topic } = frame;
    const where = JSON.stringify(frame.where);
    const wishes = this.#topics.get(topic) ?? new Map();
    for (const [other, wish] of wishes) {
      // rows of one table under two conditions: a connection has one each
      if (other !== tab && wish.where !== where) return this.#sendAway(tab);
      // and one that counts the members is not told them
      if (other !== tab && frame.presence && wish.presence && wish.presence !== frame.presence) return this.#sendAway(tab);
    }
    const before = wishes.get(tab);
    wishes.set(tab, { where, presence: frame.presence || false });
    this.#topics.set(topic, wishes);
    const presence = [...wishes.values()].find((wish) => wish.presence)?.presence ?? false;
    this.#ask(tab, { ...frame, presence }, {
      done: (payload) => {
        if (payload.recovered === false) this.#answeredResets.set(topic, payload.position);
        // what came meanwhile is in this answer alone; who has it already knows it by its id
        for (const message of payload.messages ?? []) this.#toTabs(topic, message, tab);
      },
      failed: () => {
        if (before === undefined) wishes.delete(tab);
        else wishes.set(tab, before);
        this.#endTopic(topic, () => {}, () => {});
      },
    });
  }

  #sendAway(tab) {
    tab.port.postMessage({ alone: true });
    this.#leave(tab);
  }

  #endTopic(topic, ifLast, otherwise) {
    if ((this.#topics.get(topic)?.size ?? 0) > 0) return otherwise();
    this.#topics.delete(topic);
    ifLast();
  }

  /** Leaving a channel, or showing there what another tab shows. */
  #untracking({ id, topic }) {
    const others = [...this.#tabs].filter((tab) => tab.tracked.has(topic));
    const data = others.at(-1)?.tracked.get(topic);
    return data === undefined ? { id, type: 'untrack', topic } : { id, type: 'track', topic, data };
  }

  /** Away are all or none. */
  #tellStatus(tell) {
    const isAway = this.#tabs.size > 0 && [...this.#tabs].every((tab) => tab.isAway);
    if (isAway === this.#isAway) return false;
    this.#isAway = isAway;
    tell(isAway ? 'away' : 'online');
    return true;
  }

  /** The other tabs are to have it: the server echoes it, and it is kept from this tab when its id is known. */
  #publishUnechoed(tab, { echo, ...frame }) {
    const { topic } = frame;
    const held = tab.held.get(topic) ?? { count: 0, frames: [] };
    held.count++;
    tab.held.set(topic, held);
    // the answer takes the place of the message in the order of the stream
    const answered = (payload, answer) => {
      const place = held.frames.findIndex((message) => message.id === payload.position);
      if (place >= 0) held.frames[place] = answer;
      else held.frames.push(answer);
      if (--held.count > 0) return;
      tab.held.delete(topic);
      for (const message of held.frames) this.#tell(tab, message);
    };
    this.#ask(tab, frame, { answered });
  }

  #leave(tab) {
    if (!this.#tabs.delete(tab)) return;
    tab.port.postMessage({ closed: { code: 4000, reason: 'not heard of any more' } });
    if (this.#tabs.size === 0) {
      this.#drop(1000, 'no tab is left');
      return;
    }
    for (const [topic, wishes] of [...this.#topics]) {
      if (wishes.delete(tab)) this.#endTopic(topic, () => this.#say({ type: 'unsubscribe', topic }), () => {});
    }
    for (const topic of tab.tracked.keys()) this.#say(this.#untracking({ topic }));
    this.#tellStatus((status) => this.#say({ type: 'status', status }));
  }

  // what the server says

  #fromServer(frame) {
    const { type, topic, payload } = frame;
    const request = this.#requests.get(payload?.messageId);
    if (type === 'welcome') this.#welcomed(frame);
    else if (request !== undefined) this.#answer(request, frame);
    else if (type === 'pong' || type === 'ack') return;
    else if (topic === undefined) this.#tabs.forEach((tab) => this.#tell(tab, frame));
    else if (type === 'reset' && payload?.reason !== 'UNKNOWN_CHANGE') this.#reset(topic, frame);
    else this.#toTabs(topic, frame);
  }

  #welcomed(frame) {
    this.#welcome = frame;
    const { pingInterval = 25_000, pongTimeout = 5_000 } = frame.payload;
    this.#heartbeat?.stop();
    if (pingInterval > 0) {
      this.#heartbeat = new Heartbeat(pingInterval, pongTimeout, () => this.#say({ type: 'ping' }), () => this.#drop(4000, 'Ping timeout'));
    }
    for (const tab of this.#tabs) this.#tell(tab, frame);
  }

  #answer({ tab, frame: { id }, done, failed, answered }, frame) {
    this.#requests.delete(frame.payload.messageId);
    if (frame.type === 'ack') done(frame.payload);
    else failed();
    if (this.#tabs.has(tab)) answered(frame.payload, { ...frame, payload: { ...frame.payload, messageId: id } });
  }

  /** Of those that an answer tells by itself, nobody else need hear. */
  #reset(topic, frame) {
    if (this.#answeredResets.get(topic) === frame.payload.position) return;
    const asking = [...this.#requests.values()].filter((request) => request.frame.type === 'subscribe' && request.frame.topic === topic && request.frame.since);
    if (asking.length === 0) this.#toTabs(topic, frame);
    else for (const { tab } of asking) this.#tell(tab, frame);
  }

  #toTabs(topic, frame, except) {
    for (const [tab, { presence }] of this.#topics.get(topic) ?? []) {
      if (tab === except || (PRESENCE.has(frame.type) && !presence)) continue;
      const held = tab.held.get(topic);
      if (held !== undefined && frame.type === 'event') held.frames.push(frame);
      else this.#tell(tab, frame);
    }
  }
}

const hub = new Hub();
globalThis.onconnect = ({ ports: [port] }) => hub.join(port);
