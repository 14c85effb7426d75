const MAX_CONFLICTS = 20;

/** What may be done about a conflict, by name: gives what to write, or undefined to leave the server's state alone. */
export const strategies = Object.freeze({
  serverWins: () => undefined,
  clientWins: (server, mine) => mine,
  lastWriteWins: (server, mine, { updatedAt = Infinity }) => (time(updatedAt) >= time(server.updatedAt) ? mine : undefined),
});

/**
 * Sends a change together with the version it was made from. Where the server answers 409 with its own state, `onConflict`
 * (a strategy's name, or a function) says what to write on top of that.
 */
export async function submitWithConflictResolution(url, mutation, onConflict, { method = 'PATCH', headers, fetch = globalThis.fetch } = {}) {
  const resolve = typeof onConflict === 'function' ? onConflict : strategies[onConflict];
  if (typeof resolve !== 'function') throw new TypeError(`a conflict strategy is a function or one of ${Object.keys(strategies).join(', ')}, not ${onConflict}`);
  let { payload, baseVersion } = mutation;
  for (let conflicts = 0; ; conflicts++) {
    const answer = await fetch(url, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ payload, baseVersion }),
    });
    if (answer.ok) return answer.json();
    if (answer.status !== 409 || conflicts === MAX_CONFLICTS) throw Object.assign(new Error(`Mutation failed: ${answer.status}`), { status: answer.status, response: answer });
    const server = await answer.json();
    payload = await resolve(server, payload, mutation);
    if (payload === undefined) return server;
    baseVersion = server.version;
  }
}

function time(at) {
  return typeof at === 'number' ? at : Date.parse(at);
}
