import { Logger } from '@nestjs/common';
import type { Namespace } from '../../core/ids.js';
import { ANONYMOUS, type Principal } from '../../core/principal.js';
import type { TaskRecord } from '../../core/task.js';
import { Engine, settle, turn, type JoinedAgent } from '../../../test/fakes/engine.js';
import { MemoryTaskStore } from '../../../test/fakes/memory-task.store.js';
import { RESET, type WatchItem } from './tasks.service.js';

const tenant = (namespace: string, rights: Principal['rights'] = ANONYMOUS.rights): Principal => ({
  ...ANONYMOUS,
  id: namespace,
  namespace: namespace as Namespace,
  rights,
});
let engine: Engine;
let ann: JoinedAgent;
const started = async (options: ConstructorParameters<typeof Engine>[0] = {}) => {
  engine = await new Engine(options).start();
  ann = engine.join('ann', { max: 1 });
};
const cancel = (id: string, caller = ANONYMOUS) => engine.tasks.cancel(caller, id);
const state = (id: TaskRecord['id']) => engine.store.stored(id)?.record.state;
const refused = (code: string): unknown => expect.objectContaining({ code });

beforeAll(() => void Logger.overrideLogger(false));

describe('cancel', () => {
  beforeEach(() => started());

  it('ends a task that waits', async () => {
    await engine.submit();
    const { id } = await engine.submit();
    expect(await cancel(id)).toMatchObject({ state: 'canceled', agent: null });
    expect(state(id)).toBe('canceled');
    expect(engine.waiting.size).toBe(0);
    expect(ann.connection.canceled).toEqual([]);
  });

  it('ends a task that an agent has, tells the agent, and frees its slot', async () => {
    const { id } = await engine.submit();
    const next = await engine.submit();
    await engine.tasks.report(ann.agent, id, { status: 'running' });
    expect(await cancel(id)).toMatchObject({ state: 'canceled', error: null });
    await settle();
    expect(ann.connection.told.map(({ kind }) => kind)).toEqual(['assign', 'cancel', 'assign']);
    expect(ann.connection.assignments.at(-1)?.taskId).toBe(next.id);
    expect(ann.agent.load).toBe(1);
  });

  it('ends a task that waits for a lost agent', async () => {
    const { id } = await engine.submit();
    await engine.tasks.report(ann.agent, id, { status: 'running' });
    engine.leave(ann);
    await cancel(id);
    engine.join('ann');
    engine.clock.advance(100_000);
    await settle();
    expect(state(id)).toBe('canceled');
  });

  it('does not bring a task to an agent that has not got it yet', async () => {
    engine.leave(ann);
    const { id } = await engine.submit({ waitForAgent: true });
    const bob = engine.join('bob'); // the assignment is on its way to the disk
    await cancel(id);
    await settle();
    expect(bob.connection.told).toEqual([]);
    expect(bob.agent.load).toBe(0);
  });

  it('says that an ended task has ended, and how', async () => {
    const { id } = await engine.submit();
    await engine.tasks.report(ann.agent, id, { status: 'completed' });
    await expect(cancel(id)).rejects.toThrow('the task has ended already: completed');
    await expect(cancel(id)).rejects.toMatchObject({ code: 'TASK_TERMINAL' });
  });

  it('says so only when the end is on disk, and of two at once one wins', async () => {
    const { id } = await engine.submit();
    const results = await Promise.allSettled([cancel(id), cancel(id)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(results[1]).toMatchObject({ reason: { code: 'TASK_TERMINAL' } });
    const second = await engine.submit();
    const done = engine.tasks.report(ann.agent, second.id, { status: 'completed' });
    await expect(cancel(second.id)).rejects.toMatchObject({ code: 'TASK_TERMINAL' });
    expect(state(second.id)).toBe('completed');
    await done;
  });

  it('says so neither while a step before the end is on disk and the end is not', async () => {
    await started({ store: new MemoryTaskStore({ automatic: false }) });
    const submitted = engine.submit();
    engine.store.commit();
    const { id } = await submitted;
    const steps = [
      engine.tasks.report(ann.agent, id, { status: 'running', progress: { pct: 1 } }),
      engine.tasks.report(ann.agent, id, { status: 'completed' }),
    ];
    engine.store.commit(1);
    await steps[0];
    let answer = 'none';
    cancel(id).catch((error: unknown) => (answer = String(error)));
    await turn();
    engine.store.answer();
    await turn();
    expect(answer).toBe('none');
    engine.store.commit();
    await turn();
    expect(answer).toMatch('has ended already: completed');
  });

  it('needs the right, and knows neither foreign nor made-up tasks', async () => {
    const { id } = await engine.submit({ namespace: 'default' as Namespace });
    await expect(cancel(id, tenant('default', new Set(['read'])))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const foreign = cancel(id, tenant('north')).catch((error: unknown) => String(error));
    const unknown = cancel(`t-${'0'.repeat(32)}`, tenant('north')).catch((error: unknown) => String(error));
    expect(await foreign).toBe(await unknown);
    await expect(cancel('nonsense')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    expect(state(id)).toBe('queued');
  });
});

describe('cancel while the storage is down', () => {
  beforeEach(() => started());

  it('is refused at once', async () => {
    const { id } = await engine.submit();
    engine.store.fail();
    await expect(cancel(id)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryAfterS: 5 });
    engine.store.recover();
    await settle();
    expect(state(id)).toBe('queued');
  });

  it('does not hang when it goes down on the way; the task is canceled once it is back', async () => {
    const { id } = await engine.submit();
    const first = cancel(id);
    while (engine.store.pendingWrites === 0) await Promise.resolve(); // decided, not written
    engine.store.fail();
    first.catch(() => undefined);
    await turn();
    engine.clock.advance(1_000);
    await expect(first).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await expect(cancel(id)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect([state(id), ann.connection.canceled]).toEqual(['queued', []]);
    engine.store.recover();
    await settle();
    expect([state(id), ann.connection.canceled]).toEqual(['canceled', [id]]);
    await expect(cancel(id)).rejects.toMatchObject({ code: 'TASK_TERMINAL' });
    expect(engine.clock.timers).toBeLessThanOrEqual(1); // the heartbeat
  });
});

describe('get and list', () => {
  beforeEach(() => started());

  it('show only what is on disk', async () => {
    const { id } = await engine.submit();
    const done = engine.tasks.report(ann.agent, id, { status: 'completed', artifact: { text: 'x' } });
    expect((await engine.tasks.get(ANONYMOUS, id)).record.state).toBe('queued');
    await done;
    expect(await engine.tasks.get(ANONYMOUS, id)).toMatchObject({
      record: { state: 'completed' },
      artifact: { text: 'x' },
    });
  });

  it('show a tenant its own tasks', async () => {
    engine.join('n', { namespace: 'north' });
    const [mine] = await Promise.all([engine.submit({}, tenant('north')), engine.submit()]);
    const { tasks } = await engine.tasks.list(tenant('north'), { limit: 10 });
    expect(tasks.map(({ id }) => id)).toEqual([mine.id]);
    expect((await engine.tasks.list(ANONYMOUS, { limit: 10 })).tasks).toHaveLength(2);
    await expect(engine.tasks.get(tenant('south'), mine.id)).rejects.toEqual(refused('TASK_NOT_FOUND'));
  });
});

describe('watch', () => {
  let id: TaskRecord['id'];
  const read = async (after?: string, caller = ANONYMOUS) => {
    const items: (number | typeof RESET)[] = [];
    const signal = AbortSignal.timeout(2_000);
    for await (const item of await engine.tasks.watch(caller, id, { after, signal })) items.push(seqOf(item));
    return signal.aborted ? 'never ends' : items;
  };
  const seqOf = (item: WatchItem) => (item === RESET ? RESET : item.seq);
  const end = () => engine.tasks.report(ann.agent, id, { status: 'completed' });

  beforeEach(async () => {
    await started();
    ({ id } = await engine.submit());
    await engine.tasks.report(ann.agent, id, { status: 'running' });
  });

  it.each([
    ['nothing', undefined, [1, 2, 3]],
    ['an empty position', '', [1, 2, 3]],
    ['zero', '0', [1, 2, 3]],
    ['a position in the log', '1', [2, 3]],
    ['the newest position', '2', [3]],
    ['a position beyond the log', '3', [RESET, 1, 2, 3]],
    ['a negative position', '-1', [RESET, 1, 2, 3]],
    ['a broken one', '1.5', [RESET, 1, 2, 3]],
    ['an id of something else', 'abc', [RESET, 1, 2, 3]],
    ['a number without end', '9'.repeat(400), [RESET, 1, 2, 3]],
  ])('after %s', async (_, after, expected) => {
    const items = read(after);
    await settle();
    await end();
    expect(await items).toEqual(expected);
  });

  it('of an ended task gives the log, and nothing to those who have it all', async () => {
    await end();
    await settle();
    expect([await read(), await read('2'), await read('3'), await read('4')]).toEqual([
      [1, 2, 3],
      [3],
      [],
      [RESET, 1, 2, 3],
    ]);
  });

  it('counts what is committed, not what is on its way', async () => {
    const done = end();
    const items = read('3'); // not in the log yet
    await done;
    expect(await items).toEqual([RESET, 1, 2, 3]);
  });

  it('fails before the stream begins for whom the task does not exist', async () => {
    for (const caller of [tenant('north'), ANONYMOUS]) {
      const options = { after: undefined, signal: new AbortController().signal };
      const wanted = caller === ANONYMOUS ? `t-${'f'.repeat(32)}` : id;
      await expect(engine.tasks.watch(caller, wanted, options)).rejects.toEqual(refused('TASK_NOT_FOUND'));
    }
  });
});

describe('after the stop', () => {
  it('reports are stored, nothing is handed out or moved, new work is refused', async () => {
    await started({ tasks: { reconnectGrace: 0, queueTimeout: 1_000 } });
    const [held, waiting] = [await engine.submit(), await engine.submit()];
    const late = engine.submit({ waitForAgent: true, skill: 'other' }); // its commit is under way
    engine.dispatcher.stop();
    await engine.tasks.report(ann.agent, held.id, { status: 'completed' });
    const bob = engine.join('bob');
    const { id } = await late;
    engine.join('cid', { skills: ['other'] });
    engine.leave(ann);
    engine.clock.advance(3_600_000);
    await settle();
    expect([state(held.id), state(waiting.id), state(id)]).toEqual(['completed', 'queued', 'queued']);
    expect(bob.connection.assignments).toEqual([]);
    await expect(engine.submit()).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  it('a task whose commit was under way is not sent; the next start takes it up', async () => {
    const store = new MemoryTaskStore({ automatic: false });
    await started({ store });
    const submitted = engine.submit();
    engine.dispatcher.stop();
    store.commit();
    const { id } = await submitted;
    expect(ann.connection.assignments).toEqual([]);
    engine = await engine.restart();
    expect(engine.live.get(id)?.record).toMatchObject({ state: 'queued', attempt: 1 });
  });
});
