import '../realtime/rows.js';
import { effect } from '../realtime/signals.js';
import { api } from './api.js';
import { app, guard, notify, start } from './app.js';
import { $, h, icon, keyed, setText } from './dom.js';
import { OfflineTodos } from './offline-todos.js';
import { byName, peopleIn, showPeople } from './people.js';
import { TodoItem } from './todo-item.js';

await start();

const table = app.realtime.channel('todos');
const lists = app.realtime.channel('lists').rows({ orderBy: 'id' });
const todos = table.rows({ orderBy: ['position', 'id'] });
const items = new Map(); // todo id → TodoItem, of the list that is shown

const listInAddress = () => Number(new URLSearchParams(location.hash.slice(1)).get('list')) || null;

let listId = listInAddress();
let room = null; // presence in the list that is shown
let people = new Map();
let editing = null;

// writes go out at once, or wait for the network; what waits is shown as if it was done
const offline = new OfflineTodos(table, {
  // somebody changed the same meanwhile: only the visitor can tell
  decide(change, theirs) {
    open(theirs.list_id);
    const item = items.get(theirs.id);
    return item ? item.ask(change, theirs) : false;
  },
  refused: ({ reason }) => notify(`A change that had waited was refused (${reason}) and is gone.`, 'bad'),
  taken: () => notify('What you did offline is saved.'),
});

effect(() => {
  lists();
  todos();
  offline.waiting();
  showLists();
  showTodos();
});

// a line that was changed lights up; it is shown by then
table
  .on('INSERT', ({ data }) => queueMicrotask(() => items.get(data.id)?.changed(data)))
  .on('UPDATE', ({ data, old }) => queueMicrotask(() => items.get(data.id)?.changed(data, old)));

function showLists() {
  const all = lists();
  if (lists.ready()) open(listOf(listId) ? listId : (all[0]?.id ?? null));
  keyed($('#lists'), all, (list) => list.id, listLink, (element, list) => {
    const [name, count] = element.firstChild.children;
    setText(name, list.name);
    setText(count, String(itemsOf(list.id).filter((todo) => !todo.done).length));
    element.firstChild.setAttribute('aria-current', list.id === listId);
  });
  const list = listOf(listId);
  setText($('#list-name'), list?.name ?? (lists.ready() ? 'No list' : '…'));
  $('#delete-list').disabled = !list;
  for (const element of $('#new-todo').elements) element.disabled = !list;
}

function listLink(list) {
  return h('li', {}, h('button', { type: 'button', class: 'plain', onclick: () => open(list.id) }, h('span', { class: 'grow' }), h('span', { class: 'count' })));
}

function listOf(id) {
  return lists().find((list) => list.id === id);
}

function itemsOf(id) {
  return offline.shown(todos().filter((todo) => todo.list_id === id), id);
}

function open(id) {
  if (id === listId && (room || id === null)) return;
  listId = id;
  room?.untrack().unsubscribe();
  room = null;
  people = new Map();
  editing = null;
  if (id !== null) {
    history.replaceState(null, '', `#list=${id}`);
    room = app.realtime.channel(`todos/${id}`);
    track();
    people = peopleIn(room, showEditors);
  }
  showEditors();
  showLists();
  showTodos();
}

function track() {
  room?.track({ name: app.me.name, color: app.me.color, viewing: true, editing });
}

app.onProfile(track);
addEventListener('hashchange', () => listOf(listInAddress()) && open(listInAddress()));

function showEditors() {
  setText($('#editors'), `Editors: ${byName(people).map((each) => each.name).join(', ') || '…'}`);
  showPeople($('#editors-people'), people, 8);
  for (const item of items.values()) item.showEditors(editorsOf(item.id));
}

const editorsOf = (id) => byName(people).filter((each) => each.editing === id && each.userId !== app.me.userId);

function showTodos() {
  const all = itemsOf(listId);
  keyed($('#todos'), all, (todo) => todo.id, createItem, (element, todo) => items.get(todo.id).show(todo, all));
  const shown = new Set(all.map((todo) => todo.id));
  for (const id of [...items.keys()].filter((id) => !shown.has(id))) {
    items.get(id).gone();
    items.delete(id);
  }
  const done = all.filter((todo) => todo.done).length;
  setText($('#progress'), all.length ? `${done} of ${all.length} done` : '');
  $('#todos-empty').hidden = all.length > 0 || listId === null || !todos.ready();
  const count = offline.waiting().length;
  $('#waiting').hidden = count === 0;
  setText($('#waiting'), `${count} ${count === 1 ? 'change waits' : 'changes wait'} for the network`);
}

function createItem(todo) {
  const item = new TodoItem(todo, {
    edit(id) {
      editing = id;
      track();
    },
    move: (id, after) => offline.write('POST', `todos/${id}/move`, { after }),
    write: (method, path, body) => offline.write(method, path, body),
    remove: (row) => offline.remove(row),
  });
  items.set(todo.id, item);
  item.showEditors(editorsOf(todo.id));
  return item.element;
}

// dragging with the mouse; the arrow buttons do the same for keyboards and fingers
let dragged = null;
const todoList = $('#todos');
todoList.addEventListener('dragstart', (event) => {
  dragged = event.target.closest('li');
  dragged.classList.add('dragged');
  event.dataTransfer.effectAllowed = 'move';
  event.dataTransfer.setData('text/plain', dragged.dataset.key);
});
todoList.addEventListener('dragover', (event) => {
  const over = event.target.closest('#todos > li');
  if (!dragged || !over) return;
  event.preventDefault();
  const { top, height } = over.getBoundingClientRect();
  if (over !== dragged) todoList.insertBefore(dragged, event.clientY < top + height / 2 ? over : over.nextSibling);
});
todoList.addEventListener('drop', (event) => event.preventDefault());
todoList.addEventListener('dragend', guard(async () => {
  const element = dragged;
  dragged = null;
  element.classList.remove('dragged');
  const after = element.previousElementSibling;
  try {
    await offline.write('POST', `todos/${element.dataset.key}/move`, { after: after ? Number(after.dataset.key) : null });
  } finally {
    showTodos();
  }
}));

$('#new-todo').addEventListener('submit', guard(async (event) => {
  const { text } = event.target.elements;
  const words = text.value.trim();
  if (!words) return;
  text.value = '';
  text.focus();
  try {
    await offline.write('POST', `lists/${listId}/todos`, { text: words });
  } catch (error) {
    text.value ||= words;
    throw error;
  }
}));

$('#new-list').addEventListener('submit', guard(async (event) => {
  const { name } = event.target.elements;
  const { id } = await api('POST', 'lists', { name: name.value });
  name.value = '';
  if (listOf(id)) open(id);
}));

const deleteList = $('#delete-list');
deleteList.append(icon('trash'));
deleteList.addEventListener('click', guard(async () => {
  const list = listOf(listId);
  if (!confirm(`Delete the list “${list.name}” and its items, for everybody?`)) return;
  await api('DELETE', `lists/${listId}`);
  notify(`“${list.name}” is deleted.`);
}));

