import { Logger } from '@nestjs/common';
import type { TasksConfig } from '../../config/tasks.config.js';
import { ANONYMOUS } from '../../core/principal.js';
import type { TaskRecord } from '../../core/task.js';
import { FakeConnection } from '../../../test/fakes/fake-connection.js';
import { Engine, settle, type JoinedAgent, type JoinOptions } from '../../../test/fakes/engine.js';

const PATIENT = { interval: 3_600_000, timeout: 7_200_000 };
const GRACE = 10_000;
let engine: Engine;
let ann: JoinedAgent;
let id: TaskRecord['id'];

const started = async (tasks: Partial<TasksConfig> = {}) => {
  engine = await new Engine({ heartbeat: PATIENT, tasks: { reconnectGrace: GRACE, ...tasks } }).start();
  ann = engine.join('ann');
  ({ id } = await engine.submit());
};
const begin = (from = ann) => engine.tasks.report(from.agent, id, { status: 'running' });
const complete = (from: JoinedAgent) => engine.tasks.report(from.agent, id, { status: 'completed' });
const record = () => engine.store.stored(id)!.record;
const names = (): string[] => engine.store.stored(id)!.events.map(({ body }) => body.event);
const sent = ({ connection }: JoinedAgent) => connection.assignments.map(({ attempt }) => attempt);
const pass = async (ms: number) => {
  engine.clock.advance(ms);
  await settle();
};
const join = async (name: string, options?: JoinOptions) => {
  const joined = engine.join(name, options);
  await settle();
  return joined;
};

beforeAll(() => void Logger.overrideLogger(false));
beforeEach(() => started());

describe('a task that the lost agent has not begun', () => {
  it('goes to another agent at once', async () => {
    const bob = await join('bob');
    engine.leave(ann);
    await settle();
    expect(sent(bob)).toEqual([2]);
    expect(record()).toMatchObject({ state: 'queued', attempt: 2, agent: { name: 'bob' } });
    expect(names()).toEqual(['queued']);
  });

  it('waits when there is none', async () => {
    engine.leave(ann);
    await settle();
    expect([engine.waiting.size, record().agent]).toEqual([1, null]);
    const bob = await join('bob');
    expect(sent(bob)).toEqual([2]);
  });

  it('comes back to the same agent as a new attempt', async () => {
    engine.leave(ann);
    const again = await join('ann');
    expect(sent(again)).toEqual([2]);
  });

  it('fails when it has had all its attempts', async () => {
    for (let i = 0; i < 3; i++) {
      engine.leave(ann);
      ann = await join('ann');
    }
    expect(record()).toMatchObject({ state: 'failed', attempt: 3, error: { code: 'MAX_ATTEMPTS' } });
    expect([sent(ann), ann.agent.load]).toEqual([[], 0]);
  });
});

describe('a task that the lost agent has begun', () => {
  beforeEach(() => begin());

  it('waits for it, and goes on when it is back', async () => {
    const bob = await join('bob');
    engine.leave(ann);
    await pass(GRACE - 200);
    const again = await join('ann');
    expect([sent(again), sent(bob), again.agent.load]).toEqual([[], [], 1]);
    expect(record()).toMatchObject({
      state: 'running',
      attempt: 1,
      routing: { reason: 'the agent came back' },
    });
    await complete(again);
    expect(names()).toEqual(['queued', 'running', 'completed']);
    expect(again.agent.load).toBe(0);
  });

  it('takes a result without any grace being left over', async () => {
    engine.leave(ann);
    const again = engine.join('ann');
    await complete(again);
    await pass(2 * GRACE);
    expect(record().state).toBe('completed');
  });

  it('fails after the grace', async () => {
    engine.leave(ann);
    await pass(GRACE + 200);
    expect(record()).toMatchObject({
      state: 'failed',
      error: { code: 'AGENT_LOST', message: 'agent "ann" was lost while it worked on the task' },
    });
  });

  it('is not given to somebody else of its name', async () => {
    engine.leave(ann);
    const other = await join('ann', { principal: { ...ANONYMOUS, id: 'somebody else' } });
    expect(other.agent.load).toBe(0);
    await pass(GRACE + 200);
    expect(record().error?.code).toBe('AGENT_LOST');
  });

  it('waits no longer than its own deadline, however often the agent comes and goes', async () => {
    await started({ timeout: 15_000 });
    await begin();
    for (let i = 0; i < 5; i++) {
      engine.leave(ann);
      await pass(1_500);
      ann = await join('ann');
      await pass(1_000);
    }
    expect(record().state).toBe('running');
    await pass(2_700); // 15,200 ms after its last report
    expect(record()).toMatchObject({ state: 'failed', error: { code: 'TIMEOUT' } });
  });

  it('ends at its own deadline where that comes before the end of the grace', async () => {
    await started({ timeout: 3_000 });
    await begin();
    engine.leave(ann);
    await pass(3_200);
    expect(record()).toMatchObject({ state: 'failed', error: { code: 'TIMEOUT' } });
  });

  it('keeps its agent when the agent connects anew before its old connection has ended', async () => {
    await started({ reconnectGrace: 0 });
    await begin();
    const again = await join('ann');
    expect(ann.connection.closedFor).toBe('replaced');
    expect([record().state, again.agent.load, sent(again)]).toEqual(['running', 1, []]);
    engine.leave(ann); // the end of the old one
    await complete(again);
    expect(record().state).toBe('completed');
  });

  it('goes back first, before waiting tasks get the slot', async () => {
    const waiting = await Promise.all([1, 2].map(() => engine.submit({ waitForAgent: true })));
    engine.leave(ann);
    const again = await join('ann', { max: 1 });
    expect([again.agent.load, sent(again)]).toEqual([1, []]);
    await complete(again);
    await settle();
    expect(again.connection.assignments.map(({ taskId }) => taskId)).toEqual([waiting[0]!.id]);
  });

  it('without a grace fails at once', async () => {
    await started({ reconnectGrace: 0 });
    await begin();
    engine.leave(ann);
    await settle();
    expect(record().error?.code).toBe('AGENT_LOST');
  });
});

