import { aRecord, aView, anAgent, BOT, TASK_ID } from '../../../test/support/records.js';
import { toAgentList } from './agent-view.js';
import { taskIdOf } from './task-id.js';
import { toAck, toTask } from './task-view.js';

test('the acknowledgement is the seed’s', () => {
  expect(toAck(aRecord())).toEqual({ task_id: TASK_ID, status: 'queued', assigned_agent: BOT });
  expect(toAck(aRecord({ agent: null }))).toEqual({
    task_id: TASK_ID,
    status: 'queued',
    assigned_agent: null,
  });
});

test('a fresh task shows what it has and nothing else', () => {
  expect(toTask(aRecord())).toEqual({
    task_id: TASK_ID,
    status: 'queued',
    skill: 'summarize',
    assigned_agent: BOT,
    namespace: 'production',
    priority: 'medium',
    attempt: 1,
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:00.000Z',
  });
});

test('B044, B046: how it ended', () => {
  const endedAt = Date.UTC(2026, 0, 2);
  const completed = aView(aRecord({ state: 'completed', endedAt }), { text: '摘要结果...' });
  expect(toTask(completed.record, completed)).toMatchObject({
    status: 'completed',
    artifact: { text: '摘要结果...' },
    ended_at: '2026-01-02T00:00:00.000Z',
  });
  const failed = toTask(
    aRecord({
      state: 'failed',
      contextId: 'c-1',
      progress: { pct: 50, message: 'half' },
      error: { code: 'AGENT_FAILED', message: 'boom' },
      lateResult: { status: 'completed', at: endedAt, artifact: { text: 'late' } },
      routing: { strategy: 'least_load', reason: 'r', candidates: 1, available: 1, chosen: BOT },
    }),
  );
  expect(failed).toMatchObject({
    error: 'boom',
    error_code: 'AGENT_FAILED',
    context_id: 'c-1',
    progress: { pct: 50, message: 'half' },
    late_result: { status: 'completed', at: '2026-01-02T00:00:00.000Z', artifact: { text: 'late' } },
    routing: { chosen: BOT },
  });
});

test('what an agent has made and says so far', () => {
  const message = { role: 'agent', parts: [{ type: 'text', text: 'which one?' }] } as const;
  const asking = { ...aView(aRecord({ state: 'input_required' })), artifacts: [{ text: 'so far' }], message };
  const view = toTask(asking.record, asking);
  expect(view).toMatchObject({ status: 'input_required', artifacts: [{ text: 'so far' }], message });
  expect(view).not.toHaveProperty('artifact');
  const [main, other] = [{ text: 'main' }, { artifact_id: 'b', text: 'other' }];
  const several = { ...aView(aRecord({ state: 'completed' }), main), artifacts: [main, other] };
  expect(toTask(several.record, several)).toMatchObject({ artifact: main, artifacts: [main, other] });
});

test('B009: agents', () => {
  expect(toAgentList([anAgent({ load: 2 })])).toEqual({
    agents: [
      {
        id: BOT,
        name: BOT,
        version: '1.0.0',
        description: '',
        namespace: 'production',
        kind: 'bot',
        skills: [
          { id: 'summarize', name: 'Text Summarization', description: '', tags: [] },
          { id: 'translate', name: 'Translation', description: '', tags: [] },
        ],
        load: 2,
        max_concurrency: 3,
        status: 'online',
        connected_at: '2026-01-01T00:00:00.000Z',
        last_seen: '2026-01-01T00:00:05.000Z',
      },
    ],
    total: 1,
  });
  expect(toAgentList([])).toEqual({ agents: [], total: 0 });
});

test('a task is named in three ways', () => {
  for (const name of ['id', 'task_id', 'taskId']) expect(taskIdOf({ [name]: TASK_ID })).toBe(TASK_ID);
  expect(() => taskIdOf({})).toThrow(/id, task_id, taskId/);
  expect(() => taskIdOf({ task_id: 5 })).toThrow(/^task_id: got 5/);
});
