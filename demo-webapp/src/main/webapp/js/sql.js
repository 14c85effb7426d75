import { api, ApiError } from './api.js';
import { app, start } from './app.js';
import { $, h, setText } from './dom.js';

const TABLES = ['orders', 'lists', 'todos', 'lots', 'bids'];
const KEPT = 60;
const EXAMPLES = [
  ['Write an order', "insert into orders (customer, total, status)\nvalues ('Ada Lovelace', 99.90, 'pending')"],
  ['Ship what is paid', "update orders set status = 'shipped'\nwhere status = 'paid'"],
  ['Tick everything off', 'update todos set done = true, version = version + 1\nwhere not done'],
  ['Give every lot a minute more', "update lots set ends_at = ends_at + interval '1' minute\nwhere status = 'open'"],
  ['Delete the small orders', 'delete from orders where total < 20'],
  ['Read the latest orders', 'select id, customer, total, status, created_at\nfrom orders order by id desc fetch first 10 rows only'],
];

await start();

setText($('#product'), app.me.database);
const statement = $('#statement');
const form = $('#console');
statement.value = EXAMPLES[0][1];

$('#examples').append(
  ...EXAMPLES.map(([name, sql]) =>
    h('button', { type: 'button', class: 'secondary outline small', onclick: () => {
      statement.value = sql;
      statement.focus();
    } }, name),
  ),
);

statement.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = $('button', form);
  button.setAttribute('aria-busy', 'true');
  button.disabled = true;
  const began = performance.now();
  try {
    show(await api('POST', 'sql', statement.value), performance.now() - began);
  } catch (error) {
    $('#result').replaceChildren(h('p', { class: 'failure', role: 'alert' }, error instanceof ApiError ? error.message : 'The server cannot be reached.'));
  } finally {
    button.removeAttribute('aria-busy');
    button.disabled = false;
  }
});

function show(answer, ms) {
  const time = `${Math.round(ms)} ms`;
  if (answer.columns) {
    const note = `${answer.rows.length}${answer.truncated ? ' of more' : ''} ${answer.rows.length === 1 ? 'row' : 'rows'}, ${time}`;
    $('#result').replaceChildren(h('p', { class: 'note' }, note), table(answer));
  } else {
    $('#result').replaceChildren(h('p', { class: 'success' }, `${answer.updated} ${answer.updated === 1 ? 'row' : 'rows'} changed, ${time}`));
  }
}

function table({ columns, rows }) {
  return h('div', { class: 'scroll-x', tabindex: 0, role: 'region', 'aria-label': 'Result' },
    h('table', { class: 'data' },
      h('thead', {}, h('tr', {}, columns.map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, rows.map((row) => h('tr', {}, row.map((value) => h('td', { class: value === null ? 'null' : null }, text(value)))))),
    ),
  );
}

const text = (value) => (value === null || value === undefined ? 'null' : typeof value === 'object' ? JSON.stringify(value) : String(value));

// what comes of it
const list = $('#events');

for (const name of TABLES) {
  const channel = app.realtime.channel(name);
  channel.on('*', (frame) => {
    if (frame.type === 'db_change' || frame.type === 'reset') note(frame);
  }).subscribe();
}

function note(frame) {
  list.prepend(frame.type === 'reset' ? resetEntry(frame) : changeEntry(frame));
  while (list.children.length > KEPT) list.lastElementChild.remove();
  $('#events-empty').hidden = true;
}

function resetEntry({ topic }) {
  return h('li', { class: 'event', 'data-operation': 'RESET' },
    h('p', { class: 'event-head' }, h('span', { class: 'badge' }, 'reset'), h('code', {}, topic), h('span', { class: 'note grow' }, 'something changed that is not told row by row: pages load again')));
}

function changeEntry({ topic, operation, data, old, timestamp }) {
  const names = Object.keys(data).filter((name) => operation !== 'UPDATE' || !same(old?.[name], data[name]));
  const fields = names.map((name) => [
    h('dt', {}, name),
    h('dd', {}, operation === 'UPDATE' ? [h('del', {}, text(old?.[name])), ' → ', h('ins', {}, text(data[name]))] : operation === 'DELETE' ? h('del', {}, text(data[name])) : h('ins', {}, text(data[name]))),
  ]);
  return h('li', { class: 'event', 'data-operation': operation },
    h('p', { class: 'event-head' }, h('span', { class: 'badge' }, operation), h('code', {}, `${topic} #${data.id}`), h('time', { class: 'note' }, String(timestamp).slice(11, 23))),
    h('dl', {}, fields.flat()),
  );
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

$('#clear').addEventListener('click', () => {
  list.replaceChildren();
  $('#events-empty').hidden = false;
});
