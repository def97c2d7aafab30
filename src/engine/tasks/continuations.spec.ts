import { Engine, settle, type EngineOptions, type JoinedAgent } from '../../../test/fakes/engine.js';
import { ANONYMOUS } from '../../core/principal.js';
import type { Message, TaskReport } from '../../core/task.js';

let engine: Engine;
let ann: JoinedAgent;

const started = async (options: EngineOptions = {}, max = 1): Promise<void> => {
  engine = await new Engine({ tasks: { inputTimeout: 60_000, queueTimeout: 20_000 }, ...options }).start();
  ann = engine.join('ann', { max });
};

const says = (text: string, messageId?: string): Message => ({
  role: 'user',
  parts: [{ type: 'text', text }],
  ...(messageId !== undefined && { messageId }),
});
const submitted = async (): Promise<string> => {
  const { id } = await engine.submit();
  await settle();
  return id;
};
const report = (id: string, body: TaskReport, from = ann) => engine.tasks.report(from.agent, id, body);
const asks = (id: string, message = 'which one?') => report(id, { status: 'input_required', message });
const asking = async (): Promise<string> => {
  const id = await submitted();
  await asks(id);
  return id;
};
const answer = async (id: string, message: string | Message = 'the first') => {
  const record = await engine.tasks.continueTask(
    ANONYMOUS,
    id,
    typeof message === 'string' ? says(message) : message,
  );
  await settle();
  return record;
};
const view = (id: string) => engine.tasks.get(ANONYMOUS, id);
const state = async (id: string) => (await view(id)).record.state;
const log = async (id: string) =>
  (await engine.store.eventsSince(id as never, 0, 100)).map(({ body }) => body);
const sent = ({ connection }: JoinedAgent) =>
  connection.assignments.map(({ input, continuation }) => [
    input.message.parts[0]?.text,
    continuation ?? false,
  ]);

