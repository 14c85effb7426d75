/**
 * A text in a shared document: every paragraph is a field of its own, `{ order, text }`, so that those who write in
 * different paragraphs do not meet. Paragraphs stand in the order of their keys, which always leave room between.
 */

const PREFIX = 'p:';
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';
const KEY = /^[0-9a-z]{1,2000}$/;
const STEP = 4; // keys at the end stay short

/** The paragraphs there are, as `{ id, order, text }`. Reactive. */
export function paragraphsOf(doc) {
  return doc
    .fields()
    .filter((name) => name.startsWith(PREFIX))
    .map((id) => ({ id, value: doc.field(id)() }))
    .filter(({ value }) => value !== undefined) // its name is known a moment earlier
    .map(paragraph)
    .sort((a, b) => compare(a.order, b.order) || compare(a.id, b.id));
}

/** Whatever another program may have written there. */
function paragraph({ id, value }) {
  const order = typeof value?.order === 'string' && KEY.test(value.order) ? value.order : 'z';
  return { id, order, text: String(value?.text ?? '').replaceAll(/[\r\n]/g, ' ') };
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Writes what makes `lines` of the paragraphs `shown`; gives the paragraphs that the lines are now. */
export function writeLines(doc, shown, lines, newId) {
  const most = Math.min(shown.length, lines.length);
  const head = count(most, (i) => shown[i].text === lines[i]);
  const tail = count(most - head, (i) => shown.at(-1 - i).text === lines.at(-1 - i));
  const old = shown.slice(head, shown.length - tail);
  const after = shown[shown.length - tail]?.order ?? null;
  let before = shown[head - 1]?.order ?? '';
  const fresh = lines.slice(head, lines.length - tail).map((text, i) => {
    const { id, order } = old[i] ?? { id: PREFIX + newId(), order: between(before, after) };
    before = order;
    doc.field(id).set({ order, text });
    return { id, order, text };
  });
  for (const { id } of old.slice(fresh.length)) doc.field(id).remove();
  return [...shown.slice(0, head), ...fresh, ...shown.slice(shown.length - tail)];
}

/** How many of the first `most` are so, one after the other. */
function count(most, isSo) {
  let i = 0;
  while (i < most && isSo(i)) i++;
  return i;
}

/** A key after `low` and before `high` (null: the end). Random, so that two pages hardly choose the same. */
export function between(low, high) {
  let key = '';
  let isOpen = high === null;
  for (let i = 0; ; i++) {
    const from = Math.max(0, DIGITS.indexOf(low[i] ?? '0'));
    const to = isOpen || i >= high.length ? DIGITS.length : DIGITS.indexOf(high[i]);
    if (to - from > 1) {
      const room = Math.min(high === null ? STEP : DIGITS.length, to - from - 1);
      return key + DIGITS[from + 1 + Math.floor(Math.random() * room)] + tie();
    }
    key += DIGITS[from];
    isOpen ||= from < to;
  }
}

/** Never ends in the lowest digit, before which there would be no room. */
const tie = () => DIGITS[Math.floor(Math.random() * DIGITS.length)] + DIGITS[1 + Math.floor(Math.random() * (DIGITS.length - 1))];

/** Where `at` in the text `before` is after it became `after`. */
export function moved(at, before, after) {
  const most = Math.min(before.length, after.length);
  const head = count(most, (i) => before[i] === after[i]);
  const tail = count(most - head, (i) => before.at(-1 - i) === after.at(-1 - i));
  if (at <= head) return at;
  if (at >= before.length - tail) return at + after.length - before.length;
  return after.length - tail;
}
