import { Logger } from '@nestjs/common';
import { ANONYMOUS } from '../../core/principal.js';
import type { TaskRecord, TaskReport } from '../../core/task.js';
import { Engine, settle, type JoinedAgent } from '../../../test/fakes/engine.js';

const PATIENT = { interval: 3_600_000, timeout: 7_200_000 };
const GRACE = 10_000;
let engine: Engine;
let ann: JoinedAgent;

const started = async (tasks = {}) => {
  engine = await new Engine({ heartbeat: PATIENT, tasks: { reconnectGrace: GRACE, ...tasks } }).start();
  ann = engine.join('ann');
};
/** The process dies, some time passes, the next one starts. */
const restart = async (down = 0) => {
  const { clock } = engine;
  const store = engine.kill();
  clock.advance(down);
  engine = await engine.next({ store }).start();
};
const report = (id: string, given: TaskReport, from: JoinedAgent) =>
  engine.tasks.report(from.agent, id, given);
const record = (id: TaskRecord['id']) => engine.store.stored(id)!.record;
const sent = ({ connection }: JoinedAgent) =>
  connection.assignments.map(({ taskId, attempt }) => [taskId, attempt]);
const pass = async (ms: number) => {
  engine.clock.advance(ms);
  await settle();
};

beforeAll(() => void Logger.overrideLogger(false));
beforeEach(() => started());

it('hands waiting tasks out in their order when an agent is there', async () => {
  engine.leave(ann);
  const submit = async (priority: 'high' | 'low') =>
    (await engine.submit({ waitForAgent: true, priority })).id;
  const ids = [await submit('low'), await submit('high'), await submit('low')];
  await restart();
  expect(engine.waiting.size).toBe(3);
  ann = engine.join('ann', { max: 2 });
  await settle();
  expect(sent(ann)).toEqual([[ids[1], 1], [ids[0], 1]]); // prettier-ignore
});

it('hands out again what had not been begun', async () => {
  const { id } = await engine.submit();
  await restart();
  ann = engine.join('ann');
  await settle();
  expect(sent(ann)).toEqual([[id, 2]]);
});

it('takes the result of a task that had been sent before the crash, also before it is sent again', async () => {
  const { id } = await engine.submit();
  await restart();
  ann = engine.join('ann', { skills: [] });
  await report(id, { status: 'completed', artifact: { text: 'kept' } }, ann);
  expect(record(id)).toMatchObject({ state: 'completed', attempt: 1 });
  expect(engine.waiting.size).toBe(0);
});

it('lets a begun task wait for its agent', async () => {
  const { id } = await engine.submit();
  await report(id, { status: 'running' }, ann);
  await restart();
  const bob = engine.join('bob');
  await pass(GRACE - 200);
  expect([record(id).state, sent(bob)]).toEqual(['running', []]);
  ann = engine.join('ann');
  await settle();
  expect([ann.agent.load, sent(ann)]).toEqual([1, []]);
  await report(id, { status: 'completed' }, ann);
  expect(record(id)).toMatchObject({ state: 'completed', attempt: 1 });
});

it.each([
  ['fail', { state: 'failed', error: { code: 'AGENT_LOST' } }],
  ['requeue', { state: 'queued', attempt: 2, agent: { name: 'bob' } }],
] as const)('follows the loss policy after the grace: %s', async (onAgentLost, expected) => {
  await started({ onAgentLost });
  const { id } = await engine.submit();
  await report(id, { status: 'running' }, ann);
  await restart();
  engine.join('bob');
  await pass(GRACE + 200);
  expect(record(id)).toMatchObject(expected);
});

it('goes on with an artifact in chunks', async () => {
  const { id } = await engine.submit();
  const chunk = (text: string) => ({ status: 'running', artifact: { text }, append: true }) as const;
  for (const text of ['a', 'b']) await report(id, chunk(text), ann);
  await restart();
  ann = engine.join('ann');
  await report(id, chunk('c'), ann);
  await report(id, { status: 'completed' }, ann);
  expect((await engine.tasks.get(ANONYMOUS, id)).artifact).toEqual({ text: 'abc' });
});

