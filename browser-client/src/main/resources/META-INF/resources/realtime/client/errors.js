/** What every failure of this client is: `code` is the server's error code, or `UNAVAILABLE` when there was no answer. */
export class RealtimeError extends Error {
  constructor(code, message, { temporary = false, retryAfterMs = null, topic, closeCode, sent = false } = {}) {
    super(message);
    this.name = 'RealtimeError';
    this.code = code;
    this.temporary = temporary;
    this.retryAfterMs = retryAfterMs;
    this.topic = topic;
    this.closeCode = closeCode;
    this.sent = sent;
  }

  /** The error for the payload of an `error` frame. */
  static of(payload) {
    return new RealtimeError(String(payload.code ?? 'INTERNAL'), String(payload.message ?? payload.code ?? 'no reason given'), {
      topic: payload.topic,
      temporary: payload.temporary === true,
      retryAfterMs: Number.isFinite(payload.retryAfterMs) ? payload.retryAfterMs : null,
    });
  }
}

/** One line on the console; `sample` is cut so that a large message cannot flood it. */
export function warn(problem, sample) {
  const shown = sample === undefined ? '' : `: ${String(sample).slice(0, 120).replace(/\s+/g, ' ')}`;
  console.warn(`[tidewire] ${problem}${shown}`);
}

/** A promise with its two ends. One that nobody awaits may fail unnoticed: its failure is told elsewhere too. */
export function deferred() {
  const it = {};
  it.promise = new Promise((resolve, reject) => {
    it.resolve = resolve;
    it.reject = reject;
  });
  it.promise.catch(() => {});
  return it;
}
