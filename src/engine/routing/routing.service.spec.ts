import { ANONYMOUS } from '../../core/principal.js';
import type { AgentName, Namespace } from '../../core/ids.js';
import { Engine, settle, type JoinedAgent } from '../../../test/fakes/engine.js';
import type { RouteRequest } from './routing.service.js';

const REQUEST: RouteRequest = { skill: 'echo', scope: null, pinnedAgent: null, contextId: null };
let engine: Engine;
const started = async (options: ConstructorParameters<typeof Engine>[0] = {}) =>
  (engine = await new Engine(options).start());
const chosen = (request: Partial<RouteRequest> = {}) => engine.routing.choose({ ...REQUEST, ...request });

describe('a choice', () => {
  beforeEach(() => started());

  it('says why, and how it looked then', () => {
    engine.join('a', { max: 3 });
    engine.join('b', { max: 3 });
    expect(chosen().decision).toEqual({
      strategy: 'least_load',
      reason: 'lowest load for its capacity',
      candidates: 2,
      available: 2,
      chosen: 'a',
      load: 0,
      max_concurrency: 3,
    });
  });

  it('takes no slot', () => {
    engine.join('a', { max: 1 });
    expect([chosen().agent?.load, chosen().agent?.card.name]).toEqual([0, 'a']);
  });

  it('tells nobody here from all busy', async () => {
    expect(chosen().decision).toMatchObject({
      candidates: 0,
      chosen: null,
      reason: 'no online agent has the skill',
    });
    engine.join('a', { max: 1 });
    await engine.submit();
    expect(chosen().decision).toMatchObject({
      candidates: 1,
      available: 0,
      chosen: null,
      reason: 'all agents are busy',
    });
  });

  it('stays in the namespace that was asked for', () => {
    engine.join('a', { namespace: 'north' });
    expect(chosen({ scope: 'south' as Namespace }).agent).toBeUndefined();
    expect(chosen({ scope: 'north' as Namespace }).agent?.card.name).toBe('a');
    expect(chosen().agent?.card.name).toBe('a');
  });

  it('gives a task for one agent to no other', async () => {
    const pinned = { pinnedAgent: 'a' as AgentName };
    engine.join('b');
    expect(chosen(pinned).decision).toMatchObject({ candidates: 0, chosen: null });
    engine.join('a', { max: 1 });
    expect(chosen(pinned).decision).toMatchObject({ chosen: 'a', reason: 'the agent asked for' });
    await engine.submit({ agent: 'a' as AgentName });
    expect(chosen(pinned).decision).toMatchObject({
      candidates: 1,
      available: 0,
      reason: 'the agent asked for is busy',
    });
  });

  it('prefers, of several agents of the name asked for, the one with the lower share', async () => {
    engine.join('a', { namespace: 'north', max: 1 });
    engine.join('a', { namespace: 'south', max: 10 });
    await Promise.all(
      [1, 2].map(() => engine.submit({ agent: 'a' as AgentName, namespace: 'south' as Namespace })),
    );
    expect(chosen({ pinnedAgent: 'a' as AgentName }).agent?.namespace).toBe('north');
    await engine.submit({ agent: 'a' as AgentName, namespace: 'north' as Namespace });
    expect(chosen({ pinnedAgent: 'a' as AgentName }).agent?.namespace).toBe('south');
  });
});

describe('affinity', () => {
  let a: JoinedAgent;
  let b: JoinedAgent;
  const context = { contextId: 'c' };

  beforeEach(async () => {
    await started({ strategy: 'affinity' });
    a = engine.join('a', { max: 2 });
    b = engine.join('b', { max: 2 });
  });

  it('keeps a context with its agent while that has room', async () => {
    const first = (await engine.submit(context)).agent?.name;
    expect((await engine.submit(context)).agent?.name).toBe(first);
    expect((await engine.submit(context)).agent?.name).not.toBe(first);
  });

  it('keeps it also when the tasks come at the same moment', async () => {
    const records = await Promise.all([engine.submit(context), engine.submit(context)]);
    expect(records[0].agent).toEqual(records[1].agent);
    expect(records[1].routing?.reason).toBe('the agent of this context');
  });

  it('spreads other contexts', async () => {
    const records = await Promise.all([1, 2].map((n) => engine.submit({ contextId: `c${n}` })));
    expect(records.map(({ agent }) => agent?.name).sort()).toEqual(['a', 'b']);
  });

  it('lets go of an agent that has left or cannot do it', async () => {
    const first = await engine.submit(context);
    const [kept, other] = first.agent?.name === 'a' ? [a, b] : [b, a];
    engine.registry.amend(kept.agent, { ...kept.agent.card, skills: [] });
    expect((await engine.submit(context)).agent).toEqual(other.agent.ref);
    engine.leave(other);
    await expect(engine.submit(context)).rejects.toMatchObject({ code: 'NO_AGENT_AVAILABLE' });
  });

  it('remembers to whom a waiting task of the context went', async () => {
    engine.leave(a);
    engine.leave(b);
    await engine.submit({ ...context, waitForAgent: true });
    engine.join('z', { max: 5 });
    engine.join('y', { max: 5 });
    await settle();
    expect((await engine.submit(context)).agent?.name).toBe('z');
  });
});

describe('the dry run', () => {
  beforeEach(() => started());

  it('shows every candidate, least loaded first, and changes nothing', async () => {
    const { agent } = engine.join('a', { max: 2 });
    engine.join('b', { max: 4 });
    engine.join('c', { skills: ['other'] });
    await Promise.all([1, 2, 3, 4].map(() => engine.submit()));
    const before = agent.load;
    const shown = engine.routing.explain(ANONYMOUS, REQUEST);
    expect(shown).toMatchObject({ skill: 'echo', candidates: 2, chosen: 'b' });
    expect(shown.agents.map(({ agent_id: name, load, available }) => [name, load, available])).toEqual([
      ['b', 2, true],
      ['a', 2, false],
    ]);
    expect(agent.load).toBe(before);
    expect(engine.live.size).toBe(4);
  });

  it('shows a tenant its own agents only', () => {
    engine.join('a', { namespace: 'north' });
    engine.join('b', { namespace: 'south' });
    const tenant = { ...ANONYMOUS, id: 't', namespace: 'north' as Namespace };
    expect(engine.routing.explain(tenant, REQUEST).agents.map(({ agent_id: name }) => name)).toEqual(['a']);
    expect(() => engine.routing.explain(tenant, { ...REQUEST, scope: 'south' as Namespace })).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN' }) as Error,
    );
  });
});
