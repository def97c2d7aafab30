import type { Namespace } from '../../core/ids.js';
import { FakeConnection } from '../../../test/fakes/fake-connection.js';
import { aCard } from '../../../test/fakes/engine.js';
import { Agent } from '../registry/agent.js';
import { LeastLoadPool } from './least-load.pool.js';
import type { Pool } from './pool.js';
import { RoundRobinPool } from './round-robin.pool.js';
import type { Seat } from './seat-list.js';

let pool: Pool;
const seats = new Map<Agent, Seat>();

function join(name: string, max: number): Agent {
  const agent = new Agent(aCard(name, { max }), 'default' as Namespace, new FakeConnection(), 0);
  seats.set(agent, pool.add(agent));
  return agent;
}

function leave(agent: Agent): void {
  pool.remove(seats.get(agent)!);
  seats.delete(agent);
}

function change(agent: Agent, by: number): void {
  agent.load += by;
  if (seats.has(agent)) pool.reorder(seats.get(agent)!);
}

/** Gives the agent that the pool picks a task. */
function give(): Agent | undefined {
  const agent = pool.pick();
  if (agent) change(agent, 1);
  return agent;
}

/** Names of those who get the next tasks, one after the other; each is done before the next (`done`) or goes on. */
function names(count: number, done = false): string[] {
  return Array.from({ length: count }, () => {
    const agent = give();
    if (agent && done) change(agent, -1);
    return agent?.card.name ?? '-';
  });
}

const counts = (list: readonly string[]): number[] =>
  [...Map.groupBy(list, (name) => name).values()].map((l) => l.length);

beforeEach(() => seats.clear());

describe('the least loaded agent', () => {
  beforeEach(() => (pool = new LeastLoadPool()));

  it('gets the task, until everybody is full', () => {
    join('a', 2);
    join('b', 2);
    expect(names(5)).toEqual(['a', 'b', 'a', 'b', '-']);
    expect([pool.size, pool.available]).toEqual([2, 0]);
  });

  it('is told by its share of its capacity, not by the number of its tasks', () => {
    join('large', 4);
    join('small', 1);
    // 0/4, 0/1, then 1/4, 2/4, 3/4.
    expect(names(6)).toEqual(['large', 'small', 'large', 'large', 'large', '-']);
  });

  it('is found again when it has become free', () => {
    const [a, b] = [join('a', 1), join('b', 3)];
    names(4);
    expect(pool.pick()).toBeUndefined();
    change(a, -1);
    expect(pool.pick()).toBe(a);
    change(b, -1);
    change(b, -1);
    change(a, 1);
    expect(pool.pick()).toBe(b);
    expect(pool.available).toBe(1);
  });

  it('is picked as by looking at all of them, whatever loads and capacities', () => {
    const agents = Array.from({ length: 12 }, (_, i) => join(`a${i}`, 1 + (i % 5)));
    const share = ({ load, card }: Agent) => load / card.maxConcurrency;
    let dice = 7;
    const random = (below: number) => (dice = (dice * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
    for (let step = 0; step < 3_000; step++) {
      const agent = agents[random(agents.length)]!;
      if (random(2) === 0) give();
      else if (agent.load > 0) change(agent, -1);
      const free = agents.filter(({ hasRoom }) => hasRoom);
      const picked = pool.pick();
      expect(picked && share(picked)).toBe(free.length > 0 ? Math.min(...free.map(share)) : undefined);
      expect(pool.available).toBe(free.length);
    }
  });

  it('is another one each time while all are idle', () => {
    for (let i = 0; i < 4; i++) join(`a${i}`, 5);
    expect(names(8, true)).toEqual(['a0', 'a1', 'a2', 'a3', 'a0', 'a1', 'a2', 'a3']);
  });

  it('is another one each time also where capacities differ', () => {
    for (let i = 0; i < 4; i++) join(`a${i}`, 1 + i);
    expect(counts(names(400, true))).toEqual([100, 100, 100, 100]);
  });

  it('is everybody in the long run, however many there are', () => {
    for (let i = 0; i < 100; i++) join(`a${i}`, 5);
    const used = counts(names(100 * 64, true));
    expect(used).toHaveLength(100);
  });

  it('is nobody who has left, and who comes counts at once', () => {
    const [a, b] = [join('a', 2), join('b', 2)];
    names(3);
    leave(a);
    expect(names(2)).toEqual(['b', '-']);
    const c = join('c', 1);
    expect(pool.pick()).toBe(c);
    leave(b);
    leave(c);
    expect([pool.pick(), pool.size, pool.available]).toEqual([undefined, 0, 0]);
  });

  it('costs the same among many as among few', () => {
    for (let i = 0; i < 10_000; i++) join(`a${i}`, 10);
    const start = performance.now();
    for (let i = 0; i < 20_000; i++) give();
    expect(performance.now() - start).toBeLessThan(1_000); // looking at all would take 200 million steps
  });
});

describe('round robin', () => {
  beforeEach(() => (pool = new RoundRobinPool()));

  it('goes round in the order of joining, whatever the load', () => {
    const [a] = [join('a', 9), join('b', 9), join('c', 9)];
    change(a, 1);
    change(a, 1);
    // Being given tasks has moved a to the end.
    expect(names(6)).toEqual(['b', 'c', 'a', 'b', 'c', 'a']);
  });

  it('does not change turns when a task is done', () => {
    const [a, b] = [join('a', 9), join('b', 9), join('c', 9)];
    expect(names(2)).toEqual(['a', 'b']);
    change(b, -1);
    change(a, -1);
    expect(names(4)).toEqual(['c', 'a', 'b', 'c']);
  });

  it('leaves out who is full, and takes him in at the end when he has room', () => {
    const a = join('a', 1);
    join('b', 3);
    expect(names(3)).toEqual(['a', 'b', 'b']);
    change(a, -1);
    expect(names(3)).toEqual(['b', 'a', '-']);
    expect(pool.available).toBe(0);
  });

  it('puts who joins at the end, and skips who has left', () => {
    join('a', 9);
    const b = join('b', 9);
    expect(names(1)).toEqual(['a']);
    join('c', 9);
    leave(b);
    expect(names(4)).toEqual(['a', 'c', 'a', 'c']);
    expect([pool.size, pool.available]).toEqual([2, 2]);
  });

  it('takes no notice of a load that changes after its agent has left', () => {
    const [a, b] = [join('a', 1), join('b', 1)];
    change(a, 1);
    leave(a);
    change(a, -1);
    expect(names(2)).toEqual(['b', '-']);
    expect(b.load).toBe(1);
  });
});
