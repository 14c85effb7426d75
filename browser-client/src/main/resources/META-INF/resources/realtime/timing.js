/** Milliseconds that suit what is sent or shown often. */
export const RATES = Object.freeze({
  cursorSent: 33,
  cursorShown: 16,
  documentSent: 200,
  viewShown: 100,
  typingStops: 3_000,
});

/**
 * Calls `action` at most once in `ms`: the first call at once, and of those in between the last one at the end. So the
 * latest value always gets through.
 */
export function throttle(action, ms) {
  let timer = null;
  let waiting = null;

  function ended() {
    timer = null;
    if (waiting === null) return;
    const values = waiting;
    waiting = null;
    timer = setTimeout(ended, ms);
    action(...values);
  }
  function throttled(...values) {
    if (timer !== null) {
      waiting = values;
      return;
    }
    timer = setTimeout(ended, ms);
    action(...values);
  }
  return withEnds(throttled, {
    cancel() {
      clearTimeout(timer);
      timer = waiting = null;
    },
    flush() {
      clearTimeout(timer);
      ended();
    },
  });
}

/** Calls `action` once no further call came for `ms`, with the values of the last one. */
export function debounce(action, ms) {
  let timer = null;
  let waiting = null;

  function ended() {
    timer = null;
    if (waiting === null) return;
    const values = waiting;
    waiting = null;
    action(...values);
  }
  function debounced(...values) {
    clearTimeout(timer);
    waiting = values;
    timer = setTimeout(ended, ms);
  }
  return withEnds(debounced, {
    cancel() {
      clearTimeout(timer);
      timer = waiting = null;
    },
    flush() {
      clearTimeout(timer);
      ended();
    },
  });
}

/** Adds `cancel` (what waits is dropped) and `flush` (it is done now). */
function withEnds(limited, ends) {
  return Object.assign(limited, ends);
}
