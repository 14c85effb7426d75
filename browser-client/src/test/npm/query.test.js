import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { MutationObserver, QueryClient } from '@tanstack/query-core';
import {
  applyCacheOperation,
  bindPersonalChannel,
  bindTable,
  chatRules,
  createQueryOptimistic,
  createSyncHandler,
  offlineMutation,
  optimisticMutation,
} from 'tidewire/query';

let client;

beforeEach(() => {
  client = new QueryClient({ defaultOptions: { queries: { gcTime: Infinity }, mutations: { gcTime: Infinity } } });
  client.setQueryData(['posts'], [{ id: 1, text: 'a' }]);
  client.setQueryData(['posts', { page: 1 }], { data: [{ id: 1, text: 'a' }], meta: 'kept' });
  client.setQueryData(['posts', 'all'], { pages: [{ data: [{ id: 1, text: 'a' }] }, { data: [{ id: 0, text: 'z' }] }], pageParams: [0, 1] });
  client.setQueryData(['posts', '1'], { id: 1, text: 'a' });
  client.setQueryData(['others'], [{ id: 1 }]);
});

const get = (...key) => client.getQueryData(key);
const isStale = (...key) => client.getQueryState(key).isInvalidated;

function fakeChannel(topic) {
  const listeners = [];
  const channel = {
    topic,
    on: (event, callback) => (listeners.push([event, callback]), channel),
    off: (event, callback) => (listeners.splice(listeners.findIndex(([e, c]) => e === event && c === callback), 1), channel),
    subscribe: () => channel,
    tell: (event, message) => listeners.forEach(([name, callback]) => (name === event || name === '*') && callback(message)),
    listeners,
  };
  return channel;
}

test('created goes in front of every list once, and into its detail', () => {
  const event = { operation: 'create', entity: 'posts', id: 2, payload: { id: 2, text: 'b' } };
  applyCacheOperation(client, event);
  applyCacheOperation(client, event);
  assert.deepEqual(get('posts').map(({ id }) => id), [2, 1]);
  assert.deepEqual(get('posts', { page: 1 }), { data: [{ id: 2, text: 'b' }, { id: 1, text: 'a' }], meta: 'kept' });
  assert.deepEqual(get('posts', 'all').pages.map(({ data }) => data.map(({ id }) => id)), [[2, 1], [0]]);
  assert.deepEqual(get('posts', 2), { id: 2, text: 'b' });
  assert.deepEqual(get('others'), [{ id: 1 }]);
});

test('updated replaces by id, also on later pages', () => {
  applyCacheOperation(client, { operation: 'update', entity: 'posts', id: '0', payload: { id: 0, text: 'Z' } });
  assert.equal(get('posts', 'all').pages[1].data[0].text, 'Z');
  assert.deepEqual(get('posts'), [{ id: 1, text: 'a' }]);
});

test('partial update merges', () => {
  applyCacheOperation(client, { operation: 'update', entity: 'posts', id: '1', payload: { done: true }, partial: true });
  assert.deepEqual(get('posts'), [{ id: 1, text: 'a', done: true }]);
  assert.deepEqual(get('posts', '1'), { id: 1, text: 'a', done: true });
});

test('deleted is taken out of lists and details', () => {
  applyCacheOperation(client, { operation: 'delete', entity: 'posts', id: '1' });
  assert.deepEqual(get('posts'), []);
  assert.deepEqual(get('posts', { page: 1 }), { data: [], meta: 'kept' });
  assert.equal(get('posts', '1'), undefined);
});

test('event without a payload asks again', () => {
  applyCacheOperation(client, { operation: 'update', entity: 'posts', id: '1' });
  assert.ok(isStale('posts') && isStale('posts', '1') && !isStale('others'));
});

test('list that does not change stays the same object', () => {
  const before = get('posts', 'all');
  applyCacheOperation(client, { operation: 'update', entity: 'posts', id: 9, payload: { id: 9 } });
  assert.equal(get('posts', 'all'), before);
});

test('cache follows a table channel', () => {
  const channel = fakeChannel('posts');
  const end = bindTable(client, channel);
  channel.tell('INSERT', { operation: 'INSERT', data: { id: 3 } });
  channel.tell('UPDATE', { operation: 'UPDATE', data: { id: 1, text: 'A' } });
  channel.tell('DELETE', { operation: 'DELETE', data: { id: 3 } });
  assert.deepEqual(get('posts'), [{ id: 1, text: 'A' }]);
  channel.tell('reset', {});
  assert.ok(isStale('posts'));
  end();
  assert.equal(channel.listeners.length, 0);
});

test('personal channel carries events of any entity', () => {
  const channel = fakeChannel('user:7');
  const end = bindPersonalChannel(client, { channel: (topic) => (assert.equal(topic, 'user:7'), channel) }, 7);
  channel.tell('changed', { type: 'event', data: { operation: 'delete', entity: 'posts', id: 1 } });
  channel.tell('hello', { type: 'event', data: 'hi' });
  assert.deepEqual(get('posts'), []);
  end();
  assert.equal(channel.listeners.length, 0);
});

test('messages are routed by type', () => {
  const unknown = [];
  const handle = createSyncHandler(client, chatRules, { unknown: ({ type }) => unknown.push(type) });
  const message = { id: 'm1', type: 'chat:message', payload: { roomId: 'r', userId: 'u', text: 'hi' } };
  handle(message);
  handle(message);
  assert.deepEqual(get('rooms', 'r', 'messages'), [message]);
  handle({ type: 'presence:update', payload: { userId: 'r:u', status: 'away' } });
  assert.deepEqual(get('presence', 'r'), { 'r:u': 'away' });
  client.setQueryData(['docs', 'd'], 1);
  handle({ type: 'doc:patch', payload: { docId: 'd' } });
  assert.ok(isStale('docs', 'd'));
  handle({ type: 'constructor' });
  assert.deepEqual(unknown, ['constructor']);
});

test('optimistic mutation shows, defers and rolls back', async () => {
  const optimistic = createQueryOptimistic(client, 'posts');
  const channel = fakeChannel('posts');
  bindTable(client, channel, { optimistic });
  let refuse;
  const mutation = new MutationObserver(
    client,
    optimisticMutation(client, optimistic, {
      entity: 'posts',
      id: (input) => input.id,
      change: (post, { text }) => ({ ...post, text }),
      request: () => new Promise((resolve, reject) => (refuse = reject)),
    }),
  );
  const done = mutation.mutate({ id: '1', text: 'mine' });
  while (refuse === undefined) await new Promise(setImmediate);
  assert.equal(get('posts', '1').text, 'mine');
  channel.tell('UPDATE', { operation: 'UPDATE', data: { id: 1, text: 'theirs' } });
  assert.equal(get('posts', '1').text, 'mine');
  refuse(new Error('no'));
  await assert.rejects(done, { message: 'no' });
  assert.equal(get('posts')[0].text, 'theirs');
  assert.ok(isStale('posts', '1'));
});

test('offline mutation answers queued and leaves the cache alone', async () => {
  const written = [];
  const queue = { write: async (...args) => (written.push(args), { queued: written.length === 1 }) };
  const mutation = new MutationObserver(client, offlineMutation(client, queue, { url: '/api/posts', queryKeysToInvalidate: [['posts']] }));
  assert.deepEqual(await mutation.mutate({ text: 'x' }), { queued: true });
  assert.ok(!isStale('posts'));
  await mutation.mutate({ text: 'y' });
  assert.ok(isStale('posts'));
  assert.deepEqual(written[0], ['/api/posts', { method: 'POST', body: { text: 'x' } }]);
});
