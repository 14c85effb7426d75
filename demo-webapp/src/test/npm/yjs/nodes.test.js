// Stock clients on two nodes: everybody is in one room.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import * as Y from 'yjs'
import { connect, content, converged, leaveAll, serve, sleep, until } from './harness.js'
import { edit, generator } from './random.js'

const SEED = Number(process.env.YJS_SEED ?? Math.floor(Math.random() * 1e6))
const EDITS = Number(process.env.YJS_EDITS ?? 300)

const start = () => serve(0, '', '', process.env.YJS_POSTGRES)

let nodes
before(async () => { nodes = await Promise.all([start(), start()]) })
afterEach(leaveAll)
after(() => Promise.all(nodes.map((node) => node.kill())))

const users = (client) => [...client.provider.awareness.getStates().values()].map((s) => s.user?.name).filter(Boolean).sort().join()
const show = (client, name) => client.provider.awareness.setLocalStateField('user', { name })

test('clients of both nodes that edit at the same time and lose their connections converge', async () => {
  const random = generator(SEED)
  const room = `draft/ü 漢字/${SEED}`
  const list = [0, 1, 0, 1].map((node) => connect(nodes[node], room))
  await Promise.all(list.map((c) => c.synced()))
  for (let i = 0; i < EDITS; i++) {
    edit(random.pick(list).doc, random)
    if (random.below(25) === 0) random.pick(list).cut()
    if (random.below(4) === 0) await sleep(1)
  }
  await converged(list)
  for (const node of nodes) {
    const late = connect(node, room)
    await late.synced()
    assert.equal(content(late.doc), content(list[0].doc))
  }
  console.log(`seed ${SEED}: ${EDITS} edits on two nodes, ${list[0].text.length} characters`)
})

test('a megabyte that is pasted on one node arrives on the other', async () => {
  const [ada, grace] = nodes.map((node) => connect(node, 'large'))
  await Promise.all([ada.synced(), grace.synced()])
  ada.text.insert(0, 'a long text, '.repeat(80_000))
  await converged([ada, grace])
  assert.equal(grace.text.length, 13 * 80_000)
})

test('cursors are seen on the other node, and gone when their page is', async () => {
  const [ada, grace] = nodes.map((node) => connect(node, 'cursors'))
  show(ada, 'Ada')
  show(grace, 'Grace')
  await until('both see both', () => users(ada) === 'Ada,Grace' && users(grace) === 'Ada,Grace')
  const late = connect(nodes[1], 'cursors')
  await until('a newcomer sees both', () => users(late) === 'Ada,Grace')
  ada.leave()
  await until('who leaves is gone', () => users(grace) === 'Grace' && users(late) === 'Grace')
})

test('a node that is killed takes nothing along', async () => {
  const [ada, grace] = nodes.map((node) => connect(node, 'killed'))
  await Promise.all([ada.synced(), grace.synced()])
  ada.text.insert(0, 'from the one ')
  await converged([ada, grace])
  await nodes[0].kill()
  ada.text.insert(0, 'offline ')
  grace.text.insert(grace.text.length, 'and the other')
  const doc = new Y.Doc()
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(ada.doc))
  ada.leave()
  const moved = connect(nodes[1], 'killed', { doc })
  await converged([moved, grace])
  nodes[0] = await start()
  const back = connect(nodes[0], 'killed')
  await converged([moved, grace, back])
  assert.equal(back.text.toString(), 'offline from the one and the other')
  back.text.insert(0, 'again ')
  await converged([moved, grace, back])
})
