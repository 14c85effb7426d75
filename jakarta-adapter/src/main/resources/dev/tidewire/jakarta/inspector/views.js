/** What is shown below the figures: lists of connections and channels, and one of either from near by. */

import { age, bytes, count, h, keyed, rate, setText } from './dom.js';

export const TRANSPORTS = { websocket: 'WebSocket', event_stream: 'SSE', poll: 'Poll', yjs: 'Yjs', other: 'Other' };

/** A link that opens what is behind a row. */
const link = (kind, name, text = name) => h('a', { href: `#/${kind}/${encodeURIComponent(name)}` }, text);

const explainLink = (values, text = 'Explain an event') => h('a', { class: 'button', href: `#/explain?${new URLSearchParams(values)}` }, text);

/** A table whose rows are filled again with each answer. `columns`: name, class, create cell content, update it. */
function table(label, columns) {
  const body = h('tbody');
  const element = h('div', { class: 'scroll', role: 'region', 'aria-label': label, tabindex: '0' },
    h('table', {}, h('thead', {}, h('tr', {}, columns.map(({ name, kind }) => h('th', { scope: 'col', class: kind }, name)))), body));
  return {
    element,
    show(items, key) {
      keyed(body, items, key,
        (item) => h('tr', {}, columns.map(({ kind, make }) => h('td', { class: kind }, make?.(item)))),
        (row, item) => columns.forEach(({ text, update }, i) => {
          if (text) setText(row.cells[i], text(item));
          update?.(row.cells[i], item);
        }));
    },
  };
}

function connectionColumns(state) {
  return [
    { name: 'User', make: (c) => link('connections', c.id, c.userId ?? 'not known yet'), update: (cell, c) => cell.classList.toggle('faint', c.guest || c.userId === null) },
    { name: 'Connection', kind: 'code wide', text: (c) => c.id },
    { name: 'Transport', make: () => h('span', { class: 'tag' }), update: (cell, c) => {
      setText(cell.firstChild, TRANSPORTS[c.transport] ?? c.transport);
      cell.firstChild.dataset.kind = c.transport;
    } },
    { name: 'Address', kind: 'code wide', text: (c) => c.address || '–' },
    { name: 'For', kind: 'right', text: (c) => age(state.now - c.since) },
    { name: 'Heard', kind: 'right wide', text: (c) => (c.ending ? 'ending' : `${age(state.now - c.heard)} ago`) },
    { name: 'Channels', kind: 'right wide', text: (c) => count(c.subscriptions) },
    { name: 'Waiting', kind: 'right', text: (c) => (c.queuedBytes === 0 ? '–' : bytes(c.queuedBytes)), update: (cell, c) => cell.classList.toggle('hot', c.queuedBytes > 0) },
  ];
}

const CHANNEL_COLUMNS = [
  { name: 'Channel', kind: 'name', make: (c) => link('channels', c.topic) },
  { name: 'Kind', kind: 'wide', make: (c) => h('span', { class: 'tag', 'data-kind': c.table ? 'table' : 'channel' }, c.table ? 'table' : 'channel') },
  { name: 'Subscribers', kind: 'right', text: (c) => count(c.subscribers) },
  { name: 'Per second', kind: 'right', text: (c) => rate(c.perSecond), update: (cell, c) => cell.classList.toggle('lively', c.perSecond > 0) },
  { name: 'Position', kind: 'right code wide', text: (c) => c.position ?? '–' },
];

/** A list with a search field and an order. */
function list({ title, hint, sorts, path, columns, key, state }) {
  const shown = h('p', { class: 'note', role: 'status' });
  const rows = table(title, columns(state));
  const empty = h('p', { class: 'empty', hidden: true });
  const search = h('input', { type: 'search', id: 'search', placeholder: hint, 'aria-label': `Search: ${hint}`, autocomplete: 'off', spellcheck: 'false', maxlength: '255', oninput: () => state.refresh() });
  const sort = h('select', { id: 'sort', 'aria-label': 'Order', onchange: () => state.refresh() }, sorts.map(([value, text]) => h('option', { value }, text)));
  const element = h('div', { class: 'card' }, h('div', { class: 'bar' }, h('h2', {}, title), shown, h('div', { class: 'grow' }), search, sort), rows.element, empty);
  return {
    element,
    path: () => `${path}?${new URLSearchParams({ search: search.value.trim(), sort: sort.value, limit: '100' })}`,
    show(answer) {
      setText(shown, answer.items.length < answer.matched ? `the first ${count(answer.items.length)} of ${count(answer.matched)}` : count(answer.matched));
      rows.show(answer.items, key);
      rows.element.hidden = answer.items.length === 0;
      empty.hidden = answer.items.length > 0;
      setText(empty, search.value.trim() === '' ? 'Nobody is here now.' : 'Nothing like that is here now.');
    },
  };
}

export const connections = (state) => list({
  title: 'Connections', hint: 'user, id, address or channel', path: 'connections', key: (c) => c.id, columns: connectionColumns, state,
  sorts: [['queue', 'most waiting'], ['since', 'newest'], ['silence', 'longest silent'], ['subscriptions', 'most channels']],
});

