/** What became of an event for a user: a form, and the answer step by step. */

import { bytes, h } from './dom.js';
import { TRANSPORTS } from './views.js';

const VERDICTS = {
  not_published: ['bad', 'Not published'], other_life: ['bad', 'Another life of the stream'], not_connected: ['bad', 'Not connected'], not_subscribed: ['bad', 'Not subscribed'],
  subscribed_later: ['bad', 'Subscribed after it'], filtered: ['bad', 'Filtered by its condition'], hidden: ['bad', 'Hidden by the row policy'], own: ['bad', 'Its own, without a copy'],
  evicted: ['unsure', 'No longer retained'], lost: ['unsure', 'Perhaps lost'], read_before: ['good', 'Read before'], starting: ['unsure', 'Being subscribed'], on_its_way: ['unsure', 'On its way'],
  waiting: ['unsure', 'Waiting in the queue'], sent_or_left_out: ['unsure', 'Sent or left out'], sending: ['unsure', 'Being sent'], recovered: ['good', 'Recovered'], sent: ['good', 'Sent'],
};
const ANSWERS = { yes: ['✓', 'yes'], no: ['✕', 'no'], unknown: ['?', 'cannot be told'], not_reached: ['·', 'not reached'] };

const field = (name, label, hint, required) => h('label', {}, label, h('input', { name, placeholder: hint, required, autocomplete: 'off', spellcheck: 'false', maxlength: '255' }));

function step(name, { answer, words }) {
  const [mark, word] = ANSWERS[answer] ?? ['?', answer];
  return h('li', { 'data-answer': answer }, h('span', { class: 'mark', 'aria-hidden': 'true' }, mark), h('b', {}, name), h('span', { class: 'sr' }, `: ${word}. `), h('p', {}, words || 'Not reached.'));
}

function badge(verdict) {
  const [tone, text] = VERDICTS[verdict] ?? ['unsure', verdict];
  return h('span', { class: 'verdict', 'data-tone': tone, 'data-verdict': verdict }, text);
}

function delivery({ connection: c, verdict, matched, authorised, queued, sent }) {
  return h('article', { class: 'card delivery' },
    h('div', { class: 'bar' }, h('h3', {}, `Connection ${c.id}`), h('span', { class: 'note' }, `${c.userId ?? 'not known yet'} · ${TRANSPORTS[c.transport] ?? c.transport}${c.queuedBytes > 0 ? ` · ${bytes(c.queuedBytes)} waiting` : ''}`), h('div', { class: 'grow' }), badge(verdict)),
    h('ol', { class: 'steps' }, step('Matched?', matched), step('Authorised?', authorised), step('Queued?', queued), step('Sent?', sent)));
}

export function explain(state, given) {
  const answer = h('div', { id: 'answer', 'aria-live': 'polite' });
  const form = h('form', { class: 'ask', onsubmit: submit },
    field('who', 'User or connection', 'ada', true), field('topic', 'Channel (may be left out)', 'orders', false), field('id', 'Message id', 'k3f9.182', true), h('button', { type: 'submit', class: 'primary' }, 'Explain'));
  const element = h('div', {}, h('div', { class: 'card' }, h('h2', {}, 'Explain'),
    h('p', { class: 'note' }, 'What became of an event for a user: captured, matched, authorised, queued, sent? The message id is the event’s position, as every message carries it.'), form), answer);
  for (const name of ['who', 'topic', 'id']) form.elements[name].value = given.get(name) ?? '';

  function submit(event) {
    event.preventDefault();
    const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value !== ''));
    history.replaceState(null, '', `#/explain?${new URLSearchParams(values)}`);
    ask(values);
  }

  async function ask(values) {
    try {
      show(await state.get(`explain?${new URLSearchParams(values)}`));
    } catch (error) {
      answer.replaceChildren(h('p', { class: 'card failure' }, error.message));
    }
  }

  function show(found) {
    const verdict = h('div', { class: 'card conclusion' }, badge(found.verdict), h('p', {}, found.words), h('p', { class: 'note code' }, `${found.topic} · ${found.position}`));
    const steps = [step('Captured?', found.captured)];
    if (found.deliveries.length === 0) steps.push(step('Authorised?', found.authorised));
    verdict.append(h('ol', { class: 'steps' }, steps));
    answer.replaceChildren(verdict, ...found.deliveries.map(delivery));
  }

  if (given.get('who') && given.get('id')) ask(Object.fromEntries(given));
  return { element, path: () => null, show: () => {}, focus: () => [...form.elements].find((input) => input.value === '')?.focus() };
}
