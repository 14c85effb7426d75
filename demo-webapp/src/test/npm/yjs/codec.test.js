// The server's own merge, diff and state vector against those of Yjs, byte for byte.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as Y from 'yjs'
import { content, java } from './harness.js'
import { history, shuffled } from './random.js'

const SEED = Number(process.env.YJS_SEED ?? 1000 + Math.floor(Math.random() * 1e6))
const HISTORIES = Number(process.env.YJS_HISTORIES ?? 40)
const base64 = (bytes) => Buffer.from(bytes).toString('base64')

/** Who made each character and where it stands, deleted ones too. */
const characters = (text) => {
  const all = []
  for (let item = text._start; item !== null; item = item.right) {
    for (let i = 0; i < item.length; i++) all.push(`${item.id.client}.${item.id.clock + i}${item.deleted ? '-' : ''}`)
  }
  return all.join(' ')
}

test('the server handles updates as Yjs does', async () => {
  const jvm = java('dev.tidewire.demo.YjsCodec')
  const ask = async (...words) => {
    jvm.say(words.map((w) => typeof w === 'string' ? w : base64(w)).join(' ') + '\n')
    return new Uint8Array(Buffer.from(await jvm.line(), 'base64'))
  }
  let updatesSeen = 0
  let before = 0
  let after = 0
  for (let seed = SEED; seed < SEED + HISTORIES; seed++) {
    const where = `seed ${seed}`
    const { random, updates, docs } = history(seed, 1 + (seed % 5), 20 + (seed % 60), seed % 4 !== 0)
    updatesSeen += updates.length
    const holes = updates.filter(() => random.below(5) > 0)
    for (const list of [updates, shuffled(updates, random), holes.length > 0 ? holes : updates]) {
      const merged = await ask('merge', ...list)
      assert.deepEqual(merged, Y.mergeUpdates(list), where)
      assert.deepEqual(await ask('vector', merged), Y.encodeStateVectorFromUpdate(merged), where)
      const vector = Y.decodeStateVector(Y.encodeStateVector(random.pick(docs)))
      for (const [client, clock] of vector) if (random.below(2)) vector.set(client, random.below(clock + 2))
      const encoded = Y.encodeStateVector(vector)
      assert.deepEqual(await ask('diff', merged, encoded), Y.diffUpdate(merged, encoded), where)

      // compacted, it is the same document to every client, also to one that has a part of it
      const compact = await ask('compact', merged)
      before += merged.length
      after += compact.length
      for (const start of [[], shuffled(updates, random).slice(0, updates.length / 3)]) {
        const one = new Y.Doc()
        const other = new Y.Doc()
        for (const update of start) { Y.applyUpdate(one, update); Y.applyUpdate(other, update) }
        Y.applyUpdate(one, merged)
        Y.applyUpdate(other, compact)
        assert.equal(content(other), content(one), where)
        assert.deepEqual(characters(other.getText('content')), characters(one.getText('content')), where)
        assert.deepEqual(Y.encodeStateVector(other), Y.encodeStateVector(one), where)
      }
    }
  }
  jvm.child.stdin.end()
  console.log(`seed ${SEED}: ${HISTORIES} histories, ${updatesSeen} updates; compacting ${before} to ${after} bytes`)
})
