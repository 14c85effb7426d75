import { createOptimistic } from './optimistic.js';

const OPERATIONS = { INSERT: 'create', UPDATE: 'update', DELETE: 'delete' };

/**
 * Applies an event to the cache of TanStack Query: details under `[entity, id]`, lists under any key that begins with
 * `[entity]`. Lists are arrays, objects with an array `data`, or pages of these.
 */
export function applyCacheOperation(client, { operation, entity, id, payload, partial = false }) {
  const detail = [entity, id];
  const lists = { predicate: ({ queryKey }) => queryKey[0] === entity && !(queryKey.length === 2 && same(queryKey[1], id)) };
  const edit = (change) => client.setQueriesData(lists, (old) => changeList(old, change, operation === 'create'));
  const isOf = (item) => same(item?.id, id);

  if (operation === 'delete') {
    client.removeQueries({ queryKey: detail, exact: true });
    edit((items) => without(items, isOf));
  } else if (payload === undefined || payload === null) {
    client.invalidateQueries({ queryKey: [entity] }); // it changed, and only the server knows how
  } else {
    const merged = (old) => (partial ? old && { ...old, ...payload } : payload);
    client.setQueryData(detail, merged);
    const replaced = (items) => (items.some(isOf) ? items.map((item) => (isOf(item) ? merged(item) : item)) : null);
    edit((items, isFirst) => replaced(items) ?? (operation === 'create' && isFirst ? [payload, ...items] : items));
  }
}

function changeList(old, change, isCreate) {
  if (Array.isArray(old?.pages)) {
    // a row that is new goes to the front of the first page, unless some page has it
    let pages = old.pages.map((page) => changeItems(page, (items) => change(items, false)));
    const isUntouched = pages.every((page, i) => page === old.pages[i]);
    if (isCreate && isUntouched) pages = old.pages.map((page, i) => changeItems(page, (items) => change(items, i === 0)));
    return pages.every((page, i) => page === old.pages[i]) ? old : { ...old, pages };
  }
  return changeItems(old, (items) => change(items, true));
}

function changeItems(list, change) {
  if (Array.isArray(list)) return change(list);
  if (!Array.isArray(list?.data)) return list;
  const data = change(list.data);
  return data === list.data ? list : { ...list, data };
}

function without(items, isOf) {
  return items.some(isOf) ? items.filter((item) => !isOf(item)) : items;
}

// ids out of an address are strings, out of a database numbers
function same(a, b) {
  return a !== undefined && a !== null && String(a) === String(b);
}

/** Keeps the cache of an entity in step with a table channel. Returns a function that ends it. */
export function bindTable(client, channel, { entity = channel.topic, key = 'id', optimistic } = {}) {
  const changed = ({ operation, data }) => {
    const id = data[key];
    const apply = () => applyCacheOperation(client, { operation: OPERATIONS[operation], entity, id, payload: data });
    if (optimistic) optimistic.receive(String(id), apply);
    else apply();
  };
  const reset = () => client.invalidateQueries({ queryKey: [entity] });
  for (const operation of Object.keys(OPERATIONS)) channel.on(operation, changed);
  channel.on('reset', reset).subscribe();
  return () => {
    for (const operation of Object.keys(OPERATIONS)) channel.off(operation, changed);
    channel.off('reset', reset);
  };
}

/** Applies the events `{operation, entity, id, payload}` of a user's own channel, `user:<id>`. Returns what ends it. */
export function bindPersonalChannel(client, realtime, userId) {
  const channel = realtime.channel(`user:${userId}`);
  const heard = ({ type, data }) => type === 'event' && data?.operation && data.entity && applyCacheOperation(client, data);
  const reset = () => client.invalidateQueries();
  channel.on('*', heard).on('reset', reset).subscribe();
  return () => {
    channel.off('*', heard).off('reset', reset);
  };
}

/**
 * Routes the messages of a protocol to the cache: `rules` by type give the event for `applyCacheOperation`, or
 * `{append: key, item}`, `{set: key, value}`, `{merge: key, patch}`, `{invalidate: key}`.
 */
export function createSyncHandler(client, rules, { unknown = () => {} } = {}) {
  return (message) => {
    const rule = Object.hasOwn(rules, message?.type) ? rules[message.type] : undefined;
    if (rule === undefined) return unknown(message);
    const change = rule(message);
    if (!change) return;
    if (change.append) client.setQueryData(change.append, (old) => appended(old ?? [], change.item ?? message));
    else if (change.set) client.setQueryData(change.set, change.value);
    else if (change.merge) client.setQueryData(change.merge, (old) => ({ ...old, ...change.patch }));
    else if (change.invalidate) client.invalidateQueries({ queryKey: change.invalidate });
    else applyCacheOperation(client, change);
  };
}

/** Rules for messages of the types that chats and documents use. */
export const chatRules = Object.freeze({
  'chat:message': (message) => ({ append: ['rooms', message.payload.roomId, 'messages'], item: message }),
  'presence:update': ({ payload }) => ({
    merge: ['presence', payload.roomId ?? payload.userId.split(':')[0]],
    patch: { [payload.userId]: payload.status },
  }),
  'doc:patch': ({ payload }) => ({ invalidate: ['docs', payload.docId] }),
});

// a replay after a reconnect brings again what is there
function appended(list, item) {
  return list.some((one) => one.id === item.id) ? list : [...list, item];
}

/** Operations on the details in the cache that are shown before the server has answered. */
export function createQueryOptimistic(client, entity, options) {
  return createOptimistic({
    ...options,
    read: (id) => client.getQueryData([entity, id]),
    write: (id, value) => (value === undefined ? client.removeQueries({ queryKey: [entity, id], exact: true }) : client.setQueryData([entity, id], value)),
  });
}

/**
 * Options for `useMutation`: shows `change(value, input)` at once, sends by `request(input)`, and takes it back where
 * that fails.
 */
export function optimisticMutation(client, optimistic, { entity, id, change, request }) {
  const idOf = (input) => (typeof id === 'function' ? id(input) : id);
  return {
    mutationFn: async (input) => {
      const entityId = idOf(input);
      await client.cancelQueries({ queryKey: [entity, entityId] }); // an answer under way is older than this
      return optimistic.mutate(entityId, (value) => change(value, input), () => request(input));
    },
    onSettled: (data, error, input) => client.invalidateQueries({ queryKey: [entity, idOf(input)] }),
  };
}

/** Options for `useMutation`: writes through an offline queue, which answers `{queued: true}` where there is no network. */
export function offlineMutation(client, queue, { url, method = 'POST', queryKeysToInvalidate = [], ...options }) {
  return {
    ...options,
    networkMode: 'always', // else nothing would be called without a network
    mutationFn: (input) => queue.write(typeof url === 'function' ? url(input) : url, { method, body: input }),
    onSettled: (data, ...rest) => {
      // what is queued is not on the server yet: reading again would take the change away
      if (!data?.queued) for (const queryKey of queryKeysToInvalidate) client.invalidateQueries({ queryKey });
      return options.onSettled?.(data, ...rest);
    },
  };
}
