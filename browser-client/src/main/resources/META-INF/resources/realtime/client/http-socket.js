const WAIT_SECONDS = 25;
const BATCH_CHARACTERS = 4_096; // far below what a server takes at once
const CODES = { 401: 4001, 403: 4503, 413: 1009 };

/**
 * A WebSocket's face for a link over plain HTTP: messages come as an event stream, or are polled for; what is sent goes
 * out in requests, one after the other.
 */
export class HttpSocket {
  readyState = 0;
  onopen = null;
  onmessage = null;
  onclose = null;
  #url;
  #link = 'new';
  #waiting = [];
  #isSending = false;
  #abort = new AbortController();

  /** @param url of the WebSocket; the others lie beside it */
  constructor(url, isPolled) {
    this.#url = url.replace(/^ws/, 'http');
    globalThis.addEventListener?.('pagehide', this.#hidden);
    (isPolled ? this.#poll() : this.#stream()).catch((error) => this.#end(1006, String(error)));
  }

  async #stream() {
    const answer = await this.#request('sse', '');
    const text = new TextDecoder();
    const take = eventReader((name, data) => this.#event(name, data));
    const reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      take(text.decode(value, { stream: true }));
    }
    this.#end(1006, 'the stream has ended');
  }

  async #poll() {
    while (this.readyState <= 1) {
      const answer = await this.#request('poll', `&wait=${WAIT_SECONDS}`);
      eventReader((name, data) => this.#event(name, data))(await answer.text());
    }
  }

  /** Asks below the link; what is no answer of the server's ends it. */
  async #request(path, more, options) {
    const target = new URL(`${path}?link=${this.#link}${more}`, this.#url);
    const answer = await fetch(target, { credentials: 'include', cache: 'no-store', signal: this.#abort.signal, ...options });
    const type = answer.headers.get('Content-Type') ?? '';
    if (!answer.ok) {
      const problem = type.includes('problem+json') ? await answer.json() : {};
      this.#end((problem.code && CODES[answer.status]) ?? 1006, problem.detail ?? `HTTP ${answer.status}`);
    } else if (options === undefined && !type.startsWith('text/event-stream')) {
      this.#end(1006, 'not an event stream');
    }
    return answer;
  }

  #event(name, data) {
    if (this.readyState > 1) return;
    if (name === 'message') {
      this.onmessage?.({ data });
    } else if (name === 'link') {
      this.#link = data;
      this.readyState = 1;
      this.onopen?.({});
    } else if (name === 'close') {
      const { code, reason } = JSON.parse(data).payload;
      this.#end(code, reason);
    }
  }

  send(text) {
    this.#waiting.push(text);
    if (!this.#isSending) this.#send().catch((error) => this.#end(1006, String(error)));
  }

  async #send() {
    this.#isSending = true;
    await null; // what is sent in one turn goes out together
    while (this.#waiting.length > 0 && this.readyState === 1) {
      let body = this.#waiting.shift();
      while (this.#waiting.length > 0 && body.length + this.#waiting[0].length < BATCH_CHARACTERS) body += `\n${this.#waiting.shift()}`;
      await this.#request('send', '', post(body));
    }
    this.#isSending = false;
  }

  // the server would notice only later that nobody listens any more
  #hidden = () => {
    this.close();
    this.onclose?.({ code: 1006, reason: 'the page was left' });
  };

  close() {
    if (this.readyState === 1) {
      const body = this.#waiting.join('\n');
      fetch(new URL(`send?link=${this.#link}&close=true`, this.#url), { credentials: 'include', keepalive: true, ...post(body) }).catch(() => {});
    }
    this.#stop();
  }

  #end(code, reason) {
    if (this.readyState > 1) return;
    this.#stop();
    this.onclose?.({ code, reason });
  }

  #stop() {
    this.readyState = 3;
    globalThis.removeEventListener?.('pagehide', this.#hidden);
    this.#abort.abort();
  }
}

function post(body) {
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body };
}

/** Calls `handle(name, data)` for every event in the pieces of a stream. */
export function eventReader(handle) {
  let rest = '';
  let name = 'message';
  let data = [];
  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop();
    for (const text of lines) {
      const line = text.replace(/\r$/, '');
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
      if (line === '') {
        if (data.length > 0) handle(name, data.join('\n'));
        name = 'message';
        data = [];
      } else if (field === 'data') {
        data.push(value);
      } else if (field === 'event') {
        name = value;
      }
    }
  };
}
