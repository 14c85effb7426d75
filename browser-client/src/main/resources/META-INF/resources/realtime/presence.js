import { signal } from './signals.js';

const SIGNS_OF_LIFE = ['mousemove', 'keydown', 'touchstart', 'scroll', 'click'];

/**
 * Follows whether somebody is at the page: `online`, `away` after a while without a sign of life or as soon as the page
 * is hidden, `offline` after `stop()`. `send` hears of every change and of nothing else.
 */
export function trackActivity({ send = () => {}, awayAfter = 120_000 } = {}) {
  const status = signal('online');
  let timer = null;

  const become = (next) => {
    if (status.peek() === next) return;
    status.set(next);
    send(next);
  };
  const alive = () => {
    if (document.visibilityState === 'hidden') return; // a message that scrolls the page is no sign of life
    clearTimeout(timer);
    timer = setTimeout(() => become('away'), awayAfter);
    become('online');
  };
  const seen = () => {
    if (document.visibilityState !== 'hidden') return alive();
    clearTimeout(timer);
    become('away');
  };

  for (const name of SIGNS_OF_LIFE) addEventListener(name, alive, { passive: true, capture: true });
  document.addEventListener('visibilitychange', seen);
  seen();

  return {
    status,
    stop() {
      clearTimeout(timer);
      for (const name of SIGNS_OF_LIFE) removeEventListener(name, alive, { capture: true });
      document.removeEventListener('visibilitychange', seen);
      become('offline');
    },
  };
}

/** The same for a client of `createRealtime`: the others in its channels see `status` in their presence messages. */
export function shareActivity(realtime, options = {}) {
  return trackActivity({ ...options, send: (status) => status !== 'offline' && realtime.setStatus(status) });
}

/** A colour that is always the same for the same user. */
export function userColor(userId) {
  let sum = 0;
  for (const unit of String(userId).split('')) sum += unit.charCodeAt(0);
  return `hsl(${sum % 360}, 70%, 55%)`;
}
