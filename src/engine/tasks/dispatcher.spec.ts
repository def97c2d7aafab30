import { Logger } from '@nestjs/common';
import { ANONYMOUS } from '../../core/principal.js';
import { aCard, Engine, settle, turn, type JoinedAgent } from '../../../test/fakes/engine.js';
import { MemoryTaskStore } from '../../../test/fakes/memory-task.store.js';

const PATIENT = { interval: 3_600_000, timeout: 7_200_000 };
let engine: Engine;

const started = async (options: ConstructorParameters<typeof Engine>[0] = {}) => {
  engine = await new Engine({ heartbeat: PATIENT, ...options }).start();
};
const sent = ({ connection }: JoinedAgent) =>
  connection.assignments.map(({ taskId, attempt }) => [taskId, attempt]);
const told = ({ connection }: JoinedAgent) =>
  connection.told.flatMap((one) =>
    one.kind === 'assign'
      ? [`send ${one.assignment.taskId}`]
      : one.kind === 'cancel'
        ? [`cancel ${one.taskId}`]
        : [],
  );
const submit = async (task: Parameters<Engine['submit']>[0] = {}) =>
  (await engine.submit({ waitForAgent: true, ...task })).id;
const complete = (id: string, { agent }: JoinedAgent) =>
  engine.tasks.report(agent, id, { status: 'completed' });
const record = (id: Awaited<ReturnType<typeof submit>>) => engine.store.stored(id)!.record;

beforeAll(() => void Logger.overrideLogger(false));
beforeEach(() => started());

describe('waiting tasks', () => {
  it('go to an agent that comes, as far as it has room, in their order', async () => {
    const ids = [await submit(), await submit(), await submit()];
    const ann = engine.join('ann', { max: 2 });
    await settle();
    expect(sent(ann)).toEqual([[ids[0], 1], [ids[1], 1]]); // prettier-ignore
    expect(record(ids[0]!)).toMatchObject({
      agent: ann.agent.ref,
      attempt: 1,
      routing: { reason: 'a slot became free' },
    });
  });

  it('go out the moment a slot frees', async () => {
    const ann = engine.join('ann', { max: 1 });
    const ids = [await submit(), await submit(), await submit()];
    await complete(ids[0]!, ann);
    await settle();
    expect(sent(ann)).toEqual([[ids[0], 1], [ids[1], 1]]); // prettier-ignore
    await engine.tasks.cancel(ANONYMOUS, ids[1]!);
    await settle();
    expect(sent(ann).at(-1)).toEqual([ids[2], 1]);
  });

  it('go to an agent that has learnt the skill, or can do more than before', async () => {
    const ann = engine.join('ann', { skills: [], max: 1 });
    const ids = [await submit(), await submit()];
    engine.registry.amend(ann.agent, aCard('ann', { max: 1 }));
    await settle();
    expect(sent(ann)).toEqual([[ids[0], 1]]);
    engine.registry.amend(ann.agent, aCard('ann', { max: 2 }));
    await settle();
    expect(sent(ann)).toHaveLength(2);
  });

  it('are sent after the commit of their assignment', async () => {
    await started({ store: new MemoryTaskStore({ automatic: false }) });
    const submitted = submit();
    engine.store.commit();
    const id = await submitted;
    const ann = engine.join('ann');
    await turn();
    expect(sent(ann)).toEqual([]);
    engine.store.commit();
    await turn();
    expect(record(id)).toMatchObject({ attempt: 1, agent: ann.agent.ref });
    engine.store.answer();
    await turn();
    expect(sent(ann)).toEqual([[id, 1]]);
  });

  it('do not miss a slot that becomes free while they are being stored', async () => {
    await started({ store: new MemoryTaskStore({ automatic: false }) });
    const ann = engine.join('ann', { max: 1 });
    const both = [submit(), submit()];
    engine.store.commit(1);
    const id = await both[0]!;
    const done = complete(id, ann);
    engine.store.commit();
    await Promise.all([...both, done]);
    await turn();
    engine.store.commit();
    await turn();
    engine.store.answer();
    await turn();
    expect(sent(ann)).toHaveLength(2);
  });
});

