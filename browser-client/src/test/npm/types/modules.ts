import { createRealtime, RealtimeError, type Status } from 'tidewire';
import { strategies, submitWithConflictResolution, type Versioned } from 'tidewire/conflicts';
import { createOfflineQueue } from 'tidewire/offline';
import { createOptimistic } from 'tidewire/optimistic';
import { createAdaptivePoller, createConditionalPoller, createPoller, createStatusPoller } from 'tidewire/polling';
import { passed, positionOf } from 'tidewire/positions';
import { shareActivity, userColor } from 'tidewire/presence';
import 'tidewire/rows';
import { createSharedRealtime } from 'tidewire/shared';
import { effect, signal, type ReadableSignal } from 'tidewire/signals';
import { createSync, createWebSocketTransport } from 'tidewire/sync';
import { createSocket } from 'tidewire/socket';
import { createEventStream } from 'tidewire/sse';
import { debounce, RATES, throttle } from 'tidewire/timing';
import { occupancy } from 'tidewire/occupancy';
import { createTyping } from 'tidewire/typing';

interface Order {
  id: number;
  status: string;
  total: number;
}

const realtime = createRealtime({ token: async () => 'secret', maxRetries: 3 });
const status: Status = realtime.state.status;
const orders = realtime.channel<Order>('orders');
orders
  .on('INSERT', ({ data, operation }) => data.total + operation.length)
  .on('UPDATE', ({ old }) => old?.status)
  .on('presence:leave', ({ reason, userId }) => reason === 'left' && userId)
  .on('reset', ({ payload }) => payload.reason === 'EPOCH')
  .subscribe();
realtime.onError((error: RealtimeError) => error.code === 'FORBIDDEN');

const shared: string | undefined = createSharedRealtime({ as: 'ada', transports: ['websocket'] }).transport;
// @ts-expect-error there is no such way
createRealtime({ transports: ['smoke'] });

const open: ReadableSignal<Order[]> = orders.rows({ where: { status: 'open' }, orderBy: '-total' });
// @ts-expect-error a status is text
orders.rows({ where: { status: 1 } });
const total: number = open().reduce((sum, order) => sum + order.total, 0);

const count = signal(total);
count.update((n) => n + 1);
const stop: () => void = effect(() => void count());
// @ts-expect-error a number is wanted
count.set('1');

const ws = createSocket<{ id: string }>('wss://example.com', { maxRetries: 10, pingInterval: 25_000 });
const off: () => void = ws.on('message', (message) => message.id.length);
const word: 'connecting' | 'open' | 'closed' | 'error' = ws.status();
// @ts-expect-error there is no such event
ws.on('nothing', () => {});

const move = throttle((x: number, y: number) => void ws.send({ x, y }), RATES.cursorSent);
move(1, 2);
// @ts-expect-error both are wanted
move(1);
debounce((text: string) => void text, RATES.documentSent).flush();
createTyping(orders, { userId: '1', name: 'typing' }).input();
occupancy(realtime, 'orders')()?.toFixed();
createTyping(ws).users().map(({ username }) => username);
shareActivity(realtime, { awayAfter: 1 }).status() === 'away' && userColor('u');

const optimistic = createOptimistic<Order>({ channel: orders });
const operation = optimistic.apply('1', (order) => order && { ...order, status: 'paid' });
const settled: Promise<boolean> = operation.confirm(await fetch('/x'));
const response: Response = await optimistic.mutate('1', undefined, (id) => fetch(`/x/${id}`));
await passed(orders, positionOf(response, 'orders') ?? '');
const saved: Versioned<string> = await submitWithConflictResolution('/x', { payload: 'a', baseVersion: 1 }, (server, mine) => server.data + mine);
await submitWithConflictResolution('/x', { payload: 'a', baseVersion: 1 }, 'lastWriteWins');
// @ts-expect-error there is no such strategy
await submitWithConflictResolution('/x', { payload: 'a', baseVersion: 1 }, 'coinToss');
strategies.serverWins;

const queue = createOfflineQueue({ onConflict: ({ body }, server) => ({ ...server, ...body }) });
for (const result of await queue.sync()) if (result.status === 'error') result.reason.length;
createEventStream('/x', { update: (data) => data }, { lastIdParameter: 'cursor' }).close();
createPoller<Order>('/x').data()?.total;
createAdaptivePoller('/x').interval();
createConditionalPoller('/x', () => true).stop();
createStatusPoller('/x', { finals: ['done'] }).refresh();

export { shared, off, saved, settled, status, stop, word };

const doc = createSync('document-abc', { title: 'Untitled', pages: 1 }, { transport: createWebSocketTransport({ realtime, room: 'document-abc' }) });
doc.connect();
doc.state.title.set(doc.state.title().toUpperCase());
// @ts-expect-error a number is wanted
doc.state.pages.set('2');
doc.presence.set({ name: 'Ada', cursor: { x: 1, y: 2 } });
for (const [peerId, { name }] of doc.peerPresence()) void (peerId + name);
const others: string[] = doc.peers().map((peer) => peer.id);
doc.field<string[]>('comments').update((all = []) => [...all, ...others]);
