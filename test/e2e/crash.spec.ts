import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamEvent } from '../support/event-reader.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator, type Ack, type Answer, type Fields } from '../support/orchestrator.js';
import { begin, holdUntilAcknowledged, silent, TestBot } from '../support/test-bot.js';

/** Real processes: what was acknowledged survives a gateway that is killed at any moment, and everything comes to its one end. */

const ROUNDS = 12;
const WORKERS = 4;
const ENDS = ['completed', 'failed', 'canceled', 'rejected'];
const between = (min: number, max: number): number => min + Math.random() * (max - min);
const chance = (share: number): boolean => Math.random() < share;

/** A task that the gateway has said yes to. */
interface Acknowledged {
  readonly id: string;
  readonly text: string;
  readonly fields: Fields;
  readonly key: string | undefined;
}

/** Callers that give work without pause, whatever becomes of the gateway, and remember what it has promised. */
class Load {
  readonly acknowledged: Acknowledged[] = [];
  readonly canceled = new Set<string>();
  readonly streams: Promise<Followed>[] = [];
  /** Answers that are neither a yes nor an overload. */
  readonly surprises: string[] = [];
  private count = 0;
  private going = true;

  constructor(private readonly http: Orchestrator) {}

  async run(): Promise<void> {
    while (this.going) {
      await this.once().catch(() => sleep(30)); // the gateway is down
      await sleep(between(0, 25));
    }
  }

  stop(): void {
    this.going = false;
  }

  private async once(): Promise<void> {
    const text = `work ${++this.count}`;
    const skill = chance(0.03) ? 'sink' : 'work';
    const fields = {
      skill,
      instruction: text,
      idempotent: chance(0.2),
      ...(skill === 'sink' ? { timeout_s: 1 } : {}),
    };
    const key = chance(0.5) ? `key-${this.count}` : undefined;
    const task = await this.submit(fields, key);
    if (task === undefined) return;
    this.acknowledged.push({ id: task, text, fields, key });
    if (chance(0.3)) this.streams.push(follow(this.http, task));
    if (chance(0.1)) void this.cancel(task).catch(() => undefined);
  }

  /** With a key it is sent until it is answered; without one a lost answer stays lost. */
  private async submit(fields: Fields, key: string | undefined): Promise<string | undefined> {
    for (;;) {
      try {
        return this.acceptedBy(await send(this.http, fields, key));
      } catch (error) {
        if (key === undefined || !this.going) throw error;
        await sleep(30);
      }
    }
  }

  private acceptedBy({ status, body, text }: Answer): string | undefined {
    const ack = (body['result'] ?? body) as Ack;
    if (status === 200 && ack.task_id) return ack.task_id;
    const busy = status === 503 || /-32010/.test(text);
    if (!busy) this.surprises.push(`${status} ${text}`);
    return undefined;
  }

  private async cancel(id: string): Promise<void> {
    await sleep(between(0, 300));
    const { status } = await this.http.cancel(id);
    if (status === 200) this.canceled.add(id);
  }
}

/** REST or JSON-RPC, as it comes. */
function send(http: Orchestrator, fields: Fields, key: string | undefined): Promise<Answer> {
  if (chance(0.5)) return http.post('/tasks', fields, key === undefined ? {} : { 'idempotency-key': key });
  return http.rpc('tasks/send', { ...fields, ...(key === undefined ? {} : { idempotency_key: key }) });
}

/** What a subscriber has seen of a task, over all its reconnects. */
interface Followed {
  readonly id: string;
  readonly events: readonly StreamEvent[];
  readonly cuts: number;
}

async function follow(http: Orchestrator, id: string): Promise<Followed> {
  const events: StreamEvent[] = [];
  let cuts = 0;
  for (const end = performance.now() + 60_000; performance.now() < end; cuts++) {
    try {
      const reader = await http.stream(id, events.at(-1)?.id);
      await eventually(() => reader.ended !== undefined, { timeoutMs: 60_000 });
      events.push(...reader.events);
      if (ENDS.includes(events.at(-1)?.event ?? '')) return { id, events, cuts };
    } catch {
      await sleep(50); // down
    }
  }
  throw new Error(`${id}: no end in sight after ${events.length} events`);
}

/** The whole log of a task by the API. */
async function logOf(http: Orchestrator, id: string): Promise<readonly StreamEvent[]> {
  return (await http.stream(id)).toEnd();
}

