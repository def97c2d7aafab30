import type { Fields } from './orchestrator.js';

/** A2A's HTTP+JSON routes for the tenant matrix: every base, with and without tenant, in both versions. */
interface A2aRoute {
  readonly right: 'read';
  readonly version: '1.0' | '0.3';
  readonly takesTaskId?: true;
  readonly body?: Fields;
  readonly own: number;
  readonly foreign: number;
}

const BASES = ['/a2a', '/a2a/skills/:skill', '/a2a/agents/:agent'];

/** A message to a task that has ended: refused to its owner, unknown to others. */
const message = (more: Fields) => ({ message: { messageId: 'm-1', taskId: ':id', ...more } });
const V10 = message({ role: 'ROLE_USER', parts: [{ text: 'x' }] });
const V03 = message({ role: 'ROLE_USER', content: [{ text: 'x' }] });

const ABOUT_TASK: Readonly<Record<string, number>> = {
  'POST tasks/:id\\:cancel': 400, // it has ended
  'GET tasks/:id\\:subscribe': 400,
  'POST tasks/:id\\:subscribe': 400,
  'GET tasks/:id': 200,
};
/** The config of this name is nobody's. */
const PUSH: Readonly<Record<string, number>> = {
  'POST tasks/:id/pushNotificationConfigs': 201,
  'GET tasks/:id/pushNotificationConfigs': 200,
  'GET tasks/:id/pushNotificationConfigs/:config': 404,
  'DELETE tasks/:id/pushNotificationConfigs/:config': 204,
};
const PUSH_BODIES = {
  '1.0': { url: 'http://127.0.0.1/' },
  '0.3': { pushNotificationConfig: { url: 'http://127.0.0.1/' } },
};

function routesBelow(prefix: string, version: '1.0' | '0.3'): [string, A2aRoute][] {
  const at = (route: string) => route.replace(' ', ` ${prefix}/`);
  const common = { right: 'read', version, takesTaskId: true } as const;
  const body = version === '1.0' ? V10 : V03;
  // A stranger's gateway is empty; of an agent or skill that is not his there is no card.
  const card = { own: 200, foreign: /:(skill|agent|tenant)/.test(prefix) ? 404 : 200 };
  return [
    [at('POST message\\:send'), { ...common, body, own: 400, foreign: 404 }],
    [at('POST message\\:stream'), { ...common, body, own: 400, foreign: 404 }],
    ...Object.entries(ABOUT_TASK).map(([route, own]): [string, A2aRoute] => [
      at(route),
      { ...common, own, foreign: 404 },
    ]),
    ...Object.entries(PUSH).map(([route, own]): [string, A2aRoute] => [
      at(route),
      { ...common, own, foreign: 404, ...(route.startsWith('POST') && { body: PUSH_BODIES[version] }) },
    ]),
    ...(version === '1.0'
      ? [
          [at('GET tasks'), { right: 'read', version, own: 200, foreign: 200 }] as [string, A2aRoute],
          [at('GET extendedAgentCard'), { right: 'read', version, ...card }] as [string, A2aRoute],
        ]
      : [[at('GET card'), { right: 'read', version, ...card }] as [string, A2aRoute]]),
  ];
}

export const A2A_REST_ROUTES: Readonly<Record<string, A2aRoute>> = Object.fromEntries(
  BASES.flatMap((base) => [
    ...routesBelow(base, '1.0'),
    ...routesBelow(`${base}/:tenant`, '1.0'),
    ...routesBelow(`${base}/v1`, '0.3'),
  ]),
);

/** How each version says what the guards refuse. */
export const A2A_WORDS = {
  '1.0': { 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED' },
  '0.3': { 401: -32012, 403: -32012 },
} as const;
