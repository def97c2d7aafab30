import type { Namespace } from '../../core/ids.js';
import { FakeConnection } from '../../../test/fakes/fake-connection.js';
import { aCard } from '../../../test/fakes/engine.js';
import { Agent } from '../registry/agent.js';
import { LeastLoadPool } from './least-load.pool.js';
import { SkillIndex } from './skill-index.js';

const NORTH = 'north' as Namespace;
const SOUTH = 'south' as Namespace;
let index: SkillIndex;

const agent = (name: string, namespace: Namespace, skills: string[], max = 2) =>
  new Agent(aCard(name, { skills, max }), namespace, new FakeConnection(), 0);
const sizes = (skill: string) => [NORTH, SOUTH, null].map((scope) => index.pool(scope, skill)?.size ?? 0);

beforeEach(() => (index = new SkillIndex(() => new LeastLoadPool())));

it('finds agents by skill, in their namespace and in none', () => {
  index.add(agent('a', NORTH, ['sum', 'echo']));
  index.add(agent('b', SOUTH, ['echo']));
  expect(sizes('sum')).toEqual([1, 0, 1]);
  expect(sizes('echo')).toEqual([1, 1, 2]);
  expect(sizes('draw')).toEqual([0, 0, 0]);
});

it('finds those who came before anybody asked in the scope, and those who come after', () => {
  index.add(agent('a', NORTH, ['sum']));
  expect(index.pool(NORTH, 'sum')?.size).toBe(1);
  index.add(agent('b', NORTH, ['sum']));
  expect(index.pool(NORTH, 'sum')?.size).toBe(2);
  expect(index.pool(null, 'sum')?.size).toBe(2);
});

it('forgets who leaves, by every skill of his card', () => {
  const [a, b] = [agent('a', NORTH, ['sum', 'echo']), agent('b', NORTH, ['sum'])];
  index.add(a);
  index.add(b);
  sizes('sum');
  index.remove(a);
  expect(sizes('sum')).toEqual([1, 0, 1]);
  expect(sizes('echo')).toEqual([0, 0, 0]);
  index.remove(b);
  expect(index.pool(NORTH, 'sum')).toBeUndefined();
  expect(index.pool(null, 'sum')).toBeUndefined();
});

it('moves an agent to the skills of a new card', () => {
  const a = agent('a', NORTH, ['sum', 'echo']);
  index.add(a);
  sizes('sum');
  const before = a.card;
  a.card = aCard('a', { skills: ['echo', 'draw'], max: 1 });
  index.remove(a, before);
  index.add(a);
  expect([sizes('sum'), sizes('echo'), sizes('draw')]).toEqual([
    [0, 0, 0],
    [1, 0, 1],
    [1, 0, 1],
  ]);
});

it('reorders an agent wherever it sits', () => {
  const [a, b] = [agent('a', NORTH, ['sum', 'echo']), agent('b', NORTH, ['echo'])];
  index.add(a);
  index.add(b);
  expect([index.pool(null, 'echo')?.pick(), index.pool(NORTH, 'echo')?.pick()]).toEqual([a, a]);
  a.load = 1;
  for (const placement of a.placements) placement.reorder();
  expect([index.pool(null, 'echo')?.pick(), index.pool(NORTH, 'echo')?.pick()]).toEqual([b, b]);
  a.load = 2;
  for (const placement of a.placements) placement.reorder();
  expect(index.pool(NORTH, 'sum')?.available).toBe(0);
});

it('does not pile up what callers make up', () => {
  for (let i = 0; i < 1_000; i++) index.pool(`made up ${i}` as Namespace, 'sum');
  index.add(agent('a', NORTH, ['sum']));
  for (let i = 0; i < 1_000; i++) index.pool(NORTH, `made up ${i}`);
  expect(
    JSON.stringify(
      [...(index as unknown as { scopes: Map<string, Map<string, unknown>> }).scopes].map(([k, v]) => [
        k,
        v.size,
      ]),
    ),
  ).toBe('[["north",1]]');
});
