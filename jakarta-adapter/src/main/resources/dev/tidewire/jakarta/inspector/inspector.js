/** The inspector's page: asks the server once a second while somebody looks. */

import { setText, timeOfDay } from './dom.js';
import { explain } from './explain.js';
import { figures } from './figures.js';
import { channel, channels, connection, connections } from './views.js';

const PERIOD_MS = 1000;
const RETRY_MS = 2000;
const PATIENCE_MS = 10000;
const WORDS = { connecting: 'Connecting', live: 'Live', paused: 'Paused', disconnected: 'Disconnected', refused: 'Not allowed' };

const $ = (id) => document.getElementById(id);
const showFigures = figures($('figures'));

let view = null;
let shownAs = '';
let paused = false;
let timer = null;
let asking = 0;
let lastAnswer = null;

const state = {
  now: Date.now(), // the server's time
  refresh: () => soon(150),
  get,
};

/** A question's answer; an error carries what the server said. */
async function get(path) {
  const response = await fetch(new URL(path, import.meta.url), { headers: { Accept: 'application/json' }, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail ?? `The server answered ${response.status}.`), { status: response.status });
}

async function ask() {
  clearTimeout(timer);
  timer = null;
  const turn = ++asking;
  const shown = view;
  const path = shown.gone ? null : shown.path();
  try {
    const [summary, answer] = await Promise.all([get('summary'), path === null ? null : get(path).catch((error) => error)]);
    if (turn !== asking) return; // a newer question is under way
    lastAnswer = Date.now();
    state.now = summary.at;
    showFigures(summary);
    showView(shown, answer);
    tell(paused ? 'paused' : 'live', shown.gone ?? (answer instanceof Error ? answer.message : ''));
    again(PERIOD_MS);
  } catch (error) {
    if (turn !== asking) return;
    const refused = error.status === 401 || error.status === 403;
    tell(refused ? 'refused' : 'disconnected', refused ? `${error.message}.` : lost(error));
    again(RETRY_MS);
  }
}

function showView(shown, answer) {
  if (shown !== view || answer === null) return;
  if (!(answer instanceof Error)) shown.show(answer);
  else if (answer.status === 404) shown.gone = `${answer.message[0].toUpperCase()}${answer.message.slice(1)}.`; // no use in asking again
}

function lost(error) {
  const since = lastAnswer === null ? '' : ` What is shown is from ${timeOfDay(lastAnswer)}.`;
  return `${error.status ? error.message : 'The server does not answer.'} Trying again.${since}`;
}

function again(milliseconds) {
  if (!paused && !document.hidden) soon(milliseconds);
}

function soon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(ask, milliseconds);
}

function tell(status, banner) {
  document.body.dataset.status = status;
  $('status').dataset.status = status;
  setText($('status'), WORDS[status]);
  setText($('banner'), banner);
  $('banner').hidden = banner === '';
  if (status === 'live') setText($('footer'), `This node at ${timeOfDay(state.now)}. Payloads, tokens and presence states are never shown.`);
}

/** `#/channels/orders`, `#/explain?who=ada`: what is shown is in the address, and can be sent to others. */
function route() {
  const [path, query] = location.hash.slice(1).split('?');
  const [kind, ...rest] = path.split('/').filter((part) => part !== '');
  const name = rest.length > 0 ? decodeURIComponent(rest.join('/')) : null;
  if (kind === 'channels') return name === null ? channels(state) : channel(state, name);
  if (kind === 'explain') return explain(state, new URLSearchParams(query));
  return name === null || kind !== 'connections' ? connections(state) : connection(state, name);
}

function show() {
  view = route();
  $('view').replaceChildren(view.element);
  const kind = location.hash.match(/^#\/(\w+)/)?.[1] ?? 'connections';
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#/${kind}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (shownAs !== '') $('main').focus({ preventScroll: true });
  shownAs = location.hash;
  view.focus?.();
  ask();
}

$('pause').addEventListener('click', () => {
  paused = !paused;
  $('pause').setAttribute('aria-pressed', String(paused));
  setText($('pause'), paused ? 'Resume' : 'Pause');
  if (paused) {
    clearTimeout(timer);
    asking += 1;
    tell('paused', '');
  } else ask();
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) clearTimeout(timer);
  else if (!paused) ask();
});
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault(); // the address says what is shown
  $('main').focus();
});
addEventListener('hashchange', show);
show();
