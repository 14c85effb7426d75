/** Small helpers. Text is only ever set as text: what users and channels are called is no HTML here. */

/** An element: `h('li', { class: 'mine', onclick: f }, 'text', child)`. Attributes that are false, null or undefined are left out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Sets the text only if it differs, so that selections stay and nothing is announced twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes the children of `parent` show `items` in their order; elements are kept by key, and with them focus and selection. */
export function keyed(parent, items, key, create, update) {
  const existing = new Map([...parent.children].map((element) => [element.dataset.key, element]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let element = existing.get(name);
    existing.delete(name);
    if (!element) {
      element = create(item);
      element.dataset.key = name;
    }
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
    update(element, item);
  }
  for (const element of existing.values()) element.remove();
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const count = (number) => whole.format(number);

/** A rate; small ones with a decimal. Unknown is a dash. */
export const rate = (number) => (number === null || number === undefined ? '–' : (number < 10 ? one : whole).format(number));

export function bytes(number) {
  if (number < 1024) return `${whole.format(number)} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = number;
  let unit = -1;
  do {
    value /= 1024;
    unit += 1;
  } while (value >= 1024 && unit < units.length - 1);
  return `${(value < 10 ? one : whole).format(value)} ${units[unit]}`;
}

/** How long ago, in one word and one unit. */
export function age(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

export const timeOfDay = (time) => clock.format(new Date(time));
