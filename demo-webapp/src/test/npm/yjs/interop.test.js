// Stock clients against the server: everybody ends with the same document, whatever breaks.
import 'fake-indexeddb/auto'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import WebSocket from 'ws'
import { IndexeddbPersistence } from 'y-indexeddb'
import * as Y from 'yjs'
import { connect, content, converged, leaveAll, serve, sleep, until } from './harness.js'
import { edit, generator } from './random.js'

const SEED = Number(process.env.YJS_SEED ?? Math.floor(Math.random() * 1e6))
const EDITS = Number(process.env.YJS_EDITS ?? 300)
const KILLS = Number(process.env.YJS_KILLS ?? 3)

let server
before(async () => { server = await serve() })
afterEach(leaveAll)
after(() => server.kill())

const users = (client) => [...client.provider.awareness.getStates().values()].map((s) => s.user?.name).filter(Boolean).sort()

for (const [count, edits] of [[2, EDITS], [10, EDITS]]) {
  test(`${count} clients that edit at the same time and lose their connections converge`, async () => {
    const random = generator(SEED + count)
    const room = `draft/${count} ü 漢字/${SEED}`
    const list = []
    for (let i = 0; i < count; i++) list.push(connect(server, room, { resyncInterval: i % 2 ? 200 : -1 }))
    await Promise.all(list.map((c) => c.synced()))
    const undo = list.map((c) => new Y.UndoManager(c.text))
    let cuts = 0
    for (let i = 0; i < edits; i++) {
      const who = random.below(count)
      if (random.below(12) === 0) undo[who].undo()
      else edit(list[who].doc, random)
      if (random.below(25) === 0) { random.pick(list).cut(); cuts++ }
      if (random.below(8) === 0) await sleep(1)
    }
    await converged(list)
    const late = connect(server, room)
    await late.synced()
    assert.equal(content(late.doc), content(list[0].doc))
    console.log(`seed ${SEED + count}: ${count} clients, ${edits} edits, ${cuts} cut connections, ${late.text.length} characters`)
  })
}

