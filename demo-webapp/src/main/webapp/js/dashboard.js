import { api } from './api.js';
import { app, guard, notify, start } from './app.js';
import { RevenueChart } from './chart.js';
import { $, euros, h, keyed, play, setText, timeOfDay } from './dom.js';
import { liveTable } from './live-table.js';
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
board.ready.then(guard(loadMetrics)).then(guard(async () => showStream((await api('GET', 'orders/stream')).running)));
document.addEventListener('people', showMetrics);

// the orders
const chart = new RevenueChart($('#chart'), app.now);
const orders = liveTable(app.realtime, 'orders', `orders?limit=${KEPT}`, ({ operation, row }) => {
  if (operation === 'INSERT' && metrics && row.id > metrics.lastOrder) {
    takeMetrics({ ...metrics, ordersToday: metrics.ordersToday + 1, revenue: metrics.revenue + row.total, lastOrder: row.id });
  }
  showOrders(operation === 'DELETE' ? null : row);
});

function showOrders(changed) {
  const newest = [...orders.rows.values()].sort((a, b) => b.id - a.id);
  for (const row of newest.slice(KEPT)) orders.rows.delete(row.id);
  keyed($('#orders tbody'), newest.slice(0, SHOWN), (row) => row.id, orderRow, fillOrder);
  $('#orders-empty').hidden = newest.length > 0;
  if (newest.length > 0) setText($('#orders-note'), `last one at ${timeOfDay(newest[0].created_at)}`);
  if (changed) {
    const element = $(`#orders tbody [data-key="${changed.id}"]`);
    if (element) play(element, 'flash');
  }
  chart.show(newest);
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
streamSwitch.addEventListener('change', guard(async () => {
  const wanted = streamSwitch.checked;
  try {
    await api('PUT', 'orders/stream', { running: wanted });
    if (wanted) notify('Orders are coming in. The stream ends by itself after ten minutes.');
  } catch (error) {
    streamSwitch.checked = !wanted;
    throw error;
  }
}));

function showStream(isRunning) {
  streamSwitch.checked = isRunning;
}
