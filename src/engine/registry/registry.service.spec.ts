import type { AgentName, Namespace } from '../../core/ids.js';
import { ANONYMOUS } from '../../core/principal.js';
import { aCard, Engine } from '../../../test/fakes/engine.js';
import { FakeConnection } from '../../../test/fakes/fake-connection.js';
import type { RegistryObserver } from './registry.service.js';

const OTHER = { ...ANONYMOUS, id: 'somebody else' };
let engine: Engine;
let seen: string[];

beforeEach(() => {
  engine = new Engine();
  seen = [];
  const note: RegistryObserver = {
    joined: (agent) => seen.push(`${agent.card.name} joined`),
    left: (agent, reason) => seen.push(`${agent.card.name} left: ${reason}`),
    cardChanged: (agent, before) => seen.push(`${before.maxConcurrency} → ${agent.card.maxConcurrency}`),
    loadChanged: (agent, before) => seen.push(`${before} → ${agent.load}`),
  };
  engine.registry.observe(note);
});

it('knows an agent by namespace and name', () => {
  const { agent } = engine.join('a', { namespace: 'north' });
  expect(engine.registry.find({ namespace: 'north' as Namespace, name: 'a' as AgentName })).toBe(agent);
  expect(engine.registry.find({ namespace: 'south' as Namespace, name: 'a' as AgentName })).toBeUndefined();
  expect(engine.registry.named('a' as AgentName, null)).toEqual([agent]);
  expect(engine.registry.named('a' as AgentName, 'south' as Namespace)).toEqual([]);
});

it('keeps agents of the same name in other namespaces apart', () => {
  const north = engine.join('a', { namespace: 'north' });
  const south = engine.join('a', { namespace: 'south' });
  expect([...engine.registry.all()]).toEqual([north.agent, south.agent]);
  engine.leave(north);
  expect(engine.registry.named('a' as AgentName, null)).toEqual([south.agent]);
});

it('closes the older connection when the same agent comes again', () => {
  const older = engine.join('a');
  const newer = engine.join('a', { max: 3 });
  expect(older.connection.closedFor).toBe('replaced');
  expect(newer.connection.closedFor).toBeUndefined();
  expect(seen).toEqual(['a joined', 'a left: replaced', 'a joined']);
  expect(engine.registry.isCurrent(newer.agent)).toBe(true);
  expect(engine.registry.isCurrent(older.agent)).toBe(false);
});

it('does not take the newer one out when the end of the older connection comes late', () => {
  const older = engine.join('a');
  const newer = engine.join('a');
  engine.leave(older);
  expect(engine.registry.isCurrent(newer.agent)).toBe(true);
  expect(engine.registry.size).toBe(1);
});

it('refuses a newcomer with other credentials, and leaves the holder alone', () => {
  const { agent, connection } = engine.join('a');
  expect(() => engine.join('a', { principal: OTHER })).toThrow(
    expect.objectContaining({ code: 'FORBIDDEN' }) as Error,
  );
  expect(engine.registry.isCurrent(agent)).toBe(true);
  expect(connection.told).toEqual([]);
  engine.registry.remove(agent, 'disconnected');
  engine.join('a', { principal: OTHER });
  expect(engine.registry.size).toBe(1);
});

it('refuses what the credentials do not grant', () => {
  const limited = { ...ANONYMOUS, grants: [{ namespace: 'north' as Namespace, name: 'a' as AgentName }] };
  expect(() => engine.join('b', { namespace: 'north', principal: limited })).toThrow();
  expect(() => engine.join('a', { namespace: 'south', principal: limited })).toThrow();
  engine.join('a', { namespace: 'north', principal: limited });
  expect(seen).toEqual(['a joined']);
});

it('tells what has changed', () => {
  const { agent } = engine.join('a', { max: 2 });
  engine.registry.amend(agent, aCard('a', { max: 5 }));
  engine.registry.reserve(agent);
  engine.registry.release(agent);
  engine.registry.remove(agent, 'silent');
  engine.registry.remove(agent, 'silent');
  expect(seen).toEqual(['a joined', '2 → 5', '0 → 1', '1 → 0', 'a left: silent']);
});

it('shows a caller the agents of its namespace', () => {
  engine.join('a', { namespace: 'north' });
  engine.join('b', { namespace: 'south' });
  const names = (namespace: string | null) =>
    engine.registry
      .list({ ...ANONYMOUS, namespace: namespace as Namespace | null })
      .map(({ card }) => card.name);
  expect([names('north'), names(null), names('east')]).toEqual([['a'], ['a', 'b'], []]);
});

it('shows load and last sign of life', () => {
  const { agent } = engine.join('a', { max: 2, connection: new FakeConnection() });
  const start = engine.clock.now();
  engine.registry.reserve(agent);
  engine.clock.advance(700);
  engine.registry.touch(agent);
  expect(engine.registry.list(ANONYMOUS)).toMatchObject([
    { load: 1, kind: 'fake', status: 'online', connectedAt: start, lastSeen: start + 700 },
  ]);
});