describe('an agent is never given more than it can do', () => {
  it('by many at once', async () => {
    const ann = engine.join('ann', { max: 3 });
    await Promise.all(Array.from({ length: 20 }, () => submit()));
    await settle();
    expect([sent(ann).length, ann.agent.load, engine.waiting.size]).toEqual([3, 3, 17]);
  });

  it('after it has registered again for less', async () => {
    const ann = engine.join('ann', { max: 3 });
    const ids = [await submit(), await submit(), await submit(), await submit()];
    engine.registry.amend(ann.agent, aCard('ann', { max: 1 }));
    await complete(ids[0]!, ann);
    await complete(ids[1]!, ann);
    await settle();
    expect([sent(ann).length, ann.agent.load]).toEqual([3, 1]);
    await complete(ids[2]!, ann);
    await settle();
    expect([sent(ann).length, ann.agent.load]).toEqual([4, 1]);
  });

  it.each([
    ['has less room', aCard('ann', { max: 1 })],
    ['has lost the skill', aCard('ann', { skills: [], max: 2 })],
  ])('by an assignment that was on its way when it registered again and %s', async (_, card) => {
    const ann = engine.join('ann', { max: 2 });
    const first = await submit();
    const under = engine.submit({ waitForAgent: true }); // reserved, not committed
    engine.registry.amend(ann.agent, card);
    const { id } = await under;
    await settle();
    expect(sent(ann)).toEqual([[first, 1]]);
    expect([ann.agent.load, engine.waiting.size]).toEqual([1, 1]);
    const bob = engine.join('bob');
    await settle();
    expect(sent(bob)).toEqual([[id, 2]]);
  });

  it('before it knows that a task of its has ended', async () => {
    const ann = engine.join('ann', { max: 1 });
    const ids = [await submit({ timeoutMs: 1_000 }), await submit(), await submit()];
    engine.clock.advance(1_200);
    await settle();
    await engine.tasks.cancel(ANONYMOUS, ids[1]!);
    await settle();
    expect(told(ann)).toEqual([
      `send ${ids[0]}`,
      `cancel ${ids[0]}`,
      `send ${ids[1]}`,
      `cancel ${ids[1]}`,
      `send ${ids[2]}`,
    ]);
  });

  it('also where its room shrinks while the news of an end is on its way', async () => {
    await started({ store: new MemoryTaskStore({ automatic: false }) });
    const ann = engine.join('ann', { max: 2 });
    const one = submit();
    engine.store.commit();
    const id = await one;
    const two = submit(); // reserved
    const canceled = engine.tasks.cancel(ANONYMOUS, id);
    await turn();
    engine.store.answer();
    await turn(); // decided
    engine.registry.amend(ann.agent, aCard('ann', { max: 1 }));
    engine.store.commit(1);
    await two;
    expect(told(ann)).toEqual([`send ${id}`]); // it still believes to have the first
    engine.store.commit();
    await canceled;
    await turn();
    engine.store.commit();
    await turn();
    engine.store.answer();
    engine.store.answer(); // what was said before
    await turn();
    expect(told(ann)).toEqual([`send ${id}`, `cancel ${id}`, `send ${await two}`]);
  });
});

describe('a deadline', () => {
  it('counts from the moment the task is sent, not from when it was decided', async () => {
    await started({ store: new MemoryTaskStore({ automatic: false }) });
    const ann = engine.join('ann');
    engine.leave(ann);
    const submitted = submit({ timeoutMs: 1_000 });
    engine.store.commit();
    const id = await submitted;
    const bob = engine.join('bob');
    engine.clock.advance(5_000); // the disk is slow
    expect(engine.live.get(id)?.ended).toBe(false);
    engine.store.commit();
    await turn();
    engine.store.answer();
    await turn();
    expect(sent(bob)).toEqual([[id, 1]]);
    engine.clock.advance(900);
    expect(engine.live.get(id)?.ended).toBe(false);
    engine.clock.advance(300);
    expect(engine.live.get(id)?.record).toMatchObject({ state: 'failed', error: { code: 'TIMEOUT' } });
  });

  it('moves with every report, and fails the task at silence; its agent is told', async () => {
    const ann = engine.join('ann');
    const id = await submit({ timeoutMs: 2_000 });
    for (let pct = 0; pct < 10; pct++) {
      engine.clock.advance(1_900);
      await engine.tasks.report(ann.agent, id, { status: 'running', progress: { pct } });
    }
    engine.clock.advance(2_200);
    await settle();
    expect(record(id)).toMatchObject({
      state: 'failed',
      error: { code: 'TIMEOUT', message: 'timeout: agent "ann" has not reported for 2000 ms' },
    });
    expect(ann.connection.canceled).toEqual([id]);
    expect(ann.agent.load).toBe(0);
  });

  it('ends the wait for an agent', async () => {
    await started({ tasks: { queueTimeout: 3_000 } });
    const id = await submit();
    engine.clock.advance(2_900);
    await settle();
    expect(record(id).state).toBe('queued');
    engine.clock.advance(300);
    await settle();
    expect(record(id)).toMatchObject({ state: 'failed', error: { code: 'QUEUE_TIMEOUT' } });
    expect(engine.waiting.size).toBe(0);
  });
});

it('an input that cannot be read leaves nothing stuck', async () => {
  const id = await submit({ timeoutMs: 1_000 });
  engine.store.input = () => Promise.reject(new Error('unreadable'));
  const ann = engine.join('ann');
  await settle();
  engine.clock.advance(1_300);
  await settle();
  expect(record(id)).toMatchObject({ state: 'failed', error: { code: 'TIMEOUT' } });
  expect([ann.connection.told, ann.agent.load]).toEqual([[], 0]);
});
