const TIME_DIGITS = 9;
const COUNT_DIGITS = 4;
const MAX_COUNT = 36 ** COUNT_DIGITS - 1;
const STAMP = /^([0-9a-z]{9})\.([0-9a-z]{4})\.([0-9a-z]{1,32})$/;

/** The parts of a stamp `<time>.<count>.<replica>`, or null if `text` is not one. Stamps are ordered as texts are. */
export function parseStamp(text) {
  const parts = typeof text === 'string' ? STAMP.exec(text) : null;
  return parts && { time: parseInt(parts[1], 36), count: parseInt(parts[2], 36), replica: parts[3] };
}

export function formatStamp({ time, count, replica }) {
  return `${time.toString(36).padStart(TIME_DIGITS, '0')}.${count.toString(36).padStart(COUNT_DIGITS, '0')}.${replica}`;
}

/** Follows the time of day, never goes back, and is ahead of every stamp it has seen. */
export class HybridClock {
  #replica;
  #millis;
  #time = 0;
  #count = 0;

  constructor(replica, millis = Date.now) {
    this.#replica = replica;
    this.#millis = millis;
  }

  /** A stamp that is later than all it made or saw before. */
  next() {
    const now = this.#millis();
    if (now > this.#time) {
      this.#time = now;
      this.#count = 0;
    } else if (this.#count < MAX_COUNT) {
      this.#count++;
    } else {
      this.#time++;
      this.#count = 0;
    }
    return formatStamp({ time: this.#time, count: this.#count, replica: this.#replica });
  }

  /** Takes notice of another replica's stamp. */
  observe(stamp) {
    const { time, count } = parseStamp(stamp);
    if (time > this.#time) {
      this.#time = time;
      this.#count = count;
    } else if (time === this.#time) {
      this.#count = Math.max(this.#count, count);
    }
  }
}

/** A name that no other replica has: `0-9a-z`, about 82 random bits. */
export function randomReplica() {
  let name = '';
  while (name.length < 16) {
    for (const byte of crypto.getRandomValues(new Uint8Array(16))) {
      if (byte < 252 && name.length < 16) name += (byte % 36).toString(36);
    }
  }
  return name;
}
