import { createOptimistic } from '../realtime/optimistic.js';
import '../realtime/rows.js';
import { effect } from '../realtime/signals.js';
import { app, guard, notify, start } from './app.js';
import { shareCursors } from './cursors.js';
import { $, euros, h, icon, keyed, play, setText } from './dom.js';
import { avatar, peopleIn, showPeople } from './people.js';

const HISTORY = 4;
const LAST_SECONDS = 15;

await start();

// who is watching, and where they point
const floor = app.realtime.channel('auction/floor');
const cursors = shareCursors(floor, $('#lots'), (cursor) => floor.track({ name: app.me.name, color: app.me.color, cursor }));
app.onProfile(cursors.tell);
peopleIn(floor, (people) => {
  showPeople($('#watching'), people, 8);
  setText($('#watching-count'), people.size === 1 ? 'Only you are watching' : `${people.size} are watching`);
  cursors.show(people, app.me.userId);
});

// the rows of both tables, and after that every change; nothing is loaded by the page itself
const channel = app.realtime.channel('lots');
const lots = new Map(); // lot id → what is shown: the row, or what it becomes by our own bid
const rows = channel.rows({ orderBy: 'id' });
const bids = app.realtime.channel('bids').rows({ orderBy: ['-amount', '-id'] });

// a bid shows as if it had won until the server has answered and its row has arrived; a refusal takes it back
const optimistic = createOptimistic({
  channel,
  read: (id) => lots.get(id),
  write: (id, lot) => {
    if (lot) lots.set(id, lot);
    showLots();
  },
});

effect(() => {
  const there = new Set(rows().map(({ id }) => id));
  for (const row of rows()) optimistic.receive(row.id, () => take(row));
  for (const id of [...lots.keys()]) if (!there.has(id)) lots.delete(id);
  bids();
  showLots();
});

function take(row) {
  const before = lots.get(row.id);
  lots.set(row.id, row);
  if (before && Number(before.price) !== Number(row.price)) highlight(row.id, 'flash');
  showLots();
}

function showLots() {
  const list = [...lots.values()].sort((a, b) => a.id - b.id);
  $('#lots-empty').hidden = list.length > 0 || !rows.ready();
  keyed($('#lots'), list, (lot) => lot.id, lotCard, fillLot);
}

function highlight(lotId, animation) {
  const card = cardOf(lotId);
  if (card) play($('.price', card), animation);
}

const cardOf = (lotId) => $(`#lots > [data-key="${lotId}"]`);

function lotCard(lot) {
  const id = lot.id;
  const amount = h('input', { type: 'number', inputmode: 'decimal', step: '0.01', min: 0, max: 1000000, 'aria-label': `Your bid for ${lot.title} in euros`, required: true });
  const form = h('form', { class: 'inline bid', onsubmit: guard(async () => {
    const value = Number(amount.value);
    amount.value = '';
    await bid(id, value);
  }) }, amount, h('button', { type: 'submit' }, 'Bid'));
  return h('article', { class: 'card lot', 'aria-labelledby': `lot-${id}` },
    h('div', { class: 'art', 'data-picture': lot.picture }, icon(lot.picture, 'lots'), h('span', { class: 'clock', role: 'timer' })),
    h('h2', { id: `lot-${id}` }, lot.title),
    h('p', { class: 'price' }, h('strong', { class: 'number' }), h('span', { class: 'leader' })),
    h('progress', { max: 1000, value: 1000, 'aria-hidden': 'true' }),
    h('p', { class: 'outcome', role: 'status' }),
    h('div', { class: 'quick' }, [0, 1, 4].map((steps) => h('button', { type: 'button', class: 'secondary', 'data-steps': steps, onclick: guard(() => bid(id, offer(lots.get(id), steps))) }))),
    form,
    h('ol', { class: 'bids', 'aria-label': `Bids for ${lot.title}` }),
  );
}

const offer = (lot, steps) => Number(lot.next_bid) + steps * Number(lot.step);

