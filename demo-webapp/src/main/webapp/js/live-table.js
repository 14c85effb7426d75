import { insist } from './api.js';

/**
 * The rows of a table, as they are now and stay: `rows` maps id → row, `onChange` hears what was done.
 *
 * Subscribed first, then fetched, so that no change falls between. What arrives during the fetch is kept and applied
 * after it, in order: a change that the fetched rows contain already is applied once more, which changes nothing. When
 * the channel says `reset`, everything is fetched again.
 *
 * @param onChange called with `{ operation, row, old }` for one change, with `{ operation: 'LOAD' }` after a fetch
 */
export function liveTable(realtime, topic, path, onChange) {
  const rows = new Map();
  let waiting = []; // null once the rows are there
  let loads = 0;

  function apply({ operation, data, old }) {
    if (operation === 'DELETE') rows.delete(data.id);
    else rows.set(data.id, data);
    if (old && old.id !== data.id) rows.delete(old.id);
  }

  function receive(frame) {
    if (waiting) {
      waiting.push(frame);
    } else {
      apply(frame);
      onChange({ operation: frame.operation, row: frame.data, old: frame.old, at: frame.timestamp });
    }
  }

  async function load() {
    const mine = ++loads;
    waiting = [];
    const fresh = await insist('GET', path);
    if (mine !== loads) return; // another reset came: the later fetch counts
    rows.clear();
    for (const row of fresh) rows.set(row.id, row);
    waiting.forEach(apply);
    waiting = null;
    onChange({ operation: 'LOAD' });
  }

  const channel = realtime.channel(topic);
  channel.on('INSERT', receive).on('UPDATE', receive).on('DELETE', receive).on('reset', load).subscribe();
  channel.ready.then(load);
  return {
    rows,
    /** Whether `rows` are all there. */
    get isLoaded() {
      return waiting === null;
    },
  };
}
