/** The figures at the top: a number each, and how it was in the last minute. */

import { bytes, count, h, rate, setText, svg } from './dom.js';

const SAMPLES = 60;
const WIDTH = 120;
const HEIGHT = 32;

/** `of` makes a number of the summary now and the one before, or null as long as there is none. */
const FIGURES = [
  { name: 'Connections', of: (now) => now.connections, text: count, note: (now) => transports(now) },
  { name: 'Publications / s', of: (now, before) => perSecond(now, before, 'publications'), text: rate, note: (now) => `${count(now.publications)} so far` },
  { name: 'Deliveries / s', of: (now, before) => perSecond(now, before, 'deliveries'), text: rate, note: (now) => `${count(now.deliveries)} so far` },
  { name: 'Sent / s', of: (now, before) => perSecond(now, before, 'bytes'), text: bytes, note: (now) => `${count(now.messages)} messages so far` },
  { name: 'Waiting', of: (now) => now.waitingBytes, text: bytes, note: (now) => (now.waitingBytes === 0 ? 'nobody is behind' : `at most ${bytes(now.longestQueueBytes)} for one`) },
  { name: 'Channels', of: (now) => now.channels, text: count, note: (now) => `${count(now.subscriptions)} subscriptions` },
];

function transports(now) {
  const names = { websocket: 'WebSocket', event_stream: 'SSE', poll: 'poll', yjs: 'Yjs', other: 'other' };
  const known = Object.entries(now.byTransport).filter(([, number]) => number > 0).sort((a, b) => b[1] - a[1]);
  return known.length === 0 ? 'nobody is here' : known.map(([name, number]) => `${count(number)} ${names[name] ?? name}`).join(' · ');
}

function perSecond(now, before, field) {
  if (now[field] === undefined) return undefined;
  if (!before || now.at <= before.at || now[field] < before[field]) return null; // the server began anew
  return ((now[field] - before[field]) * 1000) / (now.at - before.at);
}

/** Fills `parent` with the figures; the answer is called with every new summary. */
export function figures(parent) {
  const shown = FIGURES.map((figure) => ({ figure, samples: [], ...card(figure) }));
  parent.append(...shown.map(({ element }) => element));
  let before = null;
  return (now) => {
    for (const { figure, element, number, note, samples, draw } of shown) {
      const value = figure.of(now, before);
      element.hidden = value === undefined;
      if (value === undefined) continue;
      setText(number, value === null ? '–' : figure.text(value));
      setText(note, figure.note?.(now) ?? '');
      if (value === null) samples.length = 0;
      else samples.push(value);
      if (samples.length > SAMPLES) samples.shift();
      draw(samples);
    }
    before = now;
  };
}

function card({ name }) {
  const number = h('p', { class: 'number' }, '–');
  const note = h('p', { class: 'note' });
  const area = svg('path', { class: 'area' });
  const line = svg('path', { class: 'line' });
  const spark = svg('svg', { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, area, line);
  const element = h('article', { class: 'card figure' }, h('h2', {}, name), number, note, spark);
  return { element, number, note, draw: (samples) => draw(samples, line, area) };
}

function draw(samples, line, area) {
  const most = Math.max(1, ...samples);
  const step = WIDTH / (SAMPLES - 1);
  const from = WIDTH - (samples.length - 1) * step;
  const points = samples.map((value, i) => `${(from + i * step).toFixed(1)} ${(HEIGHT - 1 - (value / most) * (HEIGHT - 4)).toFixed(1)}`);
  line.setAttribute('d', points.length > 1 ? `M${points.join('L')}` : '');
  area.setAttribute('d', points.length > 1 ? `M${from.toFixed(1)} ${HEIGHT}L${points.join('L')}L${WIDTH} ${HEIGHT}Z` : '');
}
