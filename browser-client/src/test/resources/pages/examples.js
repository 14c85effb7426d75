import { createElement as h, useEffect, useRef, useState } from 'react';
import { useAuth, useRealtime } from './realtime/react.js';

// the three applications that the client is made for, written as its users write them

function useMembers(userList = new Map()) {
  const [members, setMembers] = useState(userList);
  const joined = ({ data }) => setMembers((before) => new Map(before).set(data.userId, data));
  const left = ({ data }) =>
    setMembers((before) => {
      const after = new Map(before);
      after.delete(data.userId);
      return after;
    });
  return [[...members.values()].map(({ name }) => name), joined, left];
}

export function Chat({ roomId }) {
  const { realtime } = useRealtime();
  const { user } = useAuth();
  const [lines, setLines] = useState([]);
  const [draft, setDraft] = useState('');
  const [names, joined, left] = useMembers();
  const room = useRef(null);

  useEffect(() => {
    const channel = realtime.channel(`chat/${roomId}`);
    room.current = channel;
    channel.getHistory(100).then((page) => setLines(page.map(({ data }) => data)));
    channel.track({ userId: user.id, name: user.name, status: 'online' });
    channel
      .on('message', ({ data }) => setLines((before) => [...before, data]))
      .on('presence:join', joined)
      .on('presence:leave', left)
      .subscribe();
    return () => {
      channel.untrack();
      channel.unsubscribe();
    };
  }, [realtime, roomId, user]);

  const send = (event) => {
    event.preventDefault();
    if (!draft.trim()) return;
    const message = { id: crypto.randomUUID(), userId: user.id, userName: user.name, text: draft.trim(), timestamp: Date.now() };
    room.current.publish('message', message, { persist: true });
    setDraft('');
  };

  return h(
    'div',
    null,
    h('p', { id: 'online' }, `${names.length} online: ${names.join(', ')}`),
    h('ol', null, lines.map(({ id, userName, text }) => h('li', { key: id }, `${userName}: ${text}`))),
    h('form', { onSubmit: send }, h('input', { value: draft, onChange: (event) => setDraft(event.target.value) }), h('button', null, 'Send')),
  );
}

export function Todos({ listId }) {
  const { realtime } = useRealtime();
  const { user } = useAuth();
  const [todos, setTodos] = useState([]);
  const [names, joined, left] = useMembers();

  useEffect(() => {
    const table = realtime.channel('todos');
    table
      .on('INSERT', ({ data }) => data.list_id === listId && setTodos((before) => [...before, data]))
      .on('UPDATE', ({ data }) => setTodos((before) => before.map((todo) => (todo.id === data.id ? data : todo))))
      .on('DELETE', ({ data }) => setTodos((before) => before.filter((todo) => todo.id !== data.id)))
      .subscribe();
    const list = realtime.channel(`todos/${listId}`);
    list.track({ userId: user.id, name: user.name, viewing: true });
    list.on('presence:join', joined).on('presence:leave', left).subscribe();
    return () => {
      table.unsubscribe();
      list.untrack();
      list.unsubscribe();
    };
  }, [realtime, listId, user]);

  return h(
    'div',
    null,
    h('p', { id: 'editors' }, `Editors: ${names.join(', ')}`),
    h('ul', null, todos.map(({ id, text, done }) => h('li', { key: id, className: done ? 'done' : '' }, text))),
  );
}

export function Metrics() {
  const { realtime } = useRealtime();
  const [{ activeUsers, ordersToday, revenue }, setMetrics] = useState({ activeUsers: 0, ordersToday: 0, revenue: 0 });

  useEffect(() => {
    const metrics = realtime.channel('dashboard/metrics');
    metrics.on('metrics:update', ({ data }) => setMetrics(data)).subscribe();
    const orders = realtime.channel('orders');
    orders
      .on('INSERT', ({ data }) =>
        setMetrics((before) => ({ ...before, ordersToday: before.ordersToday + 1, revenue: before.revenue + data.total })),
      )
      .subscribe();
    return () => {
      metrics.unsubscribe();
      orders.unsubscribe();
    };
  }, [realtime]);

  return h('p', null, `${activeUsers} users, ${ordersToday} orders, $${revenue.toFixed(2)}`);
}
