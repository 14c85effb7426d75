import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createElement as h } from 'react';
import { renderToString } from 'react-dom/server';
import { createRealtime } from 'tidewire';
import { RealtimeProvider, usePresence, useRealtime, useRows, useSocket, useStatus } from 'tidewire/react';

function Page() {
  const { user } = useRealtime();
  const { rows, ready } = useRows('orders');
  const members = usePresence('room/1');
  const { status } = useSocket('ws://localhost/');
  return h('p', null, [user.name, useStatus(), rows.length, ready, members.length, status].join(' '));
}

test('renders on a server, where nothing connects', () => {
  const realtime = createRealtime({ url: 'ws://localhost/', autoConnect: false });
  assert.equal(renderToString(h(RealtimeProvider, { realtime, user: { name: 'Ada' } }, h(Page))), '<p>Ada idle 0 false 0 connecting</p>');
});

test('hook without a provider says what is missing', () => {
  assert.throws(() => renderToString(h(Page)), /needs a <RealtimeProvider>/);
});
