/** Small helpers to build pages. Text is only ever set as text, never as HTML. */

export const $ = (selector, within = document) => within.querySelector(selector);

/** An element: `h('li', { class: 'mine', onclick: f }, 'text', child)`. Attributes that are false, null or undefined are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const sprite = (file) => new URL(`../img/${file}.svg`, import.meta.url).pathname;

/** Takes the icons into the page: what is shown without a network has them too. */
export async function loadIcons() {
  const text = await (await fetch(sprite('icons'))).text();
  const svg = document.adoptNode(new DOMParser().parseFromString(text, 'image/svg+xml').documentElement);
  for (const symbol of svg.querySelectorAll('symbol')) symbol.id = `icon-${symbol.id}`;
  svg.setAttribute('class', 'sr');
  svg.setAttribute('aria-hidden', 'true');
  document.body.append(svg);
}

/** A symbol of one of the sprite files. */
export function icon(name, file = 'icons') {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', file === 'icons' ? 'icon' : 'picture');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  const isHere = file === 'icons' && document.getElementById(`icon-${name}`) !== null;
  use.setAttribute('href', isHere ? `#icon-${name}` : `${sprite(file)}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * Makes the children of `parent` show `items` in their order. Elements are kept by key, so that focus, selection and
 * running animations stay. `create(item)` makes an element, `update(element, item)` fills it every time.
 */
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

/** Sets the text only if it differs: screen readers announce what is set. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Plays a CSS animation by class, again if it is running. */
export function play(element, name) {
  element.classList.remove(name);
  void element.offsetWidth; // restarts the animation
  element.classList.add(name);
  element.addEventListener('animationend', () => element.classList.remove(name), { once: true });
}

const money = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' });
export const euros = (amount) => money.format(amount);

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
export const timeOfDay = (time) => clock.format(new Date(time));

/** A random id; `crypto.randomUUID` exists on https and localhost only. */
export const randomId = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