describe('an agent that asks', () => {
  beforeEach(() => started());

  it('holds no slot, and its question is there to be read', async () => {
    const id = await asking();
    expect(ann.agent.load).toBe(0);
    const { record, message } = await view(id);
    expect(record).toMatchObject({ state: 'input_required', attempt: 1, agent: { name: 'ann' } });
    expect(message).toEqual({ role: 'agent', parts: [{ type: 'text', text: 'which one?' }] });
    const other = await submitted();
    expect(sent(ann)).toHaveLength(2);
    await report(other, { status: 'completed' });
    expect(await state(id)).toBe('input_required');
  });

  it('gets the answer under the same id and attempt, and goes on with what it has made', async () => {
    const id = await submitted();
    await report(id, { status: 'running', artifact: { text: 'a' }, append: true });
    await asks(id);
    const record = await answer(id);
    expect(record).toMatchObject({ state: 'queued', turn: 4, attempt: 1 });
    expect(sent(ann)).toEqual([
      ['hello', false],
      ['the first', true],
    ]);
    await report(id, { status: 'completed', artifact: { text: 'b' }, append: true, attempt: 1 });
    expect((await view(id)).artifact).toEqual({ text: 'ab' });
    expect((await log(id)).map(({ event }) => event)).toEqual([
      'queued',
      'artifact',
      'input_required',
      'queued',
      'artifact',
      'completed',
    ]);
  });

  it('may ask again and again without using up its attempts', async () => {
    const id = await asking();
    for (let turn = 0; turn < 5; turn++) {
      await answer(id, `answer ${turn}`);
      await asks(id, `question ${turn}`);
    }
    expect((await view(id)).record.attempt).toBe(1);
    const said = await engine.tasks.history(ANONYMOUS, id);
    expect(said.map(({ role, parts }) => `${role}: ${parts[0]?.text}`)).toEqual([
      'user: hello',
      'agent: which one?',
      ...[0, 1, 2, 3, 4].flatMap((i) => [`user: answer ${i}`, `agent: question ${i}`]),
    ]);
    expect(new Set(said.map(({ messageId }) => messageId)).size).toBe(12);
    expect(await engine.tasks.history(ANONYMOUS, id, 2)).toEqual(said.slice(-2));
    expect(await engine.tasks.history(ANONYMOUS, id, 0)).toEqual([]);
  });

  it('is told when the task is canceled', async () => {
    const id = await asking();
    await engine.tasks.cancel(ANONYMOUS, id);
    expect(ann.connection.canceled).toEqual([id]);
    await expect(answer(id)).rejects.toMatchObject({ code: 'TASK_TERMINAL' });
  });

  it('is not waited for for ever: nor its caller', async () => {
    await started({ tasks: { inputTimeout: 20_000 } });
    const id = await asking();
    engine.clock.advance(19_000);
    expect(await state(id)).toBe('input_required');
    engine.clock.advance(2_000);
    await settle();
    expect((await view(id)).record).toMatchObject({ state: 'failed', error: { code: 'TIMEOUT' } });
    expect(ann.connection.canceled).toEqual([id]);
  });

  it('that waits for an authorization may go on by itself, also with its slot given away', async () => {
    const id = await submitted();
    await report(id, { status: 'auth_required' });
    const other = await submitted();
    await report(id, { status: 'running' });
    expect(ann.agent.load).toBe(2);
    expect((await view(id)).record).toMatchObject({
      state: 'running',
      deadlineAt: engine.clock.now() + 60_000,
    });
    await report(other, { status: 'completed' });
    await report(id, { status: 'completed', artifact: { text: 'done' } });
    expect([await state(id), await state(other), ann.agent.load]).toEqual(['completed', 'completed', 0]);
  });

  it('does not lose its task when it goes; the answer waits until it is back', async () => {
    const id = await asking();
    engine.leave(ann);
    engine.join('bob');
    await answer(id);
    expect((await view(id)).record).toMatchObject({ state: 'queued', agent: { name: 'ann' } });
    ann = engine.join('ann');
    await settle();
    expect(sent(ann)).toEqual([['the first', true]]);
    await report(id, { status: 'completed' });
    expect(await state(id)).toBe('completed');
  });

  it('gets the answer again when it was lost before it began with it', async () => {
    const id = await asking();
    await answer(id);
    engine.leave(ann);
    ann = engine.join('ann');
    await settle();
    expect(sent(ann)).toEqual([['the first', true]]);
    expect((await view(id)).record.attempt).toBe(1);
  });

  it('that does not come back for the answer fails the task after the queue timeout', async () => {
    const id = await asking();
    engine.leave(ann);
    await answer(id);
    engine.clock.advance(21_000);
    await settle();
    expect((await view(id)).record).toMatchObject({ state: 'failed', error: { code: 'QUEUE_TIMEOUT' } });
  });

  it('is busy with other work: the answer waits its turn, before newer tasks', async () => {
    const id = await asking();
    const other = await submitted();
    const third = await submitted();
    await answer(id);
    expect(sent(ann)).toHaveLength(2);
    await report(other, { status: 'completed' });
    await settle();
    expect(sent(ann).at(-1)).toEqual(['the first', true]);
    await report(id, { status: 'completed' });
    await settle();
    expect(ann.connection.assignments.at(-1)?.taskId).toBe(third);
  });

  it('may ask about a task that it had before and that waits for somebody by now: the answer is for it', async () => {
    const id = await submitted();
    engine.leave(ann);
    ann = engine.join('ann', { skills: [] });
    await settle();
    expect((await view(id)).record.agent).toBeNull();
    await asks(id);
    expect((await view(id)).record).toMatchObject({ state: 'input_required', agent: { name: 'ann' } });
    expect([ann.agent.load, engine.waiting.size]).toEqual([0, 0]);
    const bob = engine.join('bob');
    await answer(id);
    expect([sent(bob), engine.waiting.size]).toEqual([[], 1]);
  });

  it('and another question while the answer is on its way: it gets the answer', async () => {
    const id = await asking();
    const other = await submitted();
    await answer(id);
    await asks(id, 'still there?');
    expect(await state(id)).toBe('queued');
    await report(other, { status: 'completed' });
    await settle();
    expect(sent(ann).at(-1)).toEqual(['the first', true]);
  });

  it('and goes on by itself while the answer is on its way: it gets both', async () => {
    const id = await asking();
    await submitted();
    await answer(id);
    await report(id, { status: 'running', message: 'never mind' });
    await settle();
    expect(sent(ann).at(-1)).toEqual(['the first', true]);
    expect(await view(id)).toMatchObject({
      record: { state: 'running' },
      message: { parts: [{ text: 'never mind' }] },
    });
  });
});