test('a server killed while everybody types has lost nothing that others were sent', async () => {
  const random = generator(SEED + 77)
  const directory = mkdtempSync(join(tmpdir(), 'tidewire-yjs-'))
  const room = 'killed'
  let typed = 0
  let forwarded = 0
  try {
    let victim = await serve(0, join(directory, 'db'))
    let list = [connect(victim, room), connect(victim, room), connect(victim, room)]
    for (let kill = 0; kill < KILLS; kill++) {
      await Promise.all(list.map((c) => c.synced()))
      const [watcher, ...typists] = list
      let typing = true
      const hands = typists.map(async (c) => {
        while (typing) {
          c.text.insert(random.below(c.text.length + 1), random.pick(['a', 'b ', '\n', 'ü']))
          typed++
          if (random.below(10) === 0) c.text.delete(0, 1)
          await sleep(random.below(4))
        }
      })
      await sleep(200 + random.below(600))
      await victim.kill()
      typing = false
      await Promise.all(hands)
      // whoever typed is gone for good: what the watcher was sent must be in the store
      const had = new Y.Doc()
      Y.applyUpdate(had, Y.encodeStateAsUpdate(watcher.doc))
      const mine = typists.map((c) => Y.encodeStateAsUpdate(c.doc))
      leaveAll()
      victim = await serve(victim.port, join(directory, 'db'))
      const fresh = connect(victim, room)
      await fresh.synced()
      const stored = Y.decodeStateVector(Y.encodeStateVector(fresh.doc))
      for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(had))) {
        forwarded += clock
        assert.ok((stored.get(client) ?? 0) >= clock, `seed ${SEED}, kill ${kill}: client ${client} at ${stored.get(client)}, not ${clock}`)
      }
      const text = fresh.text.toString()
      Y.applyUpdate(fresh.doc, Y.encodeStateAsUpdate(had), fresh.provider)
      assert.equal(fresh.text.toString(), text, 'also every deletion')
      // and now they come back with what was not sent any more
      list = [fresh, ...mine.map((update) => {
        const doc = new Y.Doc()
        Y.applyUpdate(doc, update)
        return connect(victim, room, { doc })
      })]
      await converged(list)
    }
    leaveAll()
    await victim.kill()
    console.log(`seed ${SEED + 77}: ${KILLS} kills, ${typed} keystrokes, ${forwarded} clocks seen by others and found again`)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test('what was written offline is kept in the browser and merged on return', async () => {
  const room = 'notes/offline'
  const online = connect(server, room)
  await online.synced()
  online.text.insert(0, 'shared ')
  const doc = new Y.Doc()
  const kept = new IndexeddbPersistence('doc-offline', doc)
  await kept.whenSynced
  const reader = connect(server, room, { doc })
  await converged([online, reader])
  reader.provider.disconnect()
  doc.getText('content').insert(0, 'offline ')
  online.text.insert(online.text.length, 'online')
  await sleep(50)
  await kept.destroy()
  reader.leave()

  const later = new Y.Doc() // the page is loaded again
  const again = new IndexeddbPersistence('doc-offline', later)
  await again.whenSynced
  assert.equal(later.getText('content').toString(), 'offline shared ')
  const back = connect(server, room, { doc: later })
  await converged([online, back])
  assert.equal(online.text.toString(), 'offline shared online')
  await again.destroy()
})

test('cursors are seen, vanish with their connection and return with it', async () => {
  const ada = connect(server, 'cursors')
  const grace = connect(server, 'cursors')
  await Promise.all([ada.synced(), grace.synced()])
  ada.provider.awareness.setLocalStateField('user', { id: 'u1', name: 'Ada', color: 'hsl(10, 70%, 55%)', cursor: null })
  grace.provider.awareness.setLocalStateField('user', { id: 'u2', name: 'Grace' })
  const both = () => users(ada).length === 2 && users(grace).length === 2
  await until('both see both', both)
  const late = connect(server, 'cursors')
  await until('a newcomer sees both', () => users(late).length === 2)

  ada.provider.shouldReconnect = () => false
  ada.cut()
  await until('a lost connection takes its cursor along', () => users(grace).join() === 'Grace')
  ada.provider.connect()
  await until('and brings it back', both)
  grace.provider.awareness.setLocalState(null)
  await until('one who leaves is gone', () => users(ada).join() === 'Ada')
})

test('a reader may not write, and hears why', async (context) => {
  const warned = context.mock.method(console, 'warn', () => {})
  const writer = connect(server, 'readonly/minutes', { params: { token: 'writer' } })
  const reader = connect(server, 'readonly/minutes')
  await Promise.all([writer.synced(), reader.synced()])
  writer.text.insert(0, 'agreed')
  await until('the reader reads', () => reader.text.toString() === 'agreed')
  reader.text.insert(0, 'not ')
  await until('the reader is told', () => warned.mock.callCount() > 0)
  assert.match(warned.mock.calls[0].arguments[0], /Permission denied[^]*publish/)
  const other = connect(server, 'readonly/minutes')
  await other.synced()
  assert.equal(other.text.toString(), 'agreed')
  assert.equal(writer.text.toString(), 'agreed')
  assert.equal(reader.provider.wsconnected, true)
})

test('a closed room is refused for good', async (context) => {
  const warned = context.mock.method(console, 'warn', () => {})
  const stranger = connect(server, 'secret/plans')
  await until('it is closed', () => stranger.closes.length > 0)
  assert.deepEqual(stranger.closes, [4403])
  assert.equal(stranger.provider.shouldConnect, false)
  assert.equal(warned.mock.callCount(), 1)
})

const raw = (room, ...messages) => new Promise((resolve, reject) => {
  const socket = new WebSocket(server.url + '/' + room)
  socket.on('open', () => messages.forEach((m) => socket.send(m)))
  socket.on('close', (code) => resolve(code))
  socket.on('error', reject)
})

test('what is no update closes its sender and leaves the document alone', async () => {
  const random = generator(SEED + 5)
  const good = connect(server, 'attacked')
  await good.synced()
  good.text.insert(0, 'well')
  const state = Y.encodeStateAsUpdate(good.doc)
  const message = (update) => {
    const length = []
    for (let rest = update.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest)
      if (rest <= 127) break
    }
    return Uint8Array.from([0, 2, ...length, ...update])
  }
  const bad = [
    [0], [0, 2], [0, 9, 0], [0, 0, 1, 5], [0, 2, 255, 255, 255, 255, 15], [1, 3, 1, 5, 5], [255, 255, 255, 255, 255, 255, 255, 255, 255],
    message(state.subarray(0, state.length - 2)), message([1, 1, 1, 0, 0, 0, 0]), message([1, 1, 1, 0, 5, 1, 1, 97, 1, 123, 0]),
    [1, 8, 1, 5, 1, 4, ...Buffer.from('{"a}')]
  ]
  for (const bytes of bad) assert.equal(await raw('attacked', Uint8Array.from(bytes)), 4400, bytes.join())
  let survived = 0
  for (let i = 0; i < 60; i++) { // a byte of a good one turned
    const turned = Uint8Array.from(state)
    turned[random.below(turned.length)] = random.below(256)
    const code = await Promise.race([raw('attacked-too', message(turned), 'text ends it'), sleep(30_000)])
    assert.ok(code === 4400 || code === 1003, String(code))
    if (code === 1003) survived++
  }
  assert.equal(await raw('attacked', new Uint8Array(4 * 1024 * 1024 + 1)), 4413)
  assert.equal(await raw('attacked', Uint8Array.from([77, 1, 2, 3]), 'text'), 1003, 'an unknown type is passed over')
  const fresh = connect(server, 'attacked')
  await fresh.synced()
  assert.equal(fresh.text.toString(), 'well')
  const beside = connect(server, 'attacked-too') // what was still an update, every client can take
  await beside.synced()
  console.log(`seed ${SEED + 5}: ${bad.length + 1} bad messages refused, ${60 - survived} of 60 turned ones`)
})

test('rooms that were left are forgotten', async () => {
  for (let i = 0; i < 20; i++) {
    const some = Array.from({ length: 25 }, (_, j) => connect(server, `many/${i}/${j}`))
    await Promise.all(some.map((c) => c.synced()))
    some.forEach((c) => c.text.insert(0, 'x'))
    some.forEach((c) => c.leave())
  }
  leaveAll()
  await until('no room is open', async () => (await server.rooms()) === 0)
})

test('tabs of one browser, which also talk to each other, converge as well', async () => {
  const one = connect(server, 'tabs', { disableBc: false })
  const two = connect(server, 'tabs', { disableBc: false })
  const elsewhere = connect(server, 'tabs')
  await Promise.all([one, two, elsewhere].map((c) => c.synced()))
  one.text.insert(0, 'one')
  two.text.insert(0, 'two')
  elsewhere.text.insert(0, 'elsewhere')
  await converged([one, two, elsewhere])
  assert.equal(one.text.length, 15)
})