/** For every item, a few at a time. */
async function inParallel<T>(items: readonly T[], check: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await check(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

function expectSound(events: readonly StreamEvent[]): void {
  expect(events.map(({ id }) => id)).toEqual(events.map((_, i) => String(i + 1)));
  expect(events.map(({ event }) => ENDS.includes(event))).toEqual(
    events.map((_, i) => i === events.length - 1),
  );
}

async function allTasks(http: Orchestrator): Promise<Fields[]> {
  const found: Fields[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await http.get(`/tasks?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`);
    found.push(...(body['tasks'] as Fields[]));
    cursor = body['next_cursor'] as string | null;
  }
  return found;
}

describe('a gateway that is killed under load', () => {
  let gateway: GatewayProcess;
  let http: Orchestrator;
  let load: Load;
  const workers: TestBot[] = [];

  const connect = (name: string, skill: string, behaviour: ReturnType<typeof holdUntilAcknowledged>) =>
    TestBot.connect({
      url: gateway.botUrl,
      name,
      skills: [skill],
      maxConcurrency: 5,
      reconnect: true,
      behaviour,
    });

  /** Mostly without warning; now and then as an operator does it. */
  const oneRound = async (round: number): Promise<void> => {
    await sleep(between(200, 1_200));
    if (round % 5 === 4) expect(await gateway.terminate()).toEqual({ code: 0, signal: null });
    else await gateway.kill9();
    if (chance(0.3)) await sleep(between(0, 500));
    await gateway.restart();
  };

  beforeAll(async () => {
    gateway = await GatewayProcess.start({
      env: {
        GATEWAY_TASKS_TIMEOUT: '5s',
        GATEWAY_TASKS_QUEUE_TIMEOUT: '20s',
        GATEWAY_TASKS_RECONNECT_GRACE: '8s',
      },
    });
    http = new Orchestrator(gateway.httpUrl);
    load = new Load(http);
    for (let i = 0; i < WORKERS; i++)
      workers.push(
        await connect(
          `worker-${i}`,
          'work',
          holdUntilAcknowledged(() => between(0, chance(0.2) ? 600 : 60)),
        ),
      );
    await connect('sink', 'sink', begin);
    const callers = [load.run(), load.run(), load.run()];
    for (let round = 0; round < ROUNDS; round++) await oneRound(round);
    load.stop();
    await Promise.all(callers);
  }, 120_000);

  it('brings every task to its end', async () => {
    const open = async () => (await allTasks(http)).filter(({ status }) => !ENDS.includes(String(status)));
    await eventually(
      async () => {
        const left = await open();
        if (left.length > 0) throw new Error(`still open: ${JSON.stringify(left)}`);
        return true;
      },
      { timeoutMs: 40_000, everyMs: 300 },
    );
    expect(workers.flatMap(({ failures }) => failures)).toEqual([]);
    await eventually(() => workers.every(({ held }) => held.length === 0));
  }, 60_000);

  it('has lost nothing that it acknowledged, and ended it once', async () => {
    expect(load.surprises).toEqual([]);
    expect(load.acknowledged.length).toBeGreaterThan(20 * ROUNDS);
    await inParallel(load.acknowledged, async ({ id, text, fields }) => {
      const task = await http.task(id);
      expect(task).toMatchObject({ task_id: id, skill: fields['skill'] });
      if (task['status'] === 'completed') expect(task['artifact']).toEqual({ text });
      const log = await logOf(http, id);
      expectSound(log);
      expect(log.at(-1)?.event).toBe(task['status']);
    });
  }, 60_000);

  it('keeps what it said about cancellation', async () => {
    for (const id of load.canceled) expect(await http.status(id)).toBe('canceled');
  });

  it('fails tasks only for reasons', async () => {
    const tasks = await allTasks(http);
    const failed = tasks.filter(({ status }) => status === 'failed');
    const reasons = new Set(failed.map(({ skill, error_code: code }) => `${String(skill)} ${String(code)}`));
    // The workers always come back in time and bring what they hold.
    expect([...reasons].filter((reason) => reason.startsWith('work '))).toEqual([]);
    expect([...reasons]).toContain('sink TIMEOUT');
    expect(tasks.some(({ routing }) => (routing as Fields)['reason'] === 'the agent came back')).toBe(true);
  });

  it('shows each subscriber the log, whatever cut its stream', async () => {
    const followed = await Promise.all(load.streams);
    expect(followed.length).toBeGreaterThan(ROUNDS);
    expect(followed.some(({ cuts }) => cuts > 0)).toBe(true);
    await inParallel(followed, async ({ id, events }) => {
      const log = await logOf(http, id);
      expect(events.map(({ id: seq, raw }) => [seq, raw])).toEqual(log.map(({ id: seq, raw }) => [seq, raw]));
    });
  }, 60_000);

  it('answers keys that come again with the task of the first time', async () => {
    const keyed = load.acknowledged.filter(({ key }) => key !== undefined);
    expect(keyed.length).toBeGreaterThan(0);
    await inParallel(keyed, async ({ id, fields, key }) =>
      expect(await http.submit(fields, { 'idempotency-key': key! })).toMatchObject({ task_id: id }),
    );
    expect(new Set(keyed.map(({ id }) => id)).size).toBe(keyed.length);
    const other = await http.post(
      '/tasks',
      { ...keyed[0]!.fields, instruction: 'other' },
      { 'idempotency-key': keyed[0]!.key! },
    );
    expect(other.status).toBe(409);
  });

  it('believes nobody to be busy', async () => {
    await eventually(async () => (await http.agents()).length === WORKERS + 1);
    for (const { name, load: count } of await http.agents()) expect(`${name}: ${count}`).toBe(`${name}: 0`);
  });

  it('has written no error', () => {
    const errors = gateway.output.split('\n').filter((line) => /"level":"?(error|fatal|50|60)/.test(line));
    expect(errors).toEqual([]);
  });
});

describe('after a restart', () => {
  const start = (env: Readonly<Record<string, string>>) => GatewayProcess.start({ env });

  it('deadlines fire that passed meanwhile', async () => {
    const gateway = await start({ GATEWAY_TASKS_TIMEOUT: '2s', GATEWAY_TASKS_QUEUE_TIMEOUT: '2s' });
    const http = new Orchestrator(gateway.httpUrl);
    const bot = await TestBot.connect({
      url: gateway.botUrl,
      name: 'lost',
      skills: ['work'],
      behaviour: begin,
    });
    const waiting = await http.submit({ skill: 'nobody', wait_for_agent: true });
    const running = await http.submit({ skill: 'work' });
    const begunAt = performance.now();
    await http.untilStatus(running.task_id, 'running');
    await gateway.kill9();
    await bot.close();
    await sleep(2_500);
    await gateway.restart();
    expect(await http.untilStatus(waiting.task_id, 'failed', 1_000)).toMatchObject({
      error_code: 'QUEUE_TIMEOUT',
    });
    // Its agent gets a moment to come back, and no task outlives its deadline (2 s) by more than 10 s.
    expect(await http.untilStatus(running.task_id, 'failed', 12_000)).toMatchObject({
      error_code: 'TIMEOUT',
    });
    expect(performance.now() - begunAt).toBeLessThan(12_000);
    await gateway.stop();
  }, 40_000);

  it('agents finish what they hold, also what they finished while nobody listened', async () => {
    const gateway = await start({ GATEWAY_TASKS_TIMEOUT: '20s' });
    const http = new Orchestrator(gateway.httpUrl);
    const bot = await TestBot.connect({
      url: gateway.botUrl,
      name: 'keeper',
      skills: ['work'],
      reconnect: true,
      behaviour: holdUntilAcknowledged(() => 300),
    });
    const { task_id: id } = await http.submit({ skill: 'work', instruction: 'keep it' });
    await http.untilStatus(id, 'running');
    await gateway.kill9();
    await eventually(() => bot.held.length === 1);
    await gateway.restart();
    expect(await http.untilStatus(id, 'completed')).toMatchObject({
      attempt: 1,
      artifact: { text: 'keep it' },
    });
    expect((await logOf(http, id)).map(({ event }) => event)).toEqual(['queued', 'running', 'completed']);
    await gateway.stop();
  });

  it('waiting tasks keep their order and go out as soon as an agent is there', async () => {
    const gateway = await start({});
    const http = new Orchestrator(gateway.httpUrl);
    const wait = (instruction: string, priority: string) =>
      http.submit({ skill: 'work', instruction, priority, wait_for_agent: true });
    for (const [text, priority] of [['a', 'low'], ['b', 'medium'], ['c', 'medium'], ['d', 'high']] as const)
      await wait(text, priority); // prettier-ignore
    await gateway.kill9();
    await gateway.restart();
    const bot = await TestBot.connect({
      url: gateway.botUrl,
      name: 'late',
      skills: ['work'],
      behaviour: silent,
    });
    await bot.expectTask(3);
    expect(bot.tasks.map(({ text }) => text)).toEqual(['d', 'b', 'c', 'a']);
    await gateway.stop();
  });
});
