/** Callbacks by name. One that throws is reported like any uncaught error and does not stop the others. */
export class Listeners {
  #byName = new Map();

  add(name, callback) {
    if (typeof callback !== 'function') throw new TypeError(`the listener of "${name}" is not a function: ${callback}`);
    if (!this.#byName.has(name)) this.#byName.set(name, new Set());
    this.#byName.get(name).add(callback);
  }

  remove(name, callback) {
    const callbacks = this.#byName.get(name);
    if (callbacks?.delete(callback) && callbacks.size === 0) this.#byName.delete(name);
  }

  clear() {
    // empties the sets too: an emit under way must not reach what was just removed
    for (const callbacks of this.#byName.values()) callbacks.clear();
    this.#byName.clear();
  }

  has(name, callback) {
    const callbacks = this.#byName.get(name);
    return callbacks !== undefined && (callback === undefined || callbacks.has(callback));
  }

  emit(name, ...values) {
    const callbacks = this.#byName.get(name);
    if (callbacks === undefined) return;
    for (const callback of [...callbacks]) {
      if (callbacks.has(callback)) guarded(callback, ...values);
    }
  }
}

/** Calls application code; what it throws goes to the page's error reporting. */
export function guarded(callback, ...values) {
  try {
    callback(...values);
  } catch (error) {
    if (typeof reportError === 'function') reportError(error);
    else console.error(error);
  }
}
