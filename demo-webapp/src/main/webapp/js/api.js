const BASE = new URL('../api/', import.meta.url);

/** What the server answered instead of success; `problem` is its problem+json. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

/** Asks the server. `body` is sent as JSON, or as plain text if it is text; the answer is JSON, undefined for 204. */
export async function api(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    const isText = typeof body === 'string';
    options.headers['Content-Type'] = isText ? 'text/plain' : 'application/json';
    options.body = isText ? body : JSON.stringify(body);
  }
  const response = await fetch(new URL(path, BASE), options);
  if (response.status === 204) return undefined;
  const isJson = (response.headers.get('Content-Type') ?? '').includes('json');
  const answer = isJson ? await response.json() : {};
  if (!response.ok || !isJson) throw new ApiError(response.status, answer);
  return answer;
}

/** Asks until there is an answer: for what a page cannot do without. */
export async function insist(method, path) {
  for (let delay = 500; ; delay = Math.min(delay * 2, 8000)) {
    try {
      return await api(method, path);
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}
