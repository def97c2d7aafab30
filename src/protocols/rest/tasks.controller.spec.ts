import { GatewayError } from '../../core/errors.js';
import { startHttpApp, type TestApp } from '../../../test/support/http-app.js';
import type { NewTask, TaskRecord } from '../../core/task.js';
import { TasksController } from './tasks.controller.js';

const T = 't-00000000000000000000000000000001';
const record = { id: T, agent: { namespace: 'production', name: 'nanobot-text-001' } } as unknown as TaskRecord;

describe('POST /tasks', () => {
  let app: TestApp;
  let seen: NewTask[];
  beforeEach(async () => {
    seen = [];
    app = await startHttpApp({
      controllers: [TasksController],
      fakes: { tasks: { submit: async (_who, task) => (seen.push(task), record) } },
    });
  });
  afterEach(() => app.close());

  test('B030: the seed request is acknowledged with 200', async () => {
    const res = await fetch(`${app.url}/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"skill":"summarize","instruction":"请摘要:AI正在改变世界..."}',
    });
    expect(res.status).toBe(200);
    console.log(await res.text(), res.headers);
    expect(seen).toEqual([]);
  });
  test('404', async () => {
    const res = await fetch(`${app.url}/nope/%zz`);
    console.log(res.status, await res.text(), res.headers);
  });
});
