// Servers that can be killed, and stock clients.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'

globalThis.WebSocket = WebSocket // the provider's resync looks for the global one
process.setMaxListeners(0) // every provider listens for the end

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits, for as long as a slow machine needs. */
export const until = async (what, condition) => {
  const end = Date.now() + 150_000 // rooms that differ repair that within a minute, on a machine with time
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('never: ' + what)
    await sleep(20)
  }
}

/** A child JVM that runs a class of the tests' class path. */
export const java = (main, ...args) => {
  const child = spawn(process.env.YJS_JAVA ?? 'java',
    ['-XX:TieredStopAtLevel=1', '-Xmx256m', `@${process.env.YJS_ARGUMENTS}`, main, ...args.map(String)],
    { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => {}) // it may be dead
  const lines = createInterface({ input: child.stdout })
  const heard = []
  const waiting = []
  lines.on('line', (line) => waiting.length > 0 ? waiting.shift()(line) : heard.push(line))
  return {
    child,
    line: () => heard.length > 0 ? Promise.resolve(heard.shift()) : new Promise((resolve) => waiting.push(resolve)),
    say: (text) => child.stdin.write(text)
  }
}

/** Starts the server; port 0 for any. */
export const serve = async (port = 0, database = '', pages = '', ...shared) => {
  const jvm = java('dev.tidewire.demo.YjsServer', port, database, pages, ...shared)
  const ended = new Promise((resolve) => jvm.child.on('exit', resolve))
  const lineThat = async (begins) => {
    for (;;) {
      const line = await Promise.race([jvm.line(), ended.then(() => { throw new Error('the server ended') })])
      if (line.startsWith(begins)) return line.slice(begins.length)
    }
  }
  const at = Number(await lineThat('ready '))
  return {
    port: at,
    url: `ws://127.0.0.1:${at}/app/realtime/yjs`,
    rooms: async () => {
      jvm.say('\n')
      return Number(await lineThat('rooms '))
    },
    kill: async () => {
      jvm.child.kill('SIGKILL')
      await ended
    }
  }
}

const clients = new Set()

/** A stock client. */
export const connect = (server, room, options = {}) => {
  const doc = options.doc ?? new Y.Doc()
  const provider = new WebsocketProvider(server.url, room, doc, {
    WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 300, ...options
  })
  const client = {
    doc,
    provider,
    closes: [],
    text: doc.getText('content'),
    synced: () => until(`${room} in sync`, () => provider.synced),
    leave: () => {
      clients.delete(client)
      provider.destroy()
      provider.awareness.destroy()
    },
    /** The network breaks. */
    cut: () => provider.ws?.terminate?.()
  }
  provider.on('connection-close', (event) => { if (event) client.closes.push(event.code) })
  provider.on('connection-error', () => {})
  clients.add(client)
  return client
}

export const leaveAll = () => [...clients].forEach((client) => client.leave())

const sorted = (value) => value instanceof Array ? value.map(sorted)
  : value instanceof Uint8Array ? [...value]
    : value !== null && typeof value === 'object'
      ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
      : typeof value === 'bigint' ? `${value}n` : value

/** Everything that is in a document, in a form that can be compared. */
export const content = (doc) => JSON.stringify({
  text: sorted(doc.getText('content').toDelta()),
  comments: sorted(doc.getArray('comments').toArray().map((v) => v?.toJSON?.() ?? v)),
  metadata: sorted(Object.fromEntries([...doc.getMap('metadata').entries()].map(([k, v]) => [k, v?.guid ?? v?.toJSON?.() ?? v]))),
  page: doc.getXmlFragment('page').toString()
})

/** All have the same document, and nothing that waits for what is missing. */
export const converged = (list) => until('the same document everywhere', () =>
  list.every((c) => c.provider.synced && c.doc.store.pendingStructs === null && c.doc.store.pendingDs === null) &&
  new Set(list.map((c) => content(c.doc))).size === 1)
