import { app, guard, notify, start } from './app.js';
import { $, euros, h, icon, keyed, play, setText } from './dom.js';
import { liveTable } from './live-table.js';
import { avatar, peopleIn, showPeople } from './people.js';

const HISTORY = 4;
const LAST_SECONDS = 15;

await start();

// who is watching
const floor = app.realtime.channel('auction/floor');
app.onProfile(({ name, color }) => floor.track({ name, color }));
peopleIn(floor, (people) => {
  showPeople($('#watching'), people, 8);
  setText($('#watching-count'), people.size === 1 ? 'Only you are watching' : `${people.size} are watching`);
});

// lot id → { amount }: a bid that the server has not answered yet is shown as if it had won
const pending = new Map();

const lots = liveTable(app.realtime, 'lots', 'lots', ({ operation, row, old }) => {
  showLots();
  if (operation === 'UPDATE' && Number(row.price) !== Number(old?.price)) highlight(row.id, 'flash');
});
const bids = liveTable(app.realtime, 'bids', 'bids', showLots);

function showLots() {
  const list = [...lots.rows.values()].sort((a, b) => a.id - b.id);
  $('#lots-empty').hidden = list.length > 0;
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
    h('div', { class: 'quick' }, [0, 1, 4].map((steps) => h('button', { type: 'button', class: 'secondary', 'data-steps': steps, onclick: guard(() => bid(id, offer(lots.rows.get(id), steps))) }))),
    form,
    h('ol', { class: 'bids', 'aria-label': `Bids for ${lot.title}` }),
  );
}

const offer = (lot, steps) => Number(lot.next_bid) + steps * Number(lot.step);

function fillLot(card, lot) {
  const mine = pending.get(lot.id);
  const isOpen = lot.status === 'open';
  card.dataset.status = lot.status;
  card.classList.toggle('pending', mine !== undefined);
  card.classList.toggle('leading', isOpen && (mine !== undefined || lot.bidder_id === app.me.userId));
  setText($('.price strong', card), euros(mine?.amount ?? lot.price));
  fillLeader($('.leader', card), lot, mine);
  for (const button of card.querySelectorAll('.quick button')) {
    setText(button, euros(offer(lot, Number(button.dataset.steps))).replace('.00', ''));
    button.disabled = !isOpen || app.status !== 'connected';
  }
  const form = $('form', card);
  form.elements[0].placeholder = `at least ${Number(lot.next_bid).toFixed(2)}`;
  for (const element of form.elements) element.disabled = !isOpen || app.status !== 'connected';
  const history = [...bids.rows.values()].filter((bid) => bid.lot_id === lot.id).sort((a, b) => b.amount - a.amount || b.id - a.id);
  keyed($('.bids', card), history.slice(0, HISTORY), (bid) => bid.id, bidLine, () => {});
  fillClock(card, lot);
}

function fillLeader(element, lot, mine) {
  const who = mine ? app.me : lot.bidder && { name: lot.bidder, color: lot.color };
  const words = mine ? 'your bid is on its way …' : !who ? (lot.status === 'open' ? 'no bids yet' : 'not sold') : lot.status === 'open' ? '' : 'sold to ';
  const text = who && !mine ? `${words}${lot.bidder_id === app.me.userId ? 'you' : who.name}` : words;
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
  for (const lot of lots.rows.values()) {
    const card = cardOf(lot.id);
    if (card) fillClock(card, lot);
  }
}, 500);
app.realtime.onStatusChange(showLots);

/** Shows the bid at once; if the database refuses it, the price goes back and the reason is told. */
async function bid(lotId, amount) {
  if (pending.has(lotId)) return;
  pending.set(lotId, { amount });
  showLots();
  say(lotId, '');
  try {
    await app.realtime.call('bid', { lotId, amount });
    settle(lotId);
    say(lotId, `Your bid of ${euros(amount)} stands.`, 'good');
  } catch (error) {
    settle(lotId);
    highlight(lotId, 'shake');
    if (error.sent) notify('The connection was lost before the answer. The board will show whether your bid counted.', 'bad');
    say(lotId, error.message, 'bad');
  }
}

function settle(lotId) {
  pending.delete(lotId);
  showLots();
}

function say(lotId, text, kind = '') {
  const card = cardOf(lotId);
  if (!card) return;
  const outcome = $('.outcome', card);
  outcome.dataset.kind = kind;
  setText(outcome, text);
}
