// Writes the test vectors of the update format: what Yjs itself makes of random histories.
import * as Y from 'yjs'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { history, shuffled } from './random.js'

const CASES = 24
const file = fileURLToPath(new URL(
  '../../../../../realtime-core/src/test/resources/dev/tidewire/sync/yjs/vectors.txt', import.meta.url))
const hex = (bytes) => Buffer.from(bytes).toString('base64')

const lines = ['# made by vectors.js with yjs 13.6.33: kind, expected, arguments (base64)']
for (let seed = 1; seed <= CASES; seed++) {
  const { random, updates, docs } = history(seed, 1 + (seed % 4), 4 + (seed % 13), seed % 5 !== 0)
  const some = updates.filter(() => random.below(4) > 0) // with holes
  for (const list of [updates, shuffled(updates, random), some]) {
    if (list.length === 0) continue
    const merged = Y.mergeUpdates(list)
    lines.push(['merge', hex(merged), ...list.map(hex)].join(' '))
    lines.push(['vector', hex(Y.encodeStateVectorFromUpdate(merged)), hex(merged)].join(' '))
  }
  const state = Y.encodeStateAsUpdate(docs[0])
  const merged = Y.mergeUpdates(updates)
  const parts = [Y.mergeUpdates(some.length > 0 ? some : updates), state, merged]
  lines.push(['merge', hex(Y.mergeUpdates(parts)), ...parts.map(hex)].join(' '))
  for (const doc of docs) {
    const vector = new Map(Y.decodeStateVector(Y.encodeStateVector(doc)))
    for (const [client, clock] of vector) if (random.below(2)) vector.set(client, random.below(clock + 2))
    const encoded = Y.encodeStateVector(vector)
    for (const whole of [merged, parts[0]]) lines.push(['diff', hex(Y.diffUpdate(whole, encoded)), hex(whole), hex(encoded)].join(' '))
  }
}
writeFileSync(file, lines.join('\n') + '\n')
console.log(`${lines.length - 1} vectors of ${CASES} histories`)
