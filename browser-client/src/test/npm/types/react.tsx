import { QueryClient, MutationObserver } from '@tanstack/query-core';
import { createRealtime } from 'tidewire';
import { createOfflineQueue } from 'tidewire/offline';
import { applyCacheOperation, bindTable, createQueryOptimistic, offlineMutation, optimisticMutation } from 'tidewire/query';
import { RealtimeProvider, useAuth, useChannel, usePresence, useRealtime, useRows, useSocket, useTyping } from 'tidewire/react';

interface User {
  id: string;
  name: string;
}

interface Task {
  id: string;
  done: boolean;
}

export function Board() {
  const { realtime } = useRealtime();
  const { user } = useAuth<User>();
  const members = usePresence<{ name: string }>('room/1', { name: user.name });
  const { rows } = useRows<Task>('tasks', { where: { done: false } });
  const room = useChannel('room/1', { message: ({ data }) => data });
  const { users, input } = useTyping('room/1');
  const { send } = useSocket<{ text: string }>('/ws', { onMessage: ({ text }) => text.length });
  return (
    <button onClick={() => room.publish('message', 'hi')} onKeyDown={input} onBlur={() => void send({})}>
      {realtime.status} {members.map(({ name }) => name)} {rows.length} {users.length}
    </button>
  );
}

export function App() {
  return (
    <RealtimeProvider user={{ id: '1', name: 'Ada' }} token="t">
      <Board />
    </RealtimeProvider>
  );
}

const client = new QueryClient();
const tasks = createRealtime().channel('tasks');
const optimistic = createQueryOptimistic<Task>(client, 'tasks', { channel: tasks });
bindTable(client, tasks, { optimistic });
applyCacheOperation(client, { operation: 'update', entity: 'tasks', id: 1, payload: { done: true }, partial: true });
new MutationObserver(client, offlineMutation<Task>(client, createOfflineQueue(), { url: '/api' }));
new MutationObserver(
  client,
  optimisticMutation(client, optimistic, {
    entity: 'tasks',
    id: (id: string) => id,
    change: (task) => task && { ...task, done: true },
    request: (id) => fetch(`/api/${id}`),
  }),
);
