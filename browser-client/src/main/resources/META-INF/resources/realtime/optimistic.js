import { uuid } from './client/uuid.js';
import { passed, positionOf } from './positions.js';

/**
 * Shows writes before the server has answered. `read(id)` and `write(id, value)` reach the values that the page shows;
 * `channel`, if given, is where the changes of these entities arrive.
 */
export function createOptimistic({ read = () => undefined, write = () => {}, channel, within } = {}) {
  const entities = new Map(); // id → { confirmed, pending: operation id → value, deferred: [] }

  function add(entityId, value) {
    const operationId = uuid();
    let entity = entities.get(entityId);
    if (entity === undefined) entities.set(entityId, (entity = { confirmed: read(entityId), pending: new Map(), deferred: [] }));
    entity.pending.set(operationId, value);
    show(entityId, entity);
    return operationId;
  }

  function show(entityId, { confirmed, pending }) {
    let value = confirmed;
    for (const next of pending.values()) value = resolved(next, value);
    write(entityId, value);
  }

  /** Ends an operation: what it wrote stands, or is as if it never was. */
  function settle(entityId, operationId, isConfirmed) {
    const entity = entities.get(entityId);
    if (!entity?.pending.has(operationId)) return false;
    if (isConfirmed) entity.confirmed = resolved(entity.pending.get(operationId), entity.confirmed);
    entity.pending.delete(operationId);
    show(entityId, entity);
    if (entity.pending.size === 0) {
      entities.delete(entityId);
      for (const replay of entity.deferred) replay();
    }
    return true;
  }

  function entityOf(operationId) {
    for (const [entityId, { pending }] of entities) if (pending.has(operationId)) return entityId;
    return undefined;
  }

  const hasPendingFor = (entityId) => entities.has(entityId);

  /** Runs `replay` now, or after the last pending operation of this entity. Returns whether it was put off. */
  function receive(entityId, replay) {
    const entity = entities.get(entityId);
    if (entity !== undefined) entity.deferred.push(replay);
    else replay();
    return entity !== undefined;
  }

  function apply(entityId, value) {
    const id = add(entityId, value);
    return {
      id,
      entityId,
      async confirm(answer) {
        const position = channel && positionOf(answer, channel.topic);
        if (position !== undefined) await passed(channel, position, { within });
        return settle(entityId, id, true);
      },
      rollback: () => settle(entityId, id, false),
    };
  }

  async function mutate(entityId, value, request) {
    const operation = apply(entityId, value);
    try {
      const answer = await request(operation.id);
      if (answer?.ok === false) throw Object.assign(new Error(`the write was refused: ${answer.status}`), { status: answer.status, response: answer });
      await operation.confirm(answer);
      return answer;
    } catch (error) {
      operation.rollback();
      throw error;
    }
  }

  return {
    add,
    remove: (operationId) => settle(entityOf(operationId), operationId, true),
    hasPendingFor,
    shouldDefer: hasPendingFor,
    receive,
    apply,
    mutate,
  };
}

function resolved(next, value) {
  return typeof next === 'function' ? next(value) : next;
}
