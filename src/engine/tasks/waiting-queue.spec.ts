import type { AgentName, Namespace, TaskId } from '../../core/ids.js';
import type { Priority, TaskRecord } from '../../core/task.js';
import { aCard } from '../../../test/fakes/engine.js';
import { FakeConnection } from '../../../test/fakes/fake-connection.js';
import { aRecord } from '../../../test/support/records.js';
import { Agent } from '../registry/agent.js';
import { LiveTask } from './live-task.js';
import { WaitingQueue } from './waiting-queue.js';

const NORTH = 'north' as Namespace;
const ANN = new Agent(aCard('ann', { skills: ['sum', 'echo'] }), NORTH, new FakeConnection(), 0);
let queue: WaitingQueue;
let count: number;

const task = (change: Partial<TaskRecord> = {}): LiveTask => {
  const id = `t-${(++count).toString(16).padStart(32, '0')}` as TaskId;
  return new LiveTask(
    aRecord({ id, skill: 'sum', namespace: NORTH, scope: NORTH, createdAt: count, ...change }),
  );
};
const added = (change?: Partial<TaskRecord>): LiveTask => {
  const one = task(change);
  queue.add(one);
  return one;
};
/** Everything that an agent would get, in order. */
function drained(agent = ANN): LiveTask[] {
  const order: LiveTask[] = [];
  for (let next = queue.nextFor(agent); next; next = queue.nextFor(agent)) {
    order.push(next);
    queue.remove(next);
  }
  return order;
}

beforeEach(() => {
  queue = new WaitingQueue();
  count = 0;
});

it('is first in, first out', () => {
  const tasks = Array.from({ length: 50 }, () => added());
  expect(drained()).toEqual(tasks);
});

it('keeps the order of ids within one millisecond', () => {
  const tasks = Array.from({ length: 5 }, () => added({ createdAt: 7 }));
  expect(drained()).toEqual(tasks);
});

it('lets higher priorities go first', () => {
  const [low, medium, high] = (['low', 'medium', 'high'] as const).map((priority) => added({ priority }));
  expect(drained()).toEqual([high, medium, low]);
});

it('lets nobody starve: waiting raises priority', () => {
  const at = (createdAt: number, priority: Priority) => added({ createdAt, priority });
  const low = at(0, 'low');
  const medium = at(10_000, 'medium');
  const early = at(24_999, 'high');
  const later = at(25_001, 'high');
  const latest = at(30_001, 'high');
  // medium stands level with high after 15 s (25,000), low after 30 s.
  expect(drained()).toEqual([early, medium, later, low, latest]);
});

it('puts a task that comes back to the place of its age', () => {
  const tasks = Array.from({ length: 6 }, () => task());
  for (const i of [3, 4, 5, 1, 0, 2]) queue.add(tasks[i]!);
  expect(drained()).toEqual(tasks);
});

it('keeps order whatever comes, goes and comes back', () => {
  const tasks = Array.from({ length: 300 }, (_, i) =>
    task({ createdAt: i % 97, priority: (['high', 'medium', 'low'] as const)[i % 3]! }),
  );
  const rank = ({ id, record }: LiveTask): [number, string] => [
    record.createdAt + { high: 0, medium: 15_000, low: 30_000 }[record.priority],
    id,
  ];
  const waiting = new Set<LiveTask>();
  let dice = 3;
  for (let step = 0; step < 3_000; step++) {
    dice = (dice * 1_103_515_245 + 12_345) % 2_147_483_648;
    const one = tasks[dice % tasks.length]!;
    if (waiting.delete(one)) queue.remove(one);
    else queue.add((waiting.add(one), one));
  }
  const sorted = [...waiting].sort((a, b) => {
    const [[x, i], [y, j]] = [rank(a), rank(b)];
    return x - y || (i < j ? -1 : 1);
  });
  expect(drained().map(({ id }) => id)).toEqual(sorted.map(({ id }) => id));
});

it('finds a task for each skill, namespace and name of an agent, and no other', () => {
  const mine = [
    added(),
    added({ skill: 'echo' }),
    added({ scope: null }),
    added({ pinnedAgent: 'ann' as AgentName }),
    added({ scope: null, pinnedAgent: 'ann' as AgentName }),
  ];
  const others = [
    added({ skill: 'draw' }),
    added({ scope: 'south' as Namespace }),
    added({ pinnedAgent: 'bob' as AgentName }),
  ];
  expect(drained()).toEqual(mine);
  expect(queue.size).toBe(others.length);
});

it('counts per namespace', () => {
  const [a, b] = [added(), added()];
  added({ namespace: 'south' as Namespace });
  expect([queue.count(NORTH), queue.count('south' as Namespace), queue.size]).toEqual([2, 1, 3]);
  expect(queue.remove(a)).toBe(true);
  expect(queue.remove(a)).toBe(false);
  expect(queue.remove(task())).toBe(false);
  queue.remove(b);
  expect([queue.count(NORTH), queue.size]).toEqual([0, 1]);
});

it('keeps nothing of what has gone', () => {
  for (let i = 0; i < 100; i++)
    queue.remove(added({ skill: `made up ${i}`, namespace: `made up ${i}` as Namespace }));
  const { lanes, counts, nodes } = queue as unknown as Record<
    'lanes' | 'counts' | 'nodes',
    Map<unknown, unknown>
  >;
  expect([lanes.size, counts.size, nodes.size]).toEqual([0, 0, 0]);
});

it.each([
  ['oldest first', (tasks: LiveTask[]) => tasks],
  ['newest first', (tasks: LiveTask[]) => tasks.toReversed()],
])('takes thousands back quickly while thousands wait, %s', (_, order) => {
  const back = Array.from({ length: 20_000 }, () => task());
  for (let i = 0; i < 20_000; i++) added();
  const start = performance.now();
  for (const one of order(back)) queue.add(one);
  expect(performance.now() - start).toBeLessThan(1_000); // searching from one end would take 200 million steps
  expect(drained().slice(0, 20_000)).toEqual(back);
});
