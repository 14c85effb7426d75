import { effect } from '../realtime/signals.js';
import { createTyping } from '../realtime/typing.js';
import { app, guard, notify, start } from './app.js';
import { $, h, keyed, randomId, setText, timeOfDay } from './dom.js';
import { avatar, byName, peopleIn } from './people.js';

const PAGE = 100;

await start();

const chat = app.realtime.channel('chat/general');
const messages = new Map(); // message id → { id, userId, name, color, text, at, state }
let oldest = null; // where the page of history before the shown ones ends
const log = $('#messages');

// subscribed first, then the history: what is in both has one id and is shown once
chat
  .on('message', ({ id, data, userId, timestamp }) => add({ ...said(id, data), userId, at: Date.parse(timestamp) }))
  .on('reset', guard(loadLatest));
app.onProfile(({ name, color }) => chat.track({ name, color, status: 'online' }));
peopleIn(chat, showOnline);
chat.ready.then(guard(loadLatest));

/** A message as this page keeps it; one that something else has published may be of any shape, and have no id of its own. */
function said(id, data) {
  return data !== null && typeof data === 'object' ? { ...data, id: data.id ?? id } : { id, text: data };
}

async function loadLatest() {
  const page = await chat.getHistory(PAGE);
  take(page);
  oldest = page;
  $('#earlier').hidden = page.length < PAGE;
  scrollDown();
}

$('#earlier').addEventListener('click', guard(async () => {
  const before = log.scrollHeight;
  const page = await chat.getHistory(PAGE, oldest);
  if (page.length > 0) oldest = page;
  $('#earlier').hidden = page.length < PAGE;
  take(page);
  log.scrollTop += log.scrollHeight - before;
}));

function take(page) {
  for (const { id, event, data, user_id: userId, created_at: at } of page) {
    if (event !== 'message') continue;
    const message = said(id, data);
    messages.set(message.id, { ...message, userId, at });
  }
  showMessages();
}

function add(message) {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  messages.set(message.id, message);
  showMessages();
  if (isAtEnd || message.userId === app.me.userId) scrollDown();
}

const scrollDown = () => (log.scrollTop = log.scrollHeight);

function showMessages() {
  const list = [...messages.values()].sort((a, b) => a.at - b.at);
  list.forEach((message, i) => {
    const before = list[i - 1];
    message.follows = before?.userId === message.userId && message.at - before.at < 180_000;
  });
  keyed($('#message-list'), list, (message) => message.id, messageLine, fillMessage);
  $('#messages-empty').hidden = list.length > 0;
}

function messageLine({ userId, name, color, text }) {
  return h('li', { class: userId === app.me.userId ? 'message mine' : 'message' },
    avatar({ name, color }),
    h('div', { class: 'bubble' },
      h('p', { class: 'meta' }, h('strong', {}, String(name ?? 'Somebody')), ' ', h('time', {})),
      h('p', { class: 'words' }, String(text ?? '')),
      h('p', { class: 'state' }),
    ),
  );
}

function fillMessage(element, message) {
  element.classList.toggle('follows', message.follows);
  element.dataset.state = message.state ?? 'sent';
  setText($('time', element), timeOfDay(message.at));
  const state = $('.state', element);
  if (message.state === 'failed' && !state.firstChild) {
    state.append('Not sent. ', h('button', { type: 'button', class: 'link', onclick: guard(() => send(message)) }, 'Try again'));
  } else if (message.state !== 'failed') {
    state.replaceChildren();
  }
}

// writing
const composer = $('#composer');
const input = composer.elements.text;

composer.addEventListener('submit', guard(() => {
  const text = input.value.trim();
  if (!text) return;
  input.value = '';
  typing?.stop();
  const { userId, name, color } = app.me;
  return send({ id: randomId(), userId, name, color, text });
}));

/** Shows the message at once and publishes it; the same id and key make a second try harmless. */
async function send(message) {
  const { id, name, color, text } = message;
  add({ ...message, at: app.now(), state: 'sending' });
  try {
    await chat.publish('message', { id, name, color, text }, { persist: true, key: id });
  } catch (error) {
    const shown = messages.get(id);
    if (shown?.state === 'sending') add({ ...shown, state: 'failed' });
    if (!error.temporary) notify(error.message, 'bad');
  }
}

// who types
let typing = null;
app.onProfile(({ userId, name }) => {
  typing?.close();
  typing = createTyping(chat, { userId, username: name });
  effect(showTyping);
});
input.addEventListener('input', () => app.status === 'connected' && typing.input());

function showTyping() {
  const names = typing.users().map(({ username }) => String(username ?? 'Somebody'));
  setText($('#typing'), names.length === 0 ? '' : names.length > 2 ? 'Several people are typing …' : `${names.join(' and ')} ${names.length > 1 ? 'are' : 'is'} typing …`);
}

app.realtime.onStatusChange(enable);
enable();

function enable() {
  const isConnected = app.status === 'connected';
  for (const element of composer.elements) element.disabled = !isConnected;
  input.placeholder = isConnected ? 'Write a message' : 'Not connected';
}

// who is here
function showOnline(people) {
  setText($('#online-count'), String(people.size));
  keyed($('#online'), byName(people), (person) => `${person.userId} ${person.name} ${person.color} ${person.away}`, rosterLine, () => {});
}

function rosterLine(person) {
  const name = person.userId === app.me.userId ? `${person.name} (you)` : person.name;
  return h('li', { 'data-away': person.away }, avatar(person), h('span', { class: 'grow' }, name), person.away && h('span', { class: 'note' }, 'away'));
}