function fillLot(card, lot) {
  const isOpen = lot.status === 'open';
  card.dataset.status = lot.status;
  card.classList.toggle('pending', optimistic.hasPendingFor(lot.id));
  card.classList.toggle('leading', isOpen && lot.bidder_id === app.me.userId);
  setText($('.price strong', card), euros(lot.price));
  fillLeader($('.leader', card), lot, optimistic.hasPendingFor(lot.id));
  for (const button of card.querySelectorAll('.quick button')) {
    setText(button, euros(offer(lot, Number(button.dataset.steps))).replace('.00', ''));
    button.disabled = !isOpen || app.status !== 'connected';
  }
  const form = $('form', card);
  form.elements[0].placeholder = `at least ${Number(lot.next_bid).toFixed(2)}`;
  for (const element of form.elements) element.disabled = !isOpen || app.status !== 'connected';
  const history = bids().filter((bid) => bid.lot_id === lot.id);
  keyed($('.bids', card), history.slice(0, HISTORY), (bid) => bid.id, bidLine, () => {});
  fillClock(card, lot);
}

function fillLeader(element, lot, isPending) {
  const who = lot.bidder && { name: lot.bidder, color: lot.color };
  const words = isPending ? 'your bid is on its way …' : !who ? (lot.status === 'open' ? 'no bids yet' : 'not sold') : lot.status === 'open' ? '' : 'sold to ';
  const text = who && !isPending ? `${words}${lot.bidder_id === app.me.userId ? 'you' : who.name}` : words;
  if (element.dataset.text === text + who?.color) return;
  element.dataset.text = text + who?.color;
  element.replaceChildren(...(who ? [avatar(who)] : []), text);
}

function bidLine(bid) {
  return h('li', {}, avatar({ name: bid.bidder, color: bid.color }), h('span', { class: 'grow' }, bid.bidder_id === app.me.userId ? 'You' : bid.bidder), h('span', { class: 'number' }, euros(bid.amount)));
}

function fillClock(card, lot) {
  const left = Math.max(0, Date.parse(lot.ends_at) - app.now());
  const isOpen = lot.status === 'open';
  const seconds = Math.ceil(left / 1000);
  const clock = $('.clock', card);
  setText(clock, !isOpen ? (lot.status === 'sold' ? 'Sold' : 'Closed') : left === 0 ? 'Going …' : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`);
  card.classList.toggle('closing', isOpen && seconds <= LAST_SECONDS);
  const all = Date.parse(lot.ends_at) - Date.parse(lot.starts_at);
  $('progress', card).value = isOpen ? Math.round((1000 * left) / Math.max(all, 1)) : 0;
}

setInterval(() => {
  for (const lot of lots.values()) {
    const card = cardOf(lot.id);
    if (card) fillClock(card, lot);
  }
}, 500);
app.realtime.onStatusChange(showLots);

/** Shows the bid at once; if the database refuses it, the price goes back and the reason is told. */
async function bid(lotId, amount) {
  if (optimistic.hasPendingFor(lotId)) return;
  const { userId, name, color } = app.me;
  say(lotId, '');
  const operation = optimistic.apply(lotId, (lot) => lot && { ...lot, price: amount, next_bid: amount + Number(lot.step), bidder_id: userId, bidder: name, color });
  try {
    const { position } = await app.realtime.call('bid', { lotId, amount });
    await operation.confirm(position);
    say(lotId, `Your bid of ${euros(amount)} stands.`, 'good');
  } catch (error) {
    operation.rollback();
    highlight(lotId, 'shake');
    if (error.sent) notify('The connection was lost before the answer. The board will show whether your bid counted.', 'bad');
    say(lotId, error.message, 'bad');
  }
}

function say(lotId, text, kind = '') {
  const card = cardOf(lotId);
  if (!card) return;
  const outcome = $('.outcome', card);
  outcome.dataset.kind = kind;
  setText(outcome, text);
}
