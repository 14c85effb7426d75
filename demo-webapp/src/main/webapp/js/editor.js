import { effect } from '../realtime/signals.js';
import { h, keyed, randomId } from './dom.js';
import { moved, paragraphsOf, writeLines } from './paragraphs.js';

const CARET = /^p:/;

/**
 * A text area that shows the paragraphs of `doc` and writes what is typed. A mirror of the same shape lies over it and
 * shows the carets of the others. `onCaret` hears where one's own is: `{ id, at }`, or null.
 */
export function createEditor(doc, area, mirror, onCaret) {
  let shown = []; // what the lines of the area are
  let latest = []; // what the document says
  let isBusy = false;

  effect(() => {
    latest = paragraphsOf(doc);
    if (!isBusy) show();
  });
  effect(() => draw(doc.peers()));

  area.addEventListener('input', () => {
    const wasBusy = isBusy;
    isBusy = true; // between two fields the document is nothing to show
    shown = writeLines(doc, shown, area.value.split('\n'), randomId);
    isBusy = wasBusy;
    if (!isBusy) show();
  });
  area.addEventListener('compositionstart', () => (isBusy = true));
  area.addEventListener('compositionend', () => {
    isBusy = false;
    show();
  });
  document.addEventListener('selectionchange', tell);
  area.addEventListener('focus', tell);
  area.addEventListener('blur', tell);

  function show() {
    const text = latest.map((each) => each.text).join('\n');
    const isFocused = document.activeElement === area;
    const selection = [area.selectionStart, area.selectionEnd].map(placeOf);
    const direction = area.selectionDirection;
    const before = shown;
    shown = latest;
    if (area.value !== text) {
      area.value = text;
      if (isFocused) area.setSelectionRange(...selection.map((place) => offsetOf(place, before)), direction);
    }
    draw(doc.peers());
    tell();
  }

  /** An offset in the area as paragraph and offset in it. */
  function placeOf(offset) {
    let at = offset;
    for (let i = 0; i < shown.length; i++) {
      const { length } = shown[i].text;
      if (at <= length) return { index: i, at };
      at -= length + 1;
    }
    return { index: shown.length, at: 0 };
  }

  function offsetOf({ index, at }, before) {
    const was = before[index];
    let i = shown.findIndex(({ id }) => id === was?.id);
    let within;
    if (i >= 0) {
      within = moved(at, was.text, shown[i].text);
    } else {
      i = Math.min(index, shown.length - 1);
      within = shown[i]?.text.length ?? 0;
    }
    return shown.slice(0, Math.max(0, i)).reduce((sum, { text }) => sum + text.length + 1, within);
  }

  function tell() {
    if (document.activeElement !== area) return onCaret(null);
    const { index, at } = placeOf(area.selectionDirection === 'backward' ? area.selectionStart : area.selectionEnd);
    onCaret(shown[index] ? { id: shown[index].id, at } : null);
  }

  function draw(peers) {
    const carets = peers.filter(({ status, data }) => status !== 'away' && CARET.test(data?.caret?.id));
    keyed(mirror, shown, ({ id }) => id, () => h('p'), (line, paragraph) => drawLine(line, paragraph, carets.filter(({ data }) => data.caret.id === paragraph.id)));
  }

  return { indexOf: (id) => latest.findIndex((each) => each.id === id) };
}

function drawLine(line, { text }, carets) {
  const places = carets
    .map(({ data: { name, color, caret } }) => ({ name: String(name ?? 'Somebody'), color, at: Math.min(text.length, Math.max(0, Number(caret.at) || 0)) }))
    .sort((a, b) => a.at - b.at);
  const state = JSON.stringify([text, places]);
  if (line.drawn === state) return; // typing elsewhere leaves it alone
  line.drawn = state;
  line.toggleAttribute('data-taken', places.length > 0);
  if (places.length > 0) line.dataset.color = places[0].color;
  else delete line.dataset.color;
  const parts = [];
  let from = 0;
  for (const { name, color, at } of places) {
    parts.push(text.slice(from, at), h('span', { class: 'caret', 'data-color': color }, h('span', {}, name)));
    from = at;
  }
  line.replaceChildren(...parts, text.slice(from) || '\u200b'); // an empty line has a height too
  for (const caret of line.querySelectorAll('.caret')) caret.classList.toggle('turned', caret.offsetLeft > line.clientWidth * 0.7);
}
