import '../realtime/rows.js';
import { effect } from '../realtime/signals.js';
import { api } from './api.js';
import { app, guard, notify, start } from './app.js';
import { RevenueChart } from './chart.js';
import { $, euros, h, keyed, play, setText, timeOfDay } from './dom.js';
import { showPeople } from './people.js';

const SHOWN = 12;
const KEPT = 400;

await start();

// the figures: the server's word counts; between two words every new order is added at once
let metrics = null;

function showMetrics() {
  setText($('#active-users'), String(app.people.size));
  showPeople($('#who'), app.people, 8);
  if (!metrics) return;
  setText($('#orders-today'), String(metrics.ordersToday));
  setText($('#revenue'), euros(metrics.revenue));
  const average = metrics.ordersToday ? metrics.revenue / metrics.ordersToday : 0;
  setText($('#revenue-note'), `${euros(average)} an order`);
}

function takeMetrics(data) {
  metrics = data;
  showMetrics();
}

async function loadMetrics() {
  takeMetrics(await api('GET', 'metrics'));
}

const board = app.realtime.channel('dashboard/metrics');
board
  .on('metrics:update', ({ data }) => takeMetrics(data))
  .on('stream', ({ data }) => showStream(data.running))
  .on('reset', guard(loadMetrics))
  .subscribe();
board.ready.then(guard(loadMetrics)).then(guard(loadStream));
document.addEventListener('people', showMetrics);

// the orders
const chart = new RevenueChart($('#chart'), app.now);
const table = app.realtime.channel('orders');
const orders = table.rows({ orderBy: '-id', load: new URL(`../api/orders?limit=${KEPT}`, import.meta.url) });
effect(() => showOrders(orders()));
table.on('INSERT', ({ data }) => {
  if (metrics && data.id > metrics.lastOrder) {
    takeMetrics({ ...metrics, ordersToday: metrics.ordersToday + 1, revenue: metrics.revenue + data.total, lastOrder: data.id });
  }
  light(data);
});
table.on('UPDATE', ({ data }) => light(data));

function showOrders(newest) {
  keyed($('#orders tbody'), newest.slice(0, SHOWN), (row) => row.id, orderRow, fillOrder);
  $('#orders-empty').hidden = newest.length > 0 || !orders.ready();
  if (newest.length > 0) setText($('#orders-note'), `last one at ${timeOfDay(newest[0].created_at)}`);
  chart.show(newest);
}

/** A row that was written lights up; it is shown by then. */
function light(row) {
  queueMicrotask(() => {
    const element = $(`#orders tbody [data-key="${row.id}"]`);
    if (element) play(element, 'flash');
  });
}

function orderRow() {
  return h('tr', {}, h('td', { class: 'muted' }), h('td', { class: 'grow' }), h('td', {}, h('span', { class: 'badge' })), h('td', { class: 'right' }));
}

function fillOrder(element, { id, customer, status, total }) {
  const [number, name, state, amount] = element.children;
  setText(number, `#${id}`);
  setText(name, customer);
  setText(state.firstChild, status);
  state.firstChild.dataset.status = status;
  setText(amount, euros(total));
}

// what the visitor can do
$('#write-one').addEventListener('click', guard(() => api('POST', 'orders')));

const streamSwitch = $('#stream');
let isStreamKnown = false; // what is heard or chosen is newer than what was asked at the start
streamSwitch.addEventListener('change', guard(async () => {
  const wanted = streamSwitch.checked;
  isStreamKnown = true;
  try {
    await api('PUT', 'orders/stream', { running: wanted });
    if (wanted) notify('Orders are coming in. The stream ends by itself after ten minutes.');
  } catch (error) {
    streamSwitch.checked = !wanted;
    throw error;
  }
}));

async function loadStream() {
  const { running } = await api('GET', 'orders/stream');
  if (!isStreamKnown) showStream(running);
}

function showStream(isRunning) {
  isStreamKnown = true;
  streamSwitch.checked = isRunning;
}
