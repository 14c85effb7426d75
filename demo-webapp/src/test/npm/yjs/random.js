// Numbers and edits that a seed repeats.
import * as Y from 'yjs'

export const generator = (seed) => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (n) => Math.floor(next() * n)
  return { next, below, pick: (list) => list[below(list.length)] }
}

const WORDS = ['a', 'tide ', 'wire', '\n', 'ü', '漢字', '👩‍🚀', '🎉', ' ', 'x'.repeat(40)]
const VALUES = [
  null, true, false, 0, -1, 63, 64, -64, 8191, 2147483647, -2147483648, 4294967296, 0.5, 0.1, -1e300, 1e21,
  'text', '', '🎉', [], {}, [1, [2, ['three']]], { deep: { er: [null, { x: 1.5 }] } }, 9007199254740991n,
  new Uint8Array([1, 2, 255])
]

// Yjs takes no bigint in an array
const PLAIN = VALUES.filter((value) => typeof value !== 'bigint')

/** One random edit of the document; every kind of content of Yjs turns up. */
export const edit = (doc, random) => {
  const text = doc.getText('content')
  const comments = doc.getArray('comments')
  const metadata = doc.getMap('metadata')
  const page = doc.getXmlFragment('page')
  const at = (length) => random.below(length + 1)
  switch (random.below(18)) {
    case 0: case 1: case 2: case 3: case 4:
      text.insert(at(text.length), random.pick(WORDS))
      break
    case 5: case 6:
      if (text.length > 0) {
        const from = random.below(text.length)
        text.delete(from, Math.min(text.length - from, 1 + random.below(8)))
      }
      break
    case 7:
      if (text.length > 0) {
        const from = random.below(text.length)
        text.format(from, Math.min(text.length - from, 1 + random.below(10)),
          random.pick([{ bold: true }, { bold: null }, { color: '#0ea5e9' }, { link: { href: 'x"\\y' } }]))
      }
      break
    case 8:
      text.insertEmbed(at(text.length), random.pick([{ image: 'a.png' }, { math: 'x^2', n: 1.5 }]))
      break
    case 9: case 10:
      comments.insert(at(comments.length), [random.pick(PLAIN), random.pick(PLAIN), random.pick(WORDS)])
      break
    case 11:
      if (comments.length > 0) comments.delete(random.below(comments.length))
      break
    case 12: case 13:
      metadata.set(random.pick(['title', 'owner', 'ключ', '']), random.pick(VALUES))
      break
    case 14:
      metadata.delete('title')
      break
    case 15: {
      const map = new Y.Map()
      comments.push([map])
      map.set('replies', new Y.Array())
      map.get('replies').push(['first', new Y.Text('nested')])
      break
    }
    case 16: {
      const element = new Y.XmlElement(random.pick(['p', 'h1']))
      element.setAttribute('align', 'left')
      element.insert(0, [new Y.XmlText('xml'), new Y.XmlElement('br')])
      page.insert(at(page.length), [element])
      if (random.below(4) === 0) page.insert(0, [new Y.XmlHook('hook')])
      break
    }
    default:
      if (random.below(3) === 0) metadata.set('sub', new Y.Doc({ guid: 'sub-' + random.below(9), meta: { a: 1 } }))
      else if (page.length > 0) page.delete(random.below(page.length))
  }
}

/** Documents of several clients that edit at the same time and hear of each other now and then. */
export const history = (seed, clients, edits, gc = true) => {
  const random = generator(seed)
  const updates = []
  const docs = []
  for (let i = 0; i < clients; i++) {
    const doc = new Y.Doc({ gc })
    doc.clientID = i === 0 ? 1 + random.below(100) : 1000 + random.below(4294960000)
    doc.on('update', (update, origin) => { if (origin !== 'remote') updates.push(update) })
    docs.push(doc)
  }
  for (let i = 0; i < edits; i++) {
    const doc = random.pick(docs)
    if (random.below(5) === 0) doc.transact(() => { for (let j = 0; j < 4; j++) edit(doc, random) })
    else edit(doc, random)
    if (random.below(3) === 0) {
      const other = random.pick(docs)
      if (other !== doc) Y.applyUpdate(other, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other)), 'remote')
    }
  }
  return { random, updates, docs }
}

export const shuffled = (list, random) => {
  const copy = list.slice()
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const swap = copy[i]
    copy[i] = copy[j]
    copy[j] = swap
  }
  return copy
}