it('does not go on with chunks of an attempt before', async () => {
  await started({ onAgentLost: 'requeue', reconnectGrace: 0 });
  const { id } = await engine.submit();
  const chunk = (text: string) => ({ status: 'running', artifact: { text }, append: true }) as const;
  await report(id, chunk('old'), ann);
  engine.leave(ann);
  ann = engine.join('ann');
  await settle();
  await report(id, chunk('new'), ann);
  await restart();
  ann = engine.join('ann');
  await report(id, { status: 'completed' }, ann);
  expect((await engine.tasks.get(ANONYMOUS, id)).artifact).toEqual({ text: 'new' });
});

describe('deadlines are data', () => {
  it('a task that waits for an agent waits no longer because of restarts', async () => {
    await started({ queueTimeout: 60_000 });
    engine.leave(ann);
    const { id } = await engine.submit({ waitForAgent: true });
    for (let i = 0; i < 5; i++) {
      await pass(9_000);
      await restart(1_000);
    }
    expect(record(id).state).toBe('queued');
    await pass(10_300);
    expect(record(id)).toMatchObject({ state: 'failed', error: { code: 'QUEUE_TIMEOUT' } });
  });

  it('a wait that ended while the gateway was down ends at its start', async () => {
    await started({ queueTimeout: 60_000 });
    engine.leave(ann);
    const { id } = await engine.submit({ waitForAgent: true });
    await restart(3_600_000);
    await pass(200);
    expect(record(id)).toMatchObject({ state: 'failed', error: { code: 'QUEUE_TIMEOUT' } });
  });

  it('a begun task outlives its deadline by less than ten seconds', async () => {
    await started({ timeout: 5_000, reconnectGrace: 300_000 });
    const { id } = await engine.submit();
    await report(id, { status: 'running' }, ann);
    await pass(4_000);
    await restart(2_000); // the deadline has passed meanwhile
    await pass(4_800);
    expect(record(id).state).toBe('running');
    await pass(400);
    expect(record(id)).toMatchObject({ state: 'failed', error: { code: 'TIMEOUT' } });
  });

  it('an agent that comes back and says nothing wins no time', async () => {
    await started({ timeout: 5_000 });
    const { id } = await engine.submit();
    await report(id, { status: 'running' }, ann);
    await pass(4_000);
    await restart(2_000);
    ann = engine.join('ann');
    await pass(5_300);
    expect(record(id)).toMatchObject({ state: 'failed', error: { code: 'TIMEOUT' } });
    expect(ann.connection.canceled).toEqual([id]);
  });

  it('an agent that comes back and reports has its time again', async () => {
    await started({ timeout: 1_000 });
    const { id } = await engine.submit();
    await report(id, { status: 'running' }, ann);
    await restart(20_000);
    const promised = engine.live.get(id)?.record.deadlineAt;
    ann = engine.join('ann');
    await report(id, { status: 'running', progress: { pct: 1 } }, ann);
    await report(id, { status: 'running' }, ann);
    expect(engine.live.get(id)?.dueAt).toBe(promised); // a report makes nothing worse
    await pass(4_800);
    await report(id, { status: 'running', progress: { pct: 2 } }, ann);
    await pass(1_300);
    expect(record(id)).toMatchObject({ state: 'failed', error: { code: 'TIMEOUT' } });
  });
});

it('takes up thousands quickly', async () => {
  engine.leave(ann);
  await Promise.all(Array.from({ length: 5_000 }, () => engine.submit({ waitForAgent: true })));
  const begin = performance.now();
  await restart();
  expect(engine.waiting.size).toBe(5_000);
  expect(performance.now() - begin).toBeLessThan(2_000);
});
