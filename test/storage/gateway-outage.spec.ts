import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator } from '../support/orchestrator.js';
import { fullDisk, type Disk } from '../support/outages.js';
import { silent, TestBot } from '../support/test-bot.js';

/** Larger than what is left in a page that is already there. */
const LONG = 'x'.repeat(50_000);

describe('a gateway on a full disk', () => {
  let disk: Disk;
  let gateway: GatewayProcess;
  let caller: Orchestrator;
  let bot: TestBot;

  beforeAll(async () => {
    disk = fullDisk();
    const nodeArgs = (disk.imports ?? []).flatMap((file) => ['--import', file]);
    gateway = await GatewayProcess.start({ dataDir: disk.folder, nodeArgs, env: disk.env ?? {} });
    caller = new Orchestrator(gateway.httpUrl);
    bot = await TestBot.connect({ url: gateway.botUrl, name: 'b', skills: ['s'], behaviour: silent });
  });
  afterAll(async () => {
    disk.end();
    await bot.close();
    await gateway.dispose();
    disk.clean();
  });

  const ready = async () => (await caller.get('/health/ready')).status;

  it('refuses tasks with 503, reads on, keeps what bots report, and recovers without a restart', async () => {
    const { task_id: id } = await caller.submit({ skill: 's' });
    await bot.expectTask(id);
    disk.begin();

    const refused = await eventually(async () => {
      const answer = await caller.post('/tasks', { skill: 's', instruction: LONG });
      return answer.status === 503 && answer;
    });
    expect(refused.body).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await caller.post('/tasks', { skill: 's', instruction: 'short' })).status).toBe(503);
    expect(await ready()).toBe(503);
    expect((await caller.get('/health')).status).toBe(200);
    expect(await caller.task(id)).toMatchObject({ task_id: id, status: 'queued' });
    expect((await caller.get('/tasks?limit=5')).body).toMatchObject({ tasks: [{ task_id: id }] });

    const report = bot.report(id, { status: 'completed', artifact: { text: LONG } }, 20_000);
    const answered = await Promise.race([report.then(() => true), ready().then(() => false)]);
    expect(answered).toBe(false);
    expect(await caller.task(id)).toMatchObject({ status: 'queued' });

    disk.end();
    await eventually(async () => (await ready()) === 200);
    expect(await report).toMatchObject({ result: {} });
    expect(await caller.task(id)).toMatchObject({ status: 'completed' });
    await caller.submit({ skill: 's' });

    await gateway.kill9();
    await gateway.restart();
    expect(await caller.task(id)).toMatchObject({ status: 'completed', artifact: { text: LONG } });
    expect((await caller.get('/tasks?limit=5')).body).toMatchObject({ tasks: [{}, {}] });
  });
});
