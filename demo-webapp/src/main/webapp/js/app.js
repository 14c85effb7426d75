import { createRealtime } from '../realtime/client.js';
import { shareActivity } from '../realtime/presence.js';
import { api, insist } from './api.js';
import { $, h, icon, loadIcons, setText } from './dom.js';
import { avatar, peopleIn, showPeople } from './people.js';
import { askForProfile } from './profile.js';

const PAGES = [
  ['dashboard', '.', 'Dashboard'],
  ['auction', 'auction.html', 'Auction'],
  ['todos', 'todos.html', 'Todos'],
  ['chat', 'chat.html', 'Chat'],
  ['document', 'document.html', 'Document'],
  ['sql', 'sql.html', 'SQL'],
];

const STATUS = {
  idle: { word: 'Offline', banner: '' },
  connecting: { word: 'Connecting', banner: 'Connecting …' },
  connected: { word: 'Live', banner: '' },
  reconnecting: { word: 'Reconnecting', banner: 'Connection lost. Reconnecting … What you missed will be here in a moment.' },
  disconnected: { word: 'Offline', banner: 'Disconnected.' },
};

const PROFILE = 'tidewire-demo-profile';
const page = document.body.dataset.page;
const profileListeners = [];
let bannerTimer;

/** What every page holds: the connection, who the visitor is, the clock of the server. */
export const app = {
  realtime: createRealtime({ autoConnect: false }), // first the session, which says who we are
  me: null,
  status: 'idle',
  wasConnected: false,
  /** Server time minus ours, in milliseconds. */
  skew: 0,
  now: () => Date.now() + app.skew,
  /** Calls back now and whenever the visitor chose another name or colour. */
  onProfile(callback) {
    profileListeners.push(callback);
    callback(app.me);
  },
};

/** Builds what all pages share and resolves when it is known who the visitor is. */
export async function start() {
  buildHeader();
  loadIcons().catch(() => {}); // until then each is fetched where it is shown
  app.realtime.onStatusChange(showStatus);
  await identify();
  const site = app.realtime.channel('site/visitors');
  app.onProfile(({ name, color }) => site.track({ name, color, page }));
  app.people = peopleIn(site, (people) => {
    showPeople($('#site-people'), new Map([...people].filter(([userId]) => userId !== app.me.userId)), 4);
    document.dispatchEvent(new CustomEvent('people'));
  });
  shareActivity(app.realtime);
  app.realtime.connect();
  if (!app.me.chosen) chooseProfile(true);
  return app;
}

async function identify() {
  let me = await insist('GET', 'session');
  const remembered = readProfile();
  if (!me.chosen && remembered) {
    // the server forgot us, as one without stored sessions does when it restarts
    me = await api('POST', 'session', remembered).catch(() => me);
  }
  app.skew = me.now - Date.now();
  setProfile(me);
}

function readProfile() {
  try {
    const { name, color } = JSON.parse(localStorage.getItem(PROFILE));
    return { name, color };
  } catch {
    return null;
  }
}

function setProfile(me) {
  app.me = me;
  const button = $('#me');
  button.replaceChildren(avatar(me), h('span', { class: 'name' }, me.name));
  button.setAttribute('aria-label', `You are ${me.name}. Change name and colour`);
  for (const listener of profileListeners) listener(me);
}

async function chooseProfile(isFirst) {
  const chosen = await askForProfile(app.me, isFirst);
  if (!chosen) return;
  try {
    setProfile(await api('POST', 'session', chosen));
    localStorage.setItem(PROFILE, JSON.stringify(chosen));
  } catch (error) {
    notify(error.message, 'bad');
  }
}

function buildHeader() {
  const links = PAGES.map(([name, href, label]) =>
    h('a', { href, 'aria-current': name === page ? 'page' : null }, icon(name), h('span', {}, label)),
  );
  $('header.top').append(
    h('a', { class: 'wordmark', href: '.', 'aria-label': 'Tidewire demo, dashboard' }, h('img', { src: 'img/mark.svg', alt: '', width: 28, height: 28 }), h('span', {}, 'Tidewire')),
    h('nav', { 'aria-label': 'Pages' }, links),
    h('div', { class: 'who' },
      h('span', { class: 'pill', id: 'status', 'data-status': 'idle' }, 'Offline'),
      h('div', { id: 'site-people', class: 'people', role: 'group', 'aria-label': 'Others who are online' }),
      h('button', { id: 'me', type: 'button', class: 'me', onclick: () => app.me && chooseProfile(false) }),
    ),
  );
}

function showStatus(status) {
  const wasConnected = app.status === 'connected';
  app.status = status;
  document.body.dataset.status = status;
  const pill = $('#status');
  pill.dataset.status = status;
  setText(pill, STATUS[status].word);
  clearTimeout(bannerTimer);
  // connecting takes a moment on every page: a word about it only if it takes long
  bannerTimer = setTimeout(showBanner, status === 'connecting' ? 600 : 0, status);
  if (status === 'connected' && !wasConnected) {
    showNode();
    if (app.wasConnected) checkIdentity();
    app.wasConnected = true;
  }
}

/** With several nodes it is good to know which one this page hangs on. */
async function showNode() {
  const { name } = await app.realtime.call('node').catch(() => ({}));
  $('#status').title = name ? `Connected to ${name}` : '';
}

function showBanner(status) {
  const banner = $('.banner');
  banner.hidden = STATUS[status].banner === '';
  banner.dataset.status = status;
  banner.replaceChildren(STATUS[status].banner);
  if (status !== 'connecting') banner.append(' ', h('button', { type: 'button', class: 'small', onclick: () => app.realtime.connect() }, 'Try now'));
}

/** After a reconnect: a server that forgot the session would know us as a stranger. */
async function checkIdentity() {
  const before = app.me.userId;
  const me = await api('GET', 'session').catch(() => null);
  if (!me || me.userId === before) return;
  await identify();
  app.realtime.disconnect();
  app.realtime.connect();
}

/** Says something at the bottom of the page, and to screen readers. */
export function notify(text, kind = 'good') {
  let region = $('.toasts');
  if (!region) {
    region = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
    document.body.append(region);
  }
  const toast = h('p', { class: 'toast', 'data-kind': kind }, text);
  region.append(toast);
  setTimeout(() => toast.remove(), 5000);
}

/** Runs what a button or form starts; what goes wrong is told. */
export function guard(action) {
  return async (event) => {
    event?.preventDefault?.();
    try {
      await action(event);
    } catch (error) {
      notify(error instanceof TypeError ? 'The server cannot be reached.' : error.message, 'bad');
    }
  };
}

