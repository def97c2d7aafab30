import type { Namespace } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';
import type { RouteRecord } from '../../core/route.js';
import { byPrecedence, consider, firstEndpoint, type Party } from './route-match.js';

const aRoute = (id: string, change: Partial<RouteRecord> = {}): RouteRecord => ({
  namespace: 'n' as Namespace,
  id,
  name: id,
  description: null,
  source: { agentType: '*', filters: {} },
  destination: { agentType: '*', endpoints: [{ url: 'agent:x', weight: 1 }] },
  priority: 0,
  enabled: true,
  createdAt: 0,
  updatedAt: 0,
  version: 1,
  ...change,
});

const SENDER: Party = {
  id: 'end-1',
  type: 'end_agent',
  capabilities: ['read', 'write'],
  metadata: { zone_id: 'zone-1', tags: ['hot', 'new'], floor: 2, nested: { a: true } },
  places: ['zone-1', 'hall', 'plant'],
};
const CENTER: Party = { ...SENDER, id: 'mcp-1', type: 'mcp_agent' };

const outcome = (routes: readonly RouteRecord[], destination: Party | undefined = CENTER) =>
  consider(routes, SENDER, destination).map(({ route, matches }) => [route.id, matches]);
const holds = (filters: JsonObject): boolean =>
  outcome([aRoute('r', { source: { agentType: 'end_agent', filters } })])[0]![1] as boolean;

test('the order: priority, then the number of filters, then age, then id', () => {
  const filters = { zone_id: 'zone-1' };
  const routes = [
    aRoute('b'),
    aRoute('a'),
    aRoute('older', { createdAt: -1 }),
    aRoute('special', { source: { agentType: '*', filters } }),
    aRoute('first', { priority: 1 }),
    aRoute('last', { priority: -1, source: { agentType: '*', filters } }),
  ];
  const order = routes.toSorted(byPrecedence).map(({ id }) => id);
  expect(order).toEqual(['first', 'special', 'older', 'a', 'b', 'last']);
});

test('the first that matches is the last that is looked at', () => {
  const other = { source: { agentType: 'mcp_agent', filters: {} }, priority: 9 };
  expect(outcome([aRoute('yes'), aRoute('no', other), aRoute('never', { priority: -1 })])).toEqual([
    ['no', false],
    ['yes', true],
  ]);
  expect(outcome([])).toEqual([]);
});

test.each<[JsonObject, boolean]>([
  [{}, true],
  [{ agent_id: 'end-1' }, true],
  [{ agent_id: ['end-2', 'end-1'] }, true],
  [{ agent_id: 'end-2' }, false],
  [{ zone_id: 'zone-1', agent_id: 'end-1' }, true],
  [{ zone_id: 'zone-1', agent_id: 'end-2' }, false],
  [{ space_id: 'plant' }, true],
  [{ space_id: ['other', 'hall'] }, true],
  [{ space_id: 'other' }, false],
  [{ capability: 'read' }, true],
  [{ capability: ['fly', 'write'] }, true],
  [{ capability: 'fly' }, false],
  [{ tags: 'hot' }, true],
  [{ tags: 'cold' }, false],
  [{ 'metadata.floor': 2 }, true],
  [{ 'metadata.floor': '2' }, false],
  [{ 'metadata.nested.a': true }, true],
  [{ floor: [1, 2] }, true],
  [{ unheard: 'of' }, false],
  [{ toString: 'x', constructor: 'y' }, false],
])('filters %j: %s', (filters, expected) => {
  expect(holds(filters)).toBe(expected);
});

test('the type of the receiver counts where he is known', () => {
  const route = aRoute('r', { destination: { agentType: 'route_agent', endpoints: [] } });
  expect(outcome([route])).toEqual([['r', false]]);
  expect(consider([route], SENDER, undefined).map(({ matches }) => matches)).toEqual([true]);
});

test('the largest share is first, a backup only where there is nothing else', () => {
  const to = (...weights: number[]) =>
    firstEndpoint(
      aRoute('r', {
        destination: {
          agentType: '*',
          endpoints: weights.map((weight, i) => ({ url: `agent:${i}`, weight })),
        },
      }),
    ).url;
  expect([to(0, 2, 5, 5), to(0, 1), to(0, 0)]).toEqual(['agent:2', 'agent:1', 'agent:0']);
});