describe('requeue', () => {
  it.each([
    ['by the policy', { onAgentLost: 'requeue' } as const, false],
    ['because it may run twice', { onAgentLost: 'fail' } as const, true],
  ])('%s, after the grace: as a new attempt', async (_, tasks, idempotent) => {
    await started(tasks);
    const { id: own } = await engine.submit({ idempotent });
    id = own;
    await begin();
    await engine.tasks.report(ann.agent, id, { status: 'running', progress: { pct: 80 } });
    engine.leave(ann);
    const bob = await join('bob');
    await pass(GRACE - 200);
    expect(record().state).toBe('running');
    await pass(400);
    expect(bob.connection.assignments).toContainEqual(expect.objectContaining({ taskId: id, attempt: 2 }));
    expect(record()).toMatchObject({ state: 'queued', attempt: 2, agent: { name: 'bob' }, progress: null });
    await begin(bob);
    await complete(bob);
    expect(names()).toEqual(['queued', 'running', 'progress', 'queued', 'running', 'completed']);
  });

  it('hears the old agent only until the new one has the task', async () => {
    await started({ onAgentLost: 'requeue' });
    await begin();
    engine.leave(ann);
    await pass(GRACE + 200);
    const bob = await join('bob');
    const again = await join('ann');
    await expect(complete(again)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    await complete(bob);
    expect(record()).toMatchObject({ state: 'completed', attempt: 2 });
  });

  it('stops after all attempts', async () => {
    await started({ onAgentLost: 'requeue', reconnectGrace: 0, maxAttempts: 2 });
    await begin();
    engine.leave(ann);
    const bob = await join('bob');
    await begin(bob);
    engine.leave(bob);
    await settle();
    expect(record()).toMatchObject({ state: 'failed', error: { code: 'MAX_ATTEMPTS' } });
    expect(names()).toEqual(['queued', 'running', 'queued', 'running', 'failed']);
  });
});

it('leaves exact loads behind, whatever was lost in whatever state', async () => {
  await Promise.all([1, 2, 3].map(() => engine.submit()));
  await begin();
  const bob = await join('bob', { max: 2 });
  engine.leave(ann);
  await settle();
  expect([bob.agent.load, engine.waiting.size]).toEqual([2, 1]);
  ann = await join('ann', { max: 5 });
  expect([ann.agent.load, bob.agent.load, engine.waiting.size]).toEqual([2, 2, 0]);
  for (const joined of [ann, bob])
    for (const task of [...engine.holdings.of(joined.agent)])
      await engine.tasks.report(joined.agent, task.id, { status: 'completed' });
  expect([ann.agent.load, bob.agent.load, engine.live.size]).toEqual([0, 0, 0]);
});

describe('an agent that comes back and says that it no longer has a task', () => {
  const comeBackWithout = () => {
    const connection = new FakeConnection();
    connection.lacks.add(id);
    return join('ann', { connection });
  };

  it('has lost it: it fails at once', async () => {
    await begin();
    engine.leave(ann);
    await comeBackWithout();
    expect(record()).toMatchObject({ state: 'failed', error: { code: 'AGENT_LOST' } });
  });

  it('gets it as a new attempt where the policy is to requeue', async () => {
    await started({ onAgentLost: 'requeue' });
    await begin();
    engine.leave(ann);
    const again = await comeBackWithout();
    expect(sent(again)).toEqual([2]);
    expect(names()).toEqual(['queued', 'running', 'queued']);
  });
});

it('an agent goes on under the number it was sent, though a later dispatch was stored and taken back unsent', async () => {
  engine.leave(ann);
  const again = engine.join('ann');
  engine.registry.amend(again.agent, { ...again.agent.card, skills: [] });
  await settle();
  expect(sent(again)).toEqual([]);
  const report = { status: 'running', attempt: 1 } as const;
  await engine.tasks.report(again.agent, id, report);
  await engine.tasks.report(again.agent, id, { ...report, progress: { pct: 10 } });
  expect(names()).toEqual(['queued', 'running', 'progress']);
});
