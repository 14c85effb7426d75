import { RATES, throttle } from '../realtime/timing.js';
import { h, keyed } from './dom.js';

/**
 * Shows where the others point: on which child of `area`, by its key, and where within it, so that it is right at every
 * width. `track` is called with `{ key, x, y }`, or null outside, at most thirty times a second.
 */
export function shareCursors(channel, area, track) {
  const layer = h('div', { class: 'cursors', 'aria-hidden': 'true' });
  let mine = null;
  area.parentElement.append(layer);

  const tell = () => track(mine);
  const tellSoon = throttle(tell, RATES.cursorSent);
  const point = (next) => {
    if (next === null && mine === null) return;
    mine = next;
    tellSoon();
  };

  area.addEventListener('pointermove', ({ target, clientX, clientY, pointerType }) => {
    const child = pointerType === 'mouse' && target.closest(`#${area.id} > [data-key]`);
    if (!child) return point(null);
    const { left, top, width, height } = child.getBoundingClientRect();
    point({ key: child.dataset.key, x: round((clientX - left) / width), y: round((clientY - top) / height) });
  });
  area.addEventListener('pointerleave', () => point(null));
  document.addEventListener('visibilitychange', () => document.hidden && point(null));

  function show(people, ownId) {
    const others = [...people.values()].filter(({ userId, cursor, away }) => userId !== ownId && !away && childOf(cursor));
    keyed(layer, others, ({ userId }) => userId, create, place);
  }

  const childOf = (cursor) => cursor && area.querySelector(`:scope > [data-key="${CSS.escape(String(cursor.key))}"]`);

  function create({ name }) {
    return h('div', { class: 'cursor' }, h('span', {}, name));
  }

  function place(element, { color, cursor }) {
    const child = childOf(cursor);
    const { left, top } = layer.getBoundingClientRect();
    const box = child.getBoundingClientRect();
    element.dataset.color = color;
    element.style.transform = `translate(${box.left - left + within(cursor.x) * box.width}px, ${box.top - top + within(cursor.y) * box.height}px)`;
  }

  return { tell, show: throttle(show, RATES.cursorShown) };
}

const round = (share) => Math.round(share * 1000) / 1000;
const within = (share) => Math.min(1, Math.max(0, Number(share) || 0));
