import { Logger } from '@nestjs/common';
import { ANONYMOUS } from '../../core/principal.js';
import type { TaskRecord, TaskReport } from '../../core/task.js';
import { Engine, settle, turn, type JoinedAgent } from '../../../test/fakes/engine.js';

/** No agent of these tests is taken for dead. */
const PATIENT = { interval: 3_600_000, timeout: 7_200_000 };
let engine: Engine;
let ann: JoinedAgent;
let id: TaskRecord['id'];

const started = async (options: ConstructorParameters<typeof Engine>[0] = {}) => {
  engine = await new Engine({ heartbeat: PATIENT, ...options }).start();
  ann = engine.join('ann');
  ({ id } = await engine.submit());
};
const report = (given: TaskReport, from = ann) => engine.tasks.report(from.agent, id, given);
const events = () => engine.store.stored(id)!.events.map(({ body }) => body);
const names = (): string[] => events().map(({ event }) => event);
const record = () => engine.store.stored(id)!.record;
const refusal = { code: 'TASK_NOT_FOUND' };
const text = (size: number) => ({ text: 'x'.repeat(size) });

beforeAll(() => void Logger.overrideLogger(false));
beforeEach(() => started());

describe('what an agent reports', () => {
  it('moves the task, and is on disk when it is answered', async () => {
    await report({ status: 'running' });
    expect(record().state).toBe('running');
    await report({ status: 'running', progress: { pct: 40, message: 'going on' } });
    expect(record()).toMatchObject({ state: 'running', progress: { pct: 40, message: 'going on' } });
    await report({ status: 'completed', artifact: { text: 'done' } });
    expect(events()).toEqual([
      { event: 'queued', agent_id: 'ann' },
      { event: 'running' },
      { event: 'progress', pct: 40, message: 'going on' },
      { event: 'completed', artifact: { text: 'done' } },
    ]);
    expect(ann.agent.load).toBe(0);
  });

  it('never invents `running`: progress and results count without it', async () => {
    await report({ status: 'running', progress: { pct: 1 } });
    expect([names(), record().state]).toEqual([['queued', 'progress'], 'running']);
    await report({ status: 'completed' });
    expect(events().at(-1)).toEqual({ event: 'completed', artifact: null });
  });

  it('says `running` once; saying it again is a sign of life', async () => {
    await report({ status: 'running' });
    engine.clock.advance(20_000);
    await report({ status: 'running' });
    expect(names()).toEqual(['queued', 'running']);
    expect(record().deadlineAt).toBe(engine.clock.now() + 60_000);
  });

  it('fails the task in the words of the agent', async () => {
    await report({ status: 'failed', error: 'no paper' });
    expect(record()).toMatchObject({ state: 'failed', error: { code: 'AGENT_FAILED', message: 'no paper' } });
  });

  it('keeps its order, however fast it comes', async () => {
    const all = Array.from({ length: 100 }, (_, pct) => report({ status: 'running', progress: { pct } }));
    all.push(report({ status: 'completed' }));
    await Promise.all(all);
    expect(events().flatMap((body) => (body.event === 'progress' ? [body.pct] : []))).toEqual([
      ...Array(100).keys(),
    ]);
    expect(engine.store.stored(id)!.events.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 102 }, (_, i) => i + 1),
    );
  });
});

