import { createSync, createWebSocketTransport } from '../realtime/sync.js';
import { effect } from '../realtime/signals.js';
import { app, guard, notify, start } from './app.js';
import { $, h, icon, keyed, randomId, setText, timeOfDay } from './dom.js';
import { createEditor } from './editor.js';
import { avatar, byName } from './people.js';

const NAME = /^[\w/:.@-]{1,200}$/;
const COMMENT = 'comment:';

await start();

const asked = new URLSearchParams(location.search).get('name') ?? '';
const doc = createSync(NAME.test(asked) ? asked : 'tides', { title: '' }, {
  transport: createWebSocketTransport({ realtime: app.realtime }),
  persist: app.me.userId,
  onError: (error) => notify(error.message, 'bad'),
});
const title = $('#title');
const form = $('#comment');

// the text
let caret = null;
const tellCaret = (next) => {
  if (next?.id === caret?.id && next?.at === caret?.at) return;
  caret = next;
  present();
};
const present = () => doc.presence.set({ name: app.me.name, color: app.me.color, caret });
const editor = createEditor(doc, $('#text'), $('#mirror'), (next) => tellCaret(next ?? (document.activeElement === title ? { id: 'title', at: 0 } : null)));
app.onProfile(present);

// the title
title.addEventListener('input', () => doc.state.title.set(title.value));
effect(() => {
  const value = String(doc.state.title() ?? '');
  if (title.value === value) return;
  const { selectionStart, selectionEnd } = title;
  title.value = value;
  if (document.activeElement === title) title.setSelectionRange(selectionStart, selectionEnd);
});

// the state
effect(() => {
  const isReadOnly = doc.writable() === false;
  for (const field of [title, $('#text'), ...form.elements]) field.disabled = !doc.ready() || isReadOnly;
  const [status, words] = stateOf(doc.ready(), doc.status() === 'connected', doc.saved(), isReadOnly);
  const pill = $('#saved');
  pill.dataset.status = status;
  setText(pill, words);
});

/** `isSaved`: the server has stored everything that was written here. */
function stateOf(isReady, isConnected, isSaved, isReadOnly) {
  if (!isConnected && isReady) return ['reconnecting', isSaved ? 'Offline, all changes saved' : 'Offline, changes are kept here'];
  if (!isReady) return ['connecting', 'Opening …'];
  if (isReadOnly) return ['disconnected', 'Read only'];
  return isSaved ? ['connected', 'All changes saved'] : ['connecting', 'Saving …'];
}

// who is here
effect(() => {
  const { userId, name, color } = app.me;
  const others = doc.peers().map(({ id, data, status }) => ({ ...data, name: String(data?.name ?? 'Somebody'), userId: id, away: status === 'away' }));
  const own = { ...doc.presence(), userId, name, color, away: false };
  const people = new Map([own, ...others].map((person) => [person.userId, person]));
  doc.fields(); // a paragraph's number changes with those before it
  setText($('#here-count'), String(people.size));
  keyed($('#here'), byName(people), (person) => `${person.userId} ${person.name} ${person.color} ${person.away}`, personLine, (line, person) => setText($('.note', line), whereabouts(person)));
});

function personLine(person) {
  const name = person.userId === app.me.userId ? `${person.name} (you)` : person.name;
  return h('li', {}, avatar(person), h('span', { class: 'grow' }, name), h('span', { class: 'note' }));
}

function whereabouts({ away, caret: place }) {
  if (away) return 'away';
  if (place?.id === 'title') return 'title';
  const index = place ? editor.indexOf(place.id) : -1;
  return index < 0 ? '' : `paragraph ${index + 1}`;
}

// comments
effect(() => {
  const comments = doc
    .fields()
    .filter((name) => name.startsWith(COMMENT))
    .map((id) => ({ id, value: doc.field(id)() }))
    .filter(({ value }) => value !== undefined) // its name is known a moment earlier
    .map(({ id, value }) => ({ ...value, id }))
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  $('#comments-empty').hidden = comments.length > 0;
  keyed($('#comments'), comments, ({ id }) => id, commentLine, () => {});
});

function commentLine({ id, userId, name, color, text, at }) {
  const isOwn = userId === app.me.userId;
  const author = String(name ?? 'Somebody');
  return h('li', {},
    avatar({ name: author, color }),
    h('div', { class: 'grow' },
      h('p', { class: 'meta' }, h('strong', {}, author), ' ', h('time', {}, timeOfDay(Number(at) || 0))),
      h('p', { class: 'words' }, String(text ?? '')),
    ),
    isOwn && h('button', { type: 'button', class: 'icon trash', 'aria-label': `Delete your comment: ${text}`, onclick: () => doc.field(id).remove() }, icon('trash')),
  );
}

form.addEventListener('submit', guard(() => {
  const text = form.elements.text.value.trim();
  if (!text) return;
  const { userId, name, color } = app.me;
  doc.field(COMMENT + randomId()).set({ text, userId, name, color, at: app.now() });
  form.elements.text.value = '';
}));

doc.connect();
