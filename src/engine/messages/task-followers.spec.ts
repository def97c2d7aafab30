import { Logger } from '@nestjs/common';
import { Engine, settle, type JoinedAgent } from '../../../test/fakes/engine.js';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { MemoryFollowerStore, MemoryOutboxStore } from '../../../test/fakes/memory-outbox.store.js';
import type { MemoryTaskStore } from '../../../test/fakes/memory-task.store.js';
import { anOutgoing } from '../../../test/support/outgoing.js';
import { OutboxConfig } from '../../config/outbox.config.js';
import { WebhooksConfig } from '../../config/webhooks.config.js';
import type { Delivery } from '../../core/delivery.js';
import type { NewFollower } from '../../core/follower.js';
import { ANONYMOUS } from '../../core/principal.js';
import { DeliveryLoop } from './delivery-loop.js';
import { FollowerKinds, type FollowerKind } from './follower-kinds.js';
import { Outbox } from './outbox.service.js';
import { TaskFollowers } from './task-followers.js';

beforeAll(() => void Logger.overrideLogger(false));

const FOLLOWER: NewFollower = { id: 'one', kind: 'test', config: 'https://example.com/hook' };

/** Tells every event by its name. */
const WORDS: FollowerKind = {
  purpose: 'callback',
  teller: () => (event) => [{ headers: {}, body: `${event.seq} ${event.body.event}` }],
  url: ({ config }) => config,
  credentials: () => ({}),
};

/** One process of a gateway whose disk outlives it. */
class Process {
  readonly followers: TaskFollowers;
  readonly engine: Engine;
  readonly outbox: Outbox;
  private readonly clock = new FakeClock();

  constructor(
    readonly disk: MemoryOutboxStore = new MemoryOutboxStore(),
    readonly store = new MemoryFollowerStore(disk),
    tasks?: MemoryTaskStore,
  ) {
    const { clock } = this;
    const engine = (this.engine = new Engine({ clock, ...(tasks && { store: tasks }) }));
    engine.store.onFollower = (follower) => void store.put(follower);
    const config = new OutboxConfig();
    // The loop is not started: what is put in stays where it can be seen.
    const loop = new DeliveryLoop(clock, config, disk);
    const outbox = (this.outbox = new Outbox(clock, config, engine.policy, disk, loop));
    const kinds = new FollowerKinds(clock, new WebhooksConfig(), anOutgoing(clock), store, outbox);
    kinds.register('test', WORDS);
    this.followers = new TaskFollowers(clock, engine.ids, engine.tasks, engine.log, store, kinds, outbox);
  }

  async start(): Promise<JoinedAgent> {
    await this.engine.start();
    await this.followers.start();
    return this.engine.join('ann');
  }

  /** Dies and comes back on the same disk. */
  next(): Process {
    void this.followers.stop();
    return new Process(this.disk, this.store, this.engine.kill());
  }

  submit(followers: readonly NewFollower[] = [FOLLOWER]) {
    const input = {
      message: { role: 'user' as const, parts: [{ text: 'x' }] },
      constraints: {},
      metadata: {},
    };
    return this.followers.submit(ANONYMOUS, { skill: 'echo', input, followers });
  }

  async told(): Promise<string[]> {
    await settle(10);
    const { deliveries } = await this.disk.list(null, { limit: 200 });
    const found = await Promise.all(deliveries.map(({ id }) => this.disk.get(id)));
    return found.map((one) => (one as Delivery).request.body).reverse();
  }
}

let process: Process;
let ann: JoinedAgent;
beforeEach(async () => {
  process = new Process();
  ann = await process.start();
});
const report = (id: string, status: 'running' | 'completed') =>
  process.engine.tasks.report(ann.agent, id, { status });

it('tells everything that comes after the submission, in one order, to the end', async () => {
  const { id } = await process.submit();
  await report(id, 'running');
  await report(id, 'completed');
  expect(await process.told()).toEqual(['2 running', '3 completed']);
  const { deliveries } = await process.disk.list(null, { limit: 10 });
  expect(deliveries.map(({ state, order, endpoint }) => [state, order, endpoint])).toEqual([
    ['waiting', `${id} one`, 'default https://example.com'],
    ['pending', `${id} one`, 'default https://example.com'],
  ]);
  expect(await process.followers.get(id, 'one')).toMatchObject({ nextSeq: 4, done: true });
});

it('tells several followers of one task, each on its own', async () => {
  const { id } = await process.submit([FOLLOWER, { ...FOLLOWER, id: 'two' }]);
  await report(id, 'completed');
  expect(await process.told()).toEqual(['2 completed', '2 completed']);
});

it('goes on where it stood after the process has died: nothing twice, nothing left out', async () => {
  const { id } = await process.submit();
  await report(id, 'running');
  expect(await process.told()).toEqual(['2 running']);
  process = process.next();
  ann = await process.start();
  await report(id, 'completed');
  expect(await process.told()).toEqual(['2 running', '3 completed']);
});

it('tells what happened while nobody read', async () => {
  const { id } = await process.submit();
  await process.followers.stop();
  await report(id, 'running');
  await report(id, 'completed');
  expect(await process.told()).toEqual([]);
  process = process.next();
  await process.start();
  expect(await process.told()).toEqual(['2 running', '3 completed']);
});

it('one that comes later is told from there on; after the end: the end', async () => {
  const { id } = await process.submit([]);
  await report(id, 'running');
  await process.followers.add(process.engine.store.stored(id)!.record, FOLLOWER);
  await report(id, 'completed');
  expect(await process.told()).toEqual(['3 completed']);
  await process.followers.add(process.engine.store.stored(id)!.record, { ...FOLLOWER, id: 'late' });
  expect(await process.told()).toEqual(['3 completed', '3 completed']);
});

it('one that is removed is told nothing more, not even what is on its way', async () => {
  const { id } = await process.submit();
  await report(id, 'running');
  await settle(10);
  await process.followers.remove(id, 'one');
  await report(id, 'completed');
  expect(await process.told()).toEqual([]);
  await process.followers.remove(id, 'one');
});

it('one that gets a new config keeps its place', async () => {
  const { id } = await process.submit();
  await report(id, 'running');
  await settle(10);
  const config = 'https://example.org/other';
  await process.followers.add(process.engine.store.stored(id)!.record, { ...FOLLOWER, config });
  await report(id, 'completed');
  expect(await process.told()).toEqual(['2 running', '3 completed']);
  const { deliveries } = await process.disk.list(null, { limit: 1 });
  expect(deliveries[0]!.endpoint).toBe('default https://example.org');
});
