import { Logger } from '@nestjs/common';
import type { AgentName, Namespace } from '../../core/ids.js';
import { ANONYMOUS, type Principal } from '../../core/principal.js';
import { anInput, Engine, settle, turn, type JoinedAgent } from '../../../test/fakes/engine.js';
import { MemoryTaskStore } from '../../../test/fakes/memory-task.store.js';

let engine: Engine;
let ann: JoinedAgent;
const started = async (options: ConstructorParameters<typeof Engine>[0] = {}, max = 2) => {
  engine = await new Engine(options).start();
  ann = engine.join('ann', { max });
};
const keyed = (fingerprint = 'f', idempotencyKey = 'k') => ({ idempotencyKey, fingerprint });
const storedCount = () => [...engine.store.storedTasks()].length;
const codes = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.map((result) => (result.status === 'fulfilled' ? 'ok' : (result.reason as { code: string }).code));
const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

beforeAll(() => void Logger.overrideLogger(false));

describe('a submission', () => {
  it('is acknowledged when it is on disk, and sent only then', async () => {
    await started({ store: new MemoryTaskStore({ automatic: false }) });
    let acknowledged = false;
    const submitted = engine
      .submit({ input: anInput('do it') })
      .then((record) => ((acknowledged = true), record));
    await turn();
    expect([acknowledged, ann.connection.assignments, ann.agent.load]).toEqual([false, [], 1]);
    engine.store.commit();
    const { id } = await submitted;
    expect(engine.store.stored(id)).toMatchObject({
      record: { state: 'queued', agent: ann.agent.ref, attempt: 1, seq: 1 },
      input: anInput('do it'),
      events: [{ seq: 1, body: { event: 'queued', agent_id: 'ann' } }],
    });
    expect(ann.connection.assignments).toEqual([
      { taskId: id, skill: 'echo', attempt: 1, input: anInput('do it') },
    ]);
  });

  it('has what was asked for, and defaults for the rest', async () => {
    await started({ tasks: { timeout: 5_000, queueTimeout: 7_000 } });
    const now = engine.clock.now();
    expect(await engine.submit()).toMatchObject({
      namespace: 'default',
      scope: null,
      priority: 'medium',
      timeoutMs: 5_000,
      idempotent: false,
      pinnedAgent: null,
      contextId: null,
      createdBy: null,
      createdAt: now,
      deadlineAt: now + 5_000,
    });
    const asked = {
      namespace: 'north' as Namespace,
      agent: 'bob' as AgentName,
      contextId: 'c',
      priority: 'low' as const,
      timeoutMs: 9,
      idempotent: true,
      waitForAgent: true,
    };
    expect(await engine.submit(asked)).toMatchObject({
      namespace: 'north',
      scope: 'north',
      pinnedAgent: 'bob',
      contextId: 'c',
      priority: 'low',
      timeoutMs: 9,
      idempotent: true,
      agent: null,
      attempt: 0,
      deadlineAt: now + 7_000,
    });
  });

  it('belongs to the tenant who made it, and needs the right', async () => {
    await started();
    engine.join('n', { namespace: 'north' });
    const tenant: Principal = { ...ANONYMOUS, id: 'token:x:y', namespace: 'north' as Namespace };
    expect(await engine.submit({}, tenant)).toMatchObject({
      namespace: 'north',
      createdBy: 'token:x:y',
      agent: { name: 'n', namespace: 'north' },
    });
    const foreign = engine.submit({ namespace: 'south' as Namespace }, tenant);
    await expect(foreign).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(engine.submit({}, { ...tenant, rights: new Set(['read']) })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('waits when all are busy', async () => {
    await started();
    const records = await Promise.all(times(3, () => engine.submit()));
    expect(records.map(({ agent }) => agent?.name ?? null)).toEqual(['ann', 'ann', null]);
    expect([engine.waiting.size, ann.agent.load]).toEqual([1, 2]);
  });

  it('is refused when nobody has the skill, unless it wants to wait', async () => {
    await started();
    await expect(engine.submit({ skill: 'draw' })).rejects.toMatchObject({ code: 'NO_AGENT_AVAILABLE' });
    expect(storedCount()).toBe(0);
    await engine.submit({ skill: 'draw', waitForAgent: true });
    const bob = engine.join('bob', { skills: ['draw'] });
    await settle();
    expect(bob.connection.assignments).toHaveLength(1);
  });

  it('is refused when all are busy and the configuration says so', async () => {
    await started({ tasks: { whenBusy: 'reject' } });
    const results = await Promise.allSettled(times(3, () => engine.submit()));
    expect(codes(results)).toEqual(['ok', 'ok', 'OVERLOADED']);
    expect(results[2]).toMatchObject({ reason: { retryAfterS: 1 } });
    await engine.submit({ skill: 'draw', waitForAgent: true });
    expect(engine.waiting.size).toBe(1);
  });

  it('goes elsewhere when its agent has left before the commit', async () => {
    await started({ store: new MemoryTaskStore({ automatic: false }) });
    const submitted = engine.submit();
    engine.leave(ann);
    const bob = engine.join('bob');
    engine.store.commit();
    const { id } = await submitted;
    await turn();
    engine.store.commit();
    await turn();
    engine.store.answer();
    engine.store.answer(); // what was said before
    await turn();
    expect(ann.connection.assignments).toEqual([]);
    expect(bob.connection.assignments).toMatchObject([{ taskId: id }]);
    expect(bob.agent.load).toBe(1);
  });
});

describe('the queue limit', () => {
  const LIMIT = 3;
  const north = { namespace: 'north' as Namespace, waitForAgent: true };

  it('holds also when many arrive at the same moment', async () => {
    await started({ tasks: { queueLimit: LIMIT } });
    const results = await Promise.allSettled(times(20, () => engine.submit()));
    expect(codes(results).filter((code) => code === 'ok')).toHaveLength(2 + LIMIT);
    expect(new Set(codes(results))).toEqual(new Set(['ok', 'OVERLOADED']));
    expect([engine.waiting.size, storedCount()]).toEqual([LIMIT, 2 + LIMIT]);
    const full = engine.submit();
    await expect(full).rejects.toMatchObject({ code: 'OVERLOADED', retryAfterS: 5 });
  });

  it('counts per namespace, and makes room again', async () => {
    await started({ tasks: { queueLimit: LIMIT } });
    const waiting = await Promise.all(times(LIMIT, () => engine.submit(north)));
    await expect(engine.submit(north)).rejects.toMatchObject({ code: 'OVERLOADED' });
    await engine.submit();
    await engine.tasks.cancel(ANONYMOUS, waiting[0]!.id);
    await engine.submit(north);
    await expect(engine.submit(north)).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  it('does not count what was refused by the disk', async () => {
    await started({ tasks: { queueLimit: LIMIT }, store: new MemoryTaskStore({ automatic: false }) });
    const lost = times(LIMIT, () => engine.submit(north));
    engine.store.fail();
    expect(codes(await Promise.allSettled(lost))).toEqual([
      'STORAGE_UNAVAILABLE',
      'STORAGE_UNAVAILABLE',
      'STORAGE_UNAVAILABLE',
    ]);
    engine.store.recover();
    const again = times(LIMIT, () => engine.submit(north));
    engine.store.commit();
    expect(codes(await Promise.allSettled(again))).toEqual(['ok', 'ok', 'ok']);
  });
});

describe('an idempotency key', () => {
  beforeEach(() => started());

  it('makes one task of fifty at once', async () => {
    const records = await Promise.all(times(50, () => engine.submit(keyed())));
    expect(new Set(records.map(({ id }) => id)).size).toBe(1);
    await settle();
    expect([storedCount(), ann.connection.assignments.length, ann.agent.load]).toEqual([1, 1, 1]);
  });

  it('finds the task later, after its end, after a restart, and when no agent is there', async () => {
    const { id } = await engine.submit(keyed());
    await engine.tasks.report(ann.agent, id, { status: 'completed' });
    expect((await engine.submit(keyed())).id).toBe(id);
    engine = await engine.restart();
    expect((await engine.submit(keyed())).id).toBe(id);
    expect(storedCount()).toBe(1);
  });

  it('finds the task of a submission that was committed but never answered', async () => {
    const first = engine.submit(keyed());
    first.catch(() => undefined);
    while (engine.store.pendingWrites === 0) await Promise.resolve();
    engine = await engine.restart(1);
    const { id } = await engine.submit(keyed());
    expect([...engine.store.storedTasks()].map(({ record }) => record.id)).toEqual([id]);
  });

  it('refuses another body, also at the same moment', async () => {
    const results = await Promise.allSettled([engine.submit(keyed('one')), engine.submit(keyed('two'))]);
    expect(codes(results)).toEqual(['ok', 'CONFLICT']);
    await expect(engine.submit(keyed('two'))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(storedCount()).toBe(1);
  });

  it('is another one in another namespace', async () => {
    const north = { ...keyed(), namespace: 'north' as Namespace, waitForAgent: true };
    const [a, b] = await Promise.all([engine.submit(keyed()), engine.submit(north)]);
    expect(a.id).not.toBe(b.id);
    const caller: Principal = { ...ANONYMOUS, namespace: 'south' as Namespace };
    expect((await engine.submit({ ...keyed('other'), waitForAgent: true }, caller)).id).not.toBe(a.id);
  });

  it('is free again when the submission was refused', async () => {
    await expect(engine.submit({ ...keyed(), skill: 'draw' })).rejects.toMatchObject({
      code: 'NO_AGENT_AVAILABLE',
    });
    engine.join('bob', { skills: ['draw'] });
    expect(await engine.submit({ ...keyed(), skill: 'draw' })).toMatchObject({ state: 'queued' });
    expect((engine.submissions as unknown as { pending: Map<string, unknown> }).pending.size).toBe(0);
  });
});

describe('while the storage is down', () => {
  it('submissions are refused, and slots and keys are free again', async () => {
    await started({}, 1);
    const lost = [engine.submit(keyed()), engine.submit()];
    while (engine.store.pendingWrites < 2) await Promise.resolve();
    engine.store.fail();
    expect(codes(await Promise.allSettled(lost))).toEqual(['STORAGE_UNAVAILABLE', 'STORAGE_UNAVAILABLE']);
    await expect(engine.submit()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryAfterS: 5 });
    expect([ann.agent.load, storedCount()]).toEqual([0, 0]);
    engine.store.recover();
    expect(await engine.submit(keyed())).toMatchObject({ agent: ann.agent.ref });
  });

  it('a slot that a refused submission had goes to who waits', async () => {
    await started({ store: new MemoryTaskStore({ automatic: false }) }, 1);
    const taken = engine.submit();
    const waits = engine.submit();
    const outcome = Promise.allSettled([taken, waits]);
    await turn();
    engine.store.commit(0);
    // The second is on disk and waits; then the disk refuses the first. (A store keeps order; a conflict refuses one.)
    const first = (engine.store as unknown as { writes: { apply: () => void }[] }).writes[0]!;
    Object.assign(first, { apply: () => { throw new Error('refused'); } }); // prettier-ignore
    engine.store.commit();
    await outcome;
    await turn();
    engine.store.commit();
    await turn();
    engine.store.answer();
    await turn();
    expect(ann.connection.assignments).toHaveLength(1);
    expect(ann.agent.load).toBe(1);
  });
});
