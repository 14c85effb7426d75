// A page over a bad network: hears the same channels by the client, by an event stream and by polling, and publishes.
import { createRealtime } from '/app/realtime/client.js';
import { createPoller } from '/app/realtime/polling.js';
import { createEventStream } from '/app/realtime/sse.js';

const PARALLEL = 4;

// what the test reads: [way, topic, position, data as JSON or null for "goes on after it"]
const heard = [];
const acked = [];
const failures = [];
let realtime;
let attempts = 0;
let links = 0;

addEventListener('error', ({ message }) => failures.push(message));
addEventListener('unhandledrejection', ({ reason }) => failures.push(String(reason)));

/** Hears frames of a transport without a client: drops what it has. */
function reader(way) {
  const last = new Map();
  return {
    begin(topic, position) {
      if (last.has(topic)) return;
      last.set(topic, position);
      heard.push([way, topic, position, null]);
    },
    take(frame) {
      if (frame.type === 'reset') {
        last.set(frame.topic, frame.payload.position);
        heard.push([way, frame.topic, frame.payload.position, null]);
        return;
      }
      const before = last.get(frame.topic);
      if (before !== undefined && offset(frame.id) <= offset(before)) return;
      last.set(frame.topic, frame.id);
      heard.push([way, frame.topic, frame.id, JSON.stringify(frame.data)]);
    },
  };
}

const offset = (position) => Number(position.split('.')[1]);

async function hear(topics) {
  realtime = createRealtime({ reconnectDelay: 10, maxReconnectDelay: 100, connectTimeout: 1000 });
  realtime.onStatusChange((status) => void (links += status === 'connected' ? 1 : 0));
  for (const topic of topics) {
    const channel = realtime
      .channel(topic, { presence: false })
      .on('n', ({ id, data }) => heard.push(['client', topic, id, JSON.stringify(data)]))
      .on('reset', ({ payload }) => heard.push(['client', topic, payload.position, null]))
      .subscribe();
    await channel.ready;
    heard.push(['client', topic, channel.position, null]);
  }
  const query = topics.map((topic) => `topic=${topic}`).join('&');

  const stream = reader('stream');
  createEventStream(
    `/app/realtime/sse?presence=false&${query}`,
    {
      n: (frame) => stream.take(frame),
      reset: (frame) => stream.take(frame),
      subscribed: ({ topic, payload }) => stream.begin(topic, payload.position),
    },
    { maxRetries: Infinity, reconnectDelay: 20, maxReconnectDelay: 200, lastIdParameter: 'Last-Event-ID' },
  );

  const poll = reader('poll');
  const impatient = (url, request) => fetch(url, { ...request, signal: AbortSignal.timeout(1000) });
  createPoller(`/app/realtime/poll?${query}`, { interval: 50, fetch: impatient }).data.subscribe(({ messages, cursor }) => {
    messages.forEach(poll.take);
    for (const entry of cursor.split('~')) poll.begin(...entry.split('='));
  });
}

async function publishAll(name, topics, count) {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const number = next++;
      await publish(topics[number % topics.length], name + number);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

/** As documented: what may be out already is published again with its key. */
async function publish(topic, data) {
  for (let key; ; ) {
    attempts++;
    try {
      const { position } = await realtime.channel(topic).publish('n', data, { key });
      acked.push([topic, position, JSON.stringify(data)]);
      return;
    } catch (error) {
      if (!error.temporary) throw error;
      key = error.key;
      await realtime.connect().catch(() => {});
    }
  }
}

window.chaos = {
  hear,
  publishAll(...order) {
    publishAll(...order).catch((error) => failures.push(String(error)));
  },
  news: () => ({ heard: heard.splice(0), acked: acked.splice(0), failures, attempts, links }),
  links: () => links,
  has: (text) => heard.some(([way, , , data]) => way === 'client' && data === JSON.stringify(text)),
  track: (topic) => void realtime.channel(topic).track({}),
};
