import { createContext, createElement, useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { createRealtime } from './client.js';
import { createPoller } from './polling.js';
import { shareActivity } from './presence.js';
import { liveRows } from './rows.js';
import { signal } from './signals.js';
import { createSocket } from './socket.js';
import { createEventStream } from './sse.js';
import { createTyping } from './typing.js';

const Context = createContext(null);
const PRESENCE_EVENTS = ['presence:join', 'presence:update', 'presence:leave'];
const nothing = () => {};
// before the effects of the children, which may already ask for something
const useEarlyEffect = typeof document === 'undefined' ? useEffect : useLayoutEffect;

/** Gives its children one connection: a client of their own, or one made here with `options`. */
export function RealtimeProvider({ realtime, options, token, user, children }) {
  const [own] = useState(() => realtime ?? createRealtime({ ...options, token, autoConnect: false }));
  const client = realtime ?? own;
  const isOwn = realtime === undefined;
  const lastToken = useRef(token);
  const leaving = useRef();
  useEarlyEffect(() => {
    if (!isOwn) return nothing;
    clearTimeout(leaving.current);
    client.connect().catch(nothing); // a failure is told as status and by onError
    return () => {
      leaving.current = setTimeout(() => client.disconnect()); // unless it is mounted again at once, as strict mode does
    };
  }, [client, isOwn]);
  useEffect(() => {
    if (isOwn && lastToken.current !== token) client.setToken(token);
    lastToken.current = token;
  }, [client, isOwn, token]);
  const value = useMemo(() => ({ realtime: client, user }), [client, user]);
  return createElement(Context.Provider, { value }, children);
}

/** `{ realtime, user }` of the provider around. */
export function useRealtime() {
  const value = useContext(Context);
  if (value === null) throw new Error('useRealtime needs a <RealtimeProvider> around it');
  return value;
}

/** `{ user }` as it was given to the provider. */
export function useAuth() {
  const { user } = useRealtime();
  return useMemo(() => ({ user }), [user]);
}

/** The connection's status. */
export function useStatus() {
  const { realtime } = useRealtime();
  const subscribe = useCallback((changed) => realtime.onStatusChange(changed), [realtime]);
  return useSyncExternalStore(subscribe, () => realtime.status, () => 'idle');
}

/** The value of a signal. */
export function useSignal(source) {
  return useSyncExternalStore(source.subscribe, source.peek, source.peek);
}

const uses = new WeakMap(); // channel → how many components have it subscribed

function use(channel) {
  uses.set(channel, (uses.get(channel) ?? 0) + 1);
  channel.subscribe();
  return () => {
    const left = uses.get(channel) - 1;
    uses.set(channel, left);
    if (left === 0) channel.unsubscribe(); // the last one also stops the messages
  };
}

/** Subscribes to a channel while the component is there. `handlers` may be other functions in every render. */
export function useChannel(topic, handlers = {}, options) {
  const { realtime } = useRealtime();
  const latest = useLatest(handlers);
  const channel = useMemo(() => realtime.channel(topic), [realtime, topic]);
  const events = Object.keys(handlers).sort().join('\n');
  const settings = JSON.stringify(options);
  useEffect(() => {
    if (settings !== undefined) realtime.channel(topic, JSON.parse(settings));
    const listeners = events.split('\n').filter(Boolean).map((event) => [event, (message) => latest.current[event]?.(message)]);
    for (const [event, listener] of listeners) channel.on(event, listener);
    const release = use(channel);
    return () => {
      for (const [event, listener] of listeners) channel.off(event, listener);
      release();
    };
  }, [realtime, channel, topic, events, settings, latest]);
  return channel;
}

/** Who is in a channel. Shows `state`, if given, as this page's own while the component is there. */
export function usePresence(topic, state) {
  const { realtime } = useRealtime();
  const channel = useMemo(() => realtime.channel(topic), [realtime, topic]);
  const [members, setMembers] = useState([]);
  const own = JSON.stringify(state);
  useEffect(() => {
    const changed = () => setMembers([...channel.members.values()]);
    for (const event of PRESENCE_EVENTS) channel.on(event, changed);
    const release = use(channel);
    changed();
    return () => {
      for (const event of PRESENCE_EVENTS) channel.off(event, changed);
      release();
    };
  }, [channel]);
  useEffect(() => {
    if (own !== undefined) channel.track(JSON.parse(own));
  }, [channel, own]);
  const isTracked = own !== undefined;
  useEffect(() => (isTracked ? () => void channel.untrack() : nothing), [channel, isTracked]);
  return members;
}

/** The rows of a table, live: `{ rows, ready, error, reload }`. Other `deps` begin anew; functions are no reason to. */
export function useRows(topic, options = {}, deps = []) {
  const { realtime } = useRealtime();
  const begin = () => {
    const channel = realtime.channel(topic);
    const release = use(channel);
    const rows = liveRows(channel, options);
    return [rows, () => (rows.stop(), release())];
  };
  const rows = useResource(begin, [realtime, topic, JSON.stringify(options), ...deps]);
  return {
    rows: useSignal(rows ?? NO_ROWS),
    ready: useSignal(rows?.ready ?? NO),
    error: useSignal(rows?.error ?? NOTHING),
    reload: rows?.reload ?? nothing,
  };
}

/** A plain WebSocket while the component is there. */
export function useSocket(url, options = {}) {
  const { onMessage, ...rest } = options;
  const latest = useLatest(onMessage);
  const begin = () => {
    const socket = createSocket(url, rest);
    socket.on('message', (message) => latest.current?.(message));
    return [socket, () => socket.close(1000, 'Component unmounted')];
  };
  const socket = useResource(begin, [url]);
  const { status, attempt } = useSignal(socket?.state ?? IDLE);
  return {
    status: socket?.status() ?? 'connecting',
    connected: status === 'connected',
    retryCount: attempt,
    data: useSignal(socket?.data ?? NOTHING),
    error: useSignal(socket?.error ?? NOTHING),
    send: socket?.send ?? (() => false),
    reconnect: socket?.reconnect ?? nothing,
  };
}

/** Server-sent events while the component is there. */
export function useEventStream(url, handlers = {}, options = {}) {
  const latest = useLatest(handlers);
  const names = Object.keys(handlers).sort().join('\n');
  const begin = () => {
    const listeners = names.split('\n').filter(Boolean).map((name) => [name, (data) => latest.current[name]?.(data)]);
    const stream = createEventStream(url, Object.fromEntries(listeners), options);
    return [stream, stream.close];
  };
  const stream = useResource(begin, [url, names]);
  return {
    connected: useSignal(stream?.connected ?? NO),
    data: useSignal(stream?.data ?? NOTHING),
    error: useSignal(stream?.error ?? NOTHING),
  };
}

/** Polls while the component is there. `create` is one of the makers of `polling.js`. */
export function usePolling(url, options = {}, create = createPoller) {
  const begin = () => {
    const poller = create(url, options);
    return [poller, poller.stop];
  };
  const poller = useResource(begin, [url, JSON.stringify(options)]);
  return {
    data: useSignal(poller?.data ?? NOTHING),
    loading: useSignal(poller?.loading ?? YES),
    error: useSignal(poller?.error ?? NOTHING),
    refresh: poller?.refresh ?? nothing,
  };
}

/** Who else is typing in a channel: `{ users, input, stop }`. */
export function useTyping(topic, options = {}) {
  const channel = useChannel(topic);
  const begin = () => {
    const typing = createTyping(channel, options);
    return [typing, () => typing.close()];
  };
  const typing = useResource(begin, [channel, JSON.stringify(options)]);
  return { users: useSignal(typing?.users ?? NO_ROWS), input: typing?.input ?? nothing, stop: typing?.stop ?? nothing };
}

/** Tells the members whether somebody is at the page; this page's own status. */
export function useActivity(options = {}) {
  const { realtime } = useRealtime();
  const begin = () => {
    const activity = shareActivity(realtime, options);
    return [activity, activity.stop];
  };
  const activity = useResource(begin, [realtime, options.awayAfter]);
  return useSignal(activity?.status ?? ONLINE);
}

const NOTHING = signal(null);
const NO = signal(false);
const YES = signal(true);
const NO_ROWS = signal([]);
const ONLINE = signal('online');
const IDLE = signal({ status: 'idle', attempt: 0, lastError: null });

/** What `begin` makes, as `[thing, end]`, while the component is there; null in the first render. */
function useResource(begin, deps) {
  const [thing, setThing] = useState(null);
  useEffect(() => {
    const [made, end] = begin();
    setThing(() => made);
    return () => {
      setThing(null);
      end();
    };
    // what else `begin` reads is no reason to begin anew
  }, deps);
  return thing;
}

function useLatest(value) {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
