import { h, keyed } from './dom.js';

/** Who is in a channel: a map of user id → `{ userId, name, color, away, … }` that stays true. */
export function peopleIn(channel, onChange) {
  const people = new Map();
  const put = ({ data, status }) => {
    people.set(data.userId, { ...data, away: status === 'away' });
    onChange(people);
  };
  channel
    .on('presence:join', put)
    .on('presence:update', put)
    .on('presence:leave', ({ data }) => {
      people.delete(data.userId);
      onChange(people);
    })
    .subscribe();
  return people;
}

export const byName = (people) => [...people.values()].sort((a, b) => String(a.name).localeCompare(String(b.name)) || (a.userId < b.userId ? -1 : 1));

/** The initials of somebody in their colour. */
export function avatar(person) {
  return fillAvatar(h('span', { class: 'avatar' }), person);
}

function fillAvatar(element, { name = '?', color = 'teal', away = false }) {
  const letters = String(name).split(/\s+/).filter(Boolean).map((word) => [...word][0]);
  element.textContent = (letters.length > 1 ? letters[0] + letters.at(-1) : (letters[0] ?? '?')).toUpperCase();
  element.dataset.color = color;
  element.title = away ? `${name}, away` : name;
  element.classList.toggle('away', away);
  return element;
}

/** Shows at most `max` avatars, and how many more there are. */
export function showPeople(element, people, max = 6) {
  const list = byName(people);
  const shown = list.length > max ? list.slice(0, max - 1) : list;
  const items = shown.map((person) => ({ key: person.userId, person }));
  if (list.length > shown.length) items.push({ key: '+', more: list.length - shown.length });
  keyed(
    element,
    items,
    (item) => item.key,
    () => h('span', { class: 'avatar' }),
    (each, { person, more }) => {
      if (person) fillAvatar(each, person);
      else each.textContent = `+${more}`;
    },
  );
}