describe('a caller that answers', () => {
  beforeEach(() => started());

  it('is refused while nobody asks', async () => {
    const id = await submitted();
    await expect(answer(id)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(answer('t-0')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    await asks(id);
    const both = await Promise.allSettled([answer(id), answer(id)]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(both[1]).toMatchObject({ reason: { code: 'CONFLICT' } });
  });

  it('may repeat itself under one message id, at once and later', async () => {
    const id = await asking();
    await Promise.all([answer(id, says('a', 'm-1')), answer(id, says('a', 'm-1'))]);
    await asks(id, 'and then?');
    await answer(id, says('a', 'm-1'));
    expect(await state(id)).toBe('input_required');
    await expect(answer(id, says('b', 'm-1'))).rejects.toMatchObject({ code: 'CONFLICT' });
    await answer(id, says('b', 'm-2'));
    expect(sent(ann).map(([text]) => text)).toEqual(['hello', 'a', 'b']);
  });

  it('needs a storage that takes writes', async () => {
    const id = await asking();
    engine.store.fail();
    await expect(answer(id)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    engine.store.recover();
    await answer(id);
    expect(sent(ann)).toHaveLength(2);
  });
});

describe('over a crash', () => {
  beforeEach(() => started());

  const restarted = async (): Promise<void> => {
    engine = await engine.restart();
    ann = engine.join('ann');
    await settle();
  };

  it('a question stays asked, with what was made so far and the time that is left', async () => {
    const id = await submitted();
    await report(id, { status: 'running', artifact: { text: 'a' }, append: true });
    await asks(id);
    engine.clock.advance(30_000);
    await restarted();
    expect(await view(id)).toMatchObject({
      record: { state: 'input_required' },
      artifacts: [{ text: 'a' }],
      message: { parts: [{ text: 'which one?' }] },
    });
    expect(sent(ann)).toEqual([]);
    await answer(id);
    expect(sent(ann)).toEqual([['the first', true]]);
    await asks(id);
    engine.clock.advance(61_000);
    await settle();
    expect(await state(id)).toBe('failed');
  });

  it('an acknowledged answer reaches the agent', async () => {
    const id = await asking();
    engine.leave(ann);
    await answer(id);
    await restarted();
    expect(sent(ann)).toEqual([['the first', true]]);
    await report(id, { status: 'completed', artifact: { text: 'done' } });
    expect(await state(id)).toBe('completed');
  });

  it('a task that went on with an answer follows the loss policy; whoever begins anew knows what was said', async () => {
    await started({ tasks: { onAgentLost: 'requeue', reconnectGrace: 1_000 } });
    const id = await asking();
    await answer(id);
    await report(id, { status: 'running' });
    engine = await engine.restart();
    const bob = engine.join('bob');
    engine.clock.advance(2_000);
    await settle();
    expect(bob.connection.assignments).toMatchObject([
      {
        attempt: 2,
        input: { message: { parts: [{ text: 'hello' }] } },
        history: [
          { parts: [{ text: 'hello' }] },
          { role: 'agent', parts: [{ text: 'which one?' }] },
          { role: 'user', parts: [{ text: 'the first' }] },
        ],
      },
    ]);
    await report(id, { status: 'input_required' }, bob);
    await answer(id, 'the second');
    expect(sent(bob).at(-1)).toEqual(['the second', true]);
  });
});

describe('what an agent makes and says', () => {
  beforeEach(() => started());

  it('may be several artifacts, in pieces and whole, to be read as they grow', async () => {
    const id = await submitted();
    await report(id, { status: 'running', artifact: { artifact_id: 'log', text: 'a' }, append: true });
    await report(id, { status: 'running', artifact: { artifact_id: 'plan', name: 'Plan', text: 'p' } });
    await report(id, { status: 'running', artifact: { artifact_id: 'log', text: 'b' }, append: true });
    const soFar = [
      { artifact_id: 'log', text: 'ab' },
      { artifact_id: 'plan', name: 'Plan', text: 'p' },
    ];
    expect(await view(id)).toMatchObject({ artifact: null, artifacts: soFar });
    await report(id, { status: 'completed', artifact: { text: 'main' }, message: 'there you are' });
    const end = { artifact: { text: 'main' }, artifacts: [...soFar, { text: 'main' }] };
    expect(await view(id)).toMatchObject({ ...end, message: { parts: [{ text: 'there you are' }] } });
    expect((await log(id)).at(-1)).toMatchObject({ event: 'completed', ...end });
  });

  it('is shown as far as it is on disk', async () => {
    const id = await submitted();
    await report(id, { status: 'running', artifact: { text: 'a' }, append: true });
    const stored = report(id, { status: 'running', artifact: { text: 'b' }, append: true });
    expect((await view(id)).artifacts).toEqual([{ text: 'a' }]);
    await stored;
    expect((await view(id)).artifacts).toEqual([{ text: 'ab' }]);
  });

  it('counts together against the limit', async () => {
    await started({ tasks: { artifactLimit: 100 } });
    const id = await submitted();
    await report(id, { status: 'running', artifact: { artifact_id: 'a', text: 'x'.repeat(50) } });
    const over = report(id, { status: 'running', artifact: { artifact_id: 'b', text: 'x'.repeat(50) } });
    await expect(over).rejects.toMatchObject({ code: 'INVALID' });
    expect((await view(id)).record).toMatchObject({ state: 'failed', error: { code: 'AGENT_FAILED' } });
  });

  it('may be words alone', async () => {
    const id = await submitted();
    const message: Message = { role: 'agent', parts: [{ type: 'data', data: { a: 1 } }], messageId: 'm' };
    await report(id, { status: 'completed', message });
    expect(await view(id)).toMatchObject({ artifact: null, artifacts: [], message });
  });

  it('may be that it does not do it', async () => {
    const id = await submitted();
    await report(id, { status: 'rejected', message: 'not my kind of work' });
    const { record, message } = await view(id);
    expect(record).toMatchObject({
      state: 'rejected',
      error: { code: 'REJECTED', message: 'not my kind of work' },
    });
    expect(message?.parts[0]?.text).toBe('not my kind of work');
    expect(ann.agent.load).toBe(0);
    expect(engine.live.size).toBe(0);
    await expect(answer(id)).rejects.toMatchObject({ code: 'TASK_TERMINAL' });
  });
});