describe('a report counts only', () => {
  it('from the agent that has the task', async () => {
    const bob = engine.join('bob');
    for (const status of ['running', 'completed', 'failed'] as const)
      await expect(report({ status }, bob)).rejects.toMatchObject(refusal);
    expect(names()).toEqual(['queued']);
  });

  it('while the task goes on', async () => {
    await report({ status: 'completed' });
    for (const status of ['running', 'completed', 'failed'] as const)
      await expect(report({ status })).rejects.toMatchObject(refusal);
    expect(names()).toEqual(['queued', 'completed']);
  });

  it('before the end, also when that is still on its way to the disk', async () => {
    const results = await Promise.allSettled([
      report({ status: 'completed', artifact: { text: 'first' } }),
      report({ status: 'completed', artifact: { text: 'second' } }),
      report({ status: 'failed' }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(events().at(-1)).toEqual({ event: 'completed', artifact: { text: 'first' } });
  });

  it('for an id that exists', async () => {
    for (const unknown of [`t-${'0'.repeat(32)}`, 'nonsense', ''])
      await expect(engine.tasks.report(ann.agent, unknown, { status: 'running' })).rejects.toMatchObject(
        refusal,
      );
  });

  it('of the current attempt', async () => {
    await expect(report({ status: 'running', attempt: 2 })).rejects.toMatchObject(refusal);
    await expect(report({ status: 'completed', attempt: 0 })).rejects.toMatchObject(refusal);
    await report({ status: 'running', attempt: 1 });
    expect(names()).toEqual(['queued', 'running']);
  });

  it('over the connection that is current', async () => {
    await report({ status: 'running' });
    const again = engine.join('ann');
    await expect(report({ status: 'completed' }, ann)).rejects.toMatchObject(refusal);
    await report({ status: 'completed' }, again);
    expect(record().state).toBe('completed');
  });

  it('from somebody who knows of the task: not before it was sent to him', async () => {
    engine.leave(ann);
    const bob = engine.join('bob'); // gets it; the assignment is on its way to the disk
    const early = report({ status: 'completed' }, bob);
    await expect(early).rejects.toMatchObject(refusal);
    await settle();
    await report({ status: 'completed' }, bob);
    expect(record()).toMatchObject({ state: 'completed', attempt: 2 });
  });

  it('of an agent of before while nobody else has the task', async () => {
    engine.leave(ann);
    engine.join('ann', { skills: [] });
    const back = { ...ann, agent: engine.registry.find(ann.agent.ref)! };
    await report({ status: 'running' }, back);
    expect(engine.holdings.of(back.agent).size).toBe(1);
    expect([engine.waiting.size, back.agent.load]).toEqual([0, 1]);
  });

  it('with the credentials of before', async () => {
    engine.leave(ann);
    const other = engine.join('ann', { skills: [], principal: { ...ANONYMOUS, id: 'somebody else' } });
    await expect(report({ status: 'completed' }, other)).rejects.toMatchObject(refusal);
  });
});

describe('a result that comes too late', () => {
  const late = { status: 'completed', artifact: { text: 'late' } } as const;

  it('is kept beside the timeout, and changes nothing', async () => {
    engine.clock.advance(61_000);
    await settle();
    await expect(report(late)).rejects.toMatchObject(refusal);
    expect(record()).toMatchObject({
      state: 'failed',
      lateResult: { status: 'completed', at: engine.clock.now(), artifact: { text: 'late' } },
    });
    expect(names()).toEqual(['queued', 'failed']);
  });

  it('is kept once: the first', async () => {
    engine.clock.advance(61_000);
    await settle();
    await expect(report({ status: 'failed', error: 'first' })).rejects.toMatchObject(refusal);
    await expect(report(late)).rejects.toMatchObject(refusal);
    expect(record().lateResult).toMatchObject({ status: 'failed', error: 'first' });
  });

  it('is kept also while the timeout is still on its way to the disk', async () => {
    engine.store.fail();
    engine.clock.advance(61_000);
    const refused = report(late);
    refused.catch(() => undefined);
    await turn();
    engine.store.recover();
    await expect(refused).rejects.toMatchObject(refusal);
    expect(record()).toMatchObject({ state: 'failed', lateResult: { artifact: { text: 'late' } } });
  });

  it('is kept after a loss, and after the last attempt', async () => {
    await report({ status: 'running' });
    engine.leave(ann);
    engine.clock.advance(11_000);
    await settle();
    await expect(report(late, engine.join('ann'))).rejects.toMatchObject(refusal);
    expect(record()).toMatchObject({ error: { code: 'AGENT_LOST' }, lateResult: { status: 'completed' } });

    await started({ tasks: { maxAttempts: 1 } });
    engine.leave(ann);
    await settle();
    await expect(report(late, engine.join('ann'))).rejects.toMatchObject(refusal);
    expect(record()).toMatchObject({ error: { code: 'MAX_ATTEMPTS' }, lateResult: { status: 'completed' } });
  });

  it('is not kept for others, for other ends, and when it is none', async () => {
    engine.clock.advance(61_000);
    await settle();
    await expect(report(late, engine.join('bob'))).rejects.toMatchObject(refusal);
    await expect(report({ status: 'running' })).rejects.toMatchObject(refusal);
    expect(record().lateResult).toBeNull();
    await started();
    await engine.tasks.cancel(ANONYMOUS, id);
    await expect(report(late)).rejects.toMatchObject(refusal);
    expect(record()).toMatchObject({ state: 'canceled', lateResult: null });
  });
});

describe('an artifact in chunks', () => {
  const chunk = (given: string, lastChunk = false): TaskReport => ({
    status: 'running',
    artifact: { text: given },
    append: true,
    ...(lastChunk ? { lastChunk } : {}),
  });

  it('is streamed as it comes and whole in the end', async () => {
    await report(chunk('a'));
    await report({ ...chunk('b'), progress: { pct: 50 } });
    await report(chunk('c', true));
    await report({ status: 'completed' });
    expect(events().slice(1)).toEqual([
      { event: 'artifact', artifact: { text: 'a' }, append: true, last_chunk: false },
      { event: 'artifact', artifact: { text: 'b' }, append: true, last_chunk: false },
      { event: 'progress', pct: 50 },
      { event: 'artifact', artifact: { text: 'c' }, append: true, last_chunk: true },
      { event: 'completed', artifact: { text: 'abc' } },
    ]);
  });

  it('can end with the result itself, or be replaced by a whole one', async () => {
    await report(chunk('a'));
    await report({ status: 'completed', artifact: { text: 'b' }, append: true });
    expect(names()).toEqual(['queued', 'artifact', 'artifact', 'completed']);
    expect(events().at(-1)).toEqual({ event: 'completed', artifact: { text: 'ab' } });
    await started();
    await report(chunk('a'));
    await report({ status: 'completed', artifact: { text: 'whole' } });
    expect(events().at(-1)).toEqual({ event: 'completed', artifact: { text: 'whole' } });
  });

  it.each<[string, TaskReport[]]>([
    ['a chunk', [chunk('x'.repeat(500)), chunk('x'.repeat(600))]],
    ['a chunk with progress', [{ ...chunk('x'.repeat(1_100)), progress: { pct: 1 } }]],
    [
      'the last chunk, with the result',
      [chunk('x'.repeat(500)), { status: 'completed', artifact: text(600), append: true }],
    ],
    ['a whole artifact', [{ status: 'completed', artifact: text(1_100) }]],
  ])('fails the task when %s goes over the limit', async (_, reports) => {
    await started({ tasks: { artifactLimit: 1_000 } });
    for (const one of reports.slice(0, -1)) await report(one);
    await expect(report(reports.at(-1)!)).rejects.toMatchObject({ code: 'INVALID' });
    expect(record()).toMatchObject({ state: 'failed', error: { code: 'AGENT_FAILED' } });
    expect(record().error?.message).toMatch(/^artifact: 1\d\d\d bytes, allowed: 1000$/);
    expect(ann.connection.canceled).toEqual([id]);
    expect(ann.agent.load).toBe(0);
    await expect(report(chunk('more'))).rejects.toMatchObject(refusal);
  });

  it('is not made of pieces of two attempts', async () => {
    await started({ tasks: { onAgentLost: 'requeue', reconnectGrace: 1_000 } });
    await report(chunk('a'));
    engine.leave(ann);
    engine.clock.advance(1_500);
    await settle();
    expect(record()).toMatchObject({ state: 'queued', agent: null });
    // It comes back, is not chosen (no skill now), and goes on as if nothing had happened.
    const back = engine.join('ann', { skills: [] });
    await expect(report(chunk('b'), back)).rejects.toMatchObject(refusal);
    await expect(
      report({ status: 'completed', artifact: { text: 'c' }, append: true }, back),
    ).rejects.toMatchObject(refusal);
    await expect(report({ status: 'completed' }, back)).rejects.toMatchObject(refusal);
    await report({ status: 'completed', artifact: { text: 'all of it' } }, back);
    expect(events().at(-1)).toEqual({ event: 'completed', artifact: { text: 'all of it' } });
  });

  it('begins anew with the next attempt', async () => {
    await started({ tasks: { onAgentLost: 'requeue', reconnectGrace: 0 } });
    await report(chunk('a'));
    engine.leave(ann);
    const bob = engine.join('bob');
    await settle();
    await report(chunk('b'), bob);
    await report({ status: 'completed' }, bob);
    expect(events().at(-1)).toEqual({ event: 'completed', artifact: { text: 'b' } });
    expect(record()).toMatchObject({ attempt: 2, agent: { name: 'bob' } });
  });
});