export const channels = (state) => list({
  title: 'Channels', hint: 'part of the name', path: 'channels', key: (c) => c.topic, columns: () => CHANNEL_COLUMNS, state,
  sorts: [['rate', 'busiest'], ['subscribers', 'most subscribers'], ['topic', 'by name']],
});

/** A list of terms whose values are set by name. */
function facts(names) {
  const values = new Map(names.map((name) => [name, h('dd')]));
  return {
    element: h('dl', { class: 'facts' }, names.map((name) => h('div', {}, h('dt', {}, name), values.get(name)))),
    show: (texts) => Object.entries(texts).forEach(([name, text]) => setText(values.get(name), text)),
  };
}

const back = (kind, text) => h('a', { class: 'back', href: `#/${kind}` }, `← ${text}`);

/** One connection. */
export function connection(state, id) {
  const title = h('h2', {}, id);
  const known = facts(['Connection', 'Transport', 'Address', 'Connected', 'Last heard', 'Waiting']);
  const rows = table('Subscriptions', [
    { name: 'Channel', kind: 'name', make: (s) => link('channels', s.topic) },
    { name: 'Sees', make: () => h('span'), update: (cell, s) => setText(cell.firstChild, sees(s)) },
    { name: 'Presence', kind: 'wide', text: (s) => (s.presence ? 'yes' : 'no') },
  ]);
  const explain = h('span');
  const element = h('div', { class: 'card' }, back('connections', 'Connections'), h('div', { class: 'bar' }, title, h('div', { class: 'grow' }), explain), known.element, h('h3', {}, 'Subscriptions'), rows.element);
  explain.append(explainLink({ who: id }));
  return {
    element,
    path: () => `connection?${new URLSearchParams({ id })}`,
    show({ connection: c, subscriptions }) {
      setText(title, c.userId ?? 'not known yet');
      known.show({
        Connection: c.id, Transport: TRANSPORTS[c.transport] ?? c.transport, Address: c.address || '–', Connected: `${age(state.now - c.since)} ago`,
        'Last heard': c.ending ? 'it has ended' : `${age(state.now - c.heard)} ago`, Waiting: bytes(c.queuedBytes),
      });
      rows.show(subscriptions, (s) => s.topic);
    },
  };
}

function sees(subscription) {
  const parts = [];
  if (subscription.where.length > 0) parts.push(`a condition on ${subscription.where.join(', ')}`);
  if (subscription.restricted) parts.push('the row policy');
  return parts.length === 0 ? 'everything' : `what ${parts.join(' and ')} let${parts.length > 1 ? '' : 's'} through`;
}

/** One channel. */
export function channel(state, topic) {
  const known = facts(['Position', 'Retained', 'Per second', 'Subscribers', 'Java subscribers', 'Row classes']);
  const rows = table('Subscribed connections', connectionColumns(state).filter(({ name }) => !['Address', 'Heard', 'Channels'].includes(name)));
  const unheard = h('p', { class: 'empty' }, 'No client of this node subscribes.');
  const members = table('Members', [
    { name: 'Member', text: (m) => m.userId },
    { name: 'State', make: () => h('span', { class: 'tag' }), update: (cell, m) => {
      setText(cell.firstChild, m.online ? 'online' : 'away');
      cell.firstChild.dataset.kind = m.online ? 'online' : 'away';
    } },
    { name: 'Connections', kind: 'right', text: (m) => count(m.connections) },
    { name: 'For', kind: 'right', text: (m) => age(state.now - m.since) },
  ]);
  const present = h('h3', {}, 'Present');
  const nobody = h('p', { class: 'empty' });
  const explain = h('span');
  const element = h('div', { class: 'card' }, back('channels', 'Channels'), h('div', { class: 'bar' }, h('h2', { class: 'name' }, topic), h('div', { class: 'grow' }), explain), known.element,
    h('div', { class: 'halves' }, h('div', {}, h('h3', {}, 'Subscribed connections'), rows.element, unheard), h('div', {}, present, members.element, nobody)));
  let explained = null;
  return {
    element,
    path: () => `channel?${new URLSearchParams({ topic })}`,
    show(detail) {
      known.show({
        Position: detail.position, Retained: detail.retained === null ? 'not known here' : count(detail.retained), 'Per second': rate(detail.channel?.perSecond),
        Subscribers: count(detail.channel?.subscribers ?? 0), 'Java subscribers': count(detail.javaSubscribers), 'Row classes': count(detail.classes),
      });
      rows.show(detail.connections, (c) => c.id);
      rows.element.hidden = detail.connections.length === 0;
      unheard.hidden = detail.connections.length > 0;
      const items = detail.members?.items ?? [];
      setText(present, detail.members ? `Present: ${count(detail.members.total)}` : 'Present');
      members.show(items, (m) => m.userId);
      members.element.hidden = items.length === 0;
      nobody.hidden = items.length > 0;
      setText(nobody, detail.members ? 'Nobody is present.' : 'Who is present cannot be read now.');
      if (explained === null) explain.replaceChildren(explainLink({ topic, id: detail.position }, 'Explain the newest event'));
      else explained.href = `#/explain?${new URLSearchParams({ topic, id: detail.position })}`;
      explained = explain.firstChild;
    },
  };
}
