// A shared TipTap page: what an application writes, with the names of the packages alone.
import { Editor } from '@tiptap/core'
import Collaboration from '@tiptap/extension-collaboration'
import CollaborationCaret from '@tiptap/extension-collaboration-caret'
import StarterKit from '@tiptap/starter-kit'
import { IndexeddbPersistence } from 'y-indexeddb'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const query = new URLSearchParams(location.search)
const room = query.get('room')
const doc = new Y.Doc()
const local = new IndexeddbPersistence(`doc-${room}`, doc)
const provider = new WebsocketProvider(`${location.origin.replace('http', 'ws')}/app/realtime/yjs`, room, doc, { resyncInterval: 5_000 })
const editor = new Editor({
  element: document.querySelector('#editor'),
  extensions: [
    StarterKit.configure({ undoRedo: false }), // Yjs has its own
    Collaboration.configure({ document: doc }),
    CollaborationCaret.configure({ provider, user: { name: query.get('name'), color: query.get('color') } })
  ]
})
window.shared = { doc, local, provider, editor }
