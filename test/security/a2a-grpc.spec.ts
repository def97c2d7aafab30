import { A2AService } from '@a2a-js/sdk/server/grpc';
import { LegacyA2AService } from '@a2a-js/sdk/compat/v0_3/server/grpc';
import { GrpcCaller } from '../support/a2a-grpc.js';
import { AUTH_ON } from '../support/env.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** Every method of both gRPC services: nothing of one namespace is seen in another. Made from the services' descriptors. */

const OWNER = 'owner-ns';
const UNKNOWN = `t-${'0'.repeat(32)}`;
const SECRETS = [OWNER, 'secret-agent', 'secret-skill', 'secret-artifact', 'secret-context'];

const part = { content: { $case: 'text', value: 'x' }, filename: '', mediaType: '' };
const message = (taskId: string) => ({
  tenant: '',
  message: {
    messageId: `m-${taskId}`,
    contextId: '',
    taskId,
    role: 1,
    parts: [part],
    extensions: [],
    referenceTaskIds: [],
  },
});
const legacyMessage = (taskId: string) => ({
  request: {
    messageId: `m-${taskId}`,
    contextId: '',
    taskId,
    role: 1,
    content: [{ part: { $case: 'text', value: 'x' } }],
    extensions: [],
  },
});

const REQUESTS: Readonly<Record<'1.0' | '0.3', Readonly<Record<string, (id: string) => object>>>> = {
  '1.0': {
    sendMessage: message,
    sendStreamingMessage: message,
    getTask: (id) => ({ tenant: '', id }),
    listTasks: () => ({ tenant: '', contextId: '', status: 0, pageToken: '' }),
    cancelTask: (id) => ({ tenant: '', id }),
    subscribeToTask: (id) => ({ tenant: '', id }),
    createTaskPushNotificationConfig: (taskId) => ({
      tenant: '',
      id: '',
      taskId,
      url: 'http://127.0.0.1/',
      token: '',
    }),
    getTaskPushNotificationConfig: (taskId) => ({ tenant: '', taskId, id: 'x' }),
    listTaskPushNotificationConfigs: (taskId) => ({ tenant: '', taskId, pageSize: 0, pageToken: '' }),
    deleteTaskPushNotificationConfig: (taskId) => ({ tenant: '', taskId, id: 'x' }),
    getExtendedAgentCard: () => ({ tenant: '' }),
  },
  '0.3': {
    sendMessage: legacyMessage,
    sendStreamingMessage: legacyMessage,
    getTask: (id) => ({ name: `tasks/${id}`, historyLength: 0 }),
    cancelTask: (id) => ({ name: `tasks/${id}` }),
    taskSubscription: (id) => ({ name: `tasks/${id}` }),
    createTaskPushNotificationConfig: (id) => ({
      parent: `tasks/${id}`,
      configId: 'x',
      config: { name: '', pushNotificationConfig: { id: 'x', url: 'http://127.0.0.1/', token: '' } },
    }),
    getTaskPushNotificationConfig: (id) => ({ name: `tasks/${id}/pushNotificationConfigs/x` }),
    listTaskPushNotificationConfig: (id) => ({ parent: `tasks/${id}`, pageSize: 0, pageToken: '' }),
    deleteTaskPushNotificationConfig: (id) => ({ name: `tasks/${id}/pushNotificationConfigs/x` }),
    getAgentCard: () => ({}),
  },
};

let gateway: GatewayProcess;
let task: string;
const callers: GrpcCaller[] = [];
const as = (token?: string): GrpcCaller => {
  const made = new GrpcCaller(
    gateway.grpcAddress,
    token === undefined ? {} : { authorization: `Bearer ${token}` },
  );
  callers.push(made);
  return made;
};

beforeAll(async () => {
  gateway = await GatewayProcess.start({ env: { ...AUTH_ON, GATEWAY_GRPC_PORT: '0' } });
  const bot = await TestBot.connect({
    url: gateway.botUrl,
    name: 'secret-agent',
    skills: ['secret-skill'],
    namespace: OWNER,
    token: tokenFor(OWNER),
    behaviour: silent,
  });
  const owner = new Orchestrator(gateway.httpUrl, tokenFor(OWNER));
  ({ task_id: task } = await owner.submit({ skill: 'secret-skill', context_id: 'secret-context' }));
  await bot.complete(task, { text: 'secret-artifact' });
});
afterAll(async () => {
  callers.forEach((caller) => caller.close());
  await closeAllBots();
});

test('every method has its case', () => {
  expect(Object.keys(REQUESTS['1.0']).sort()).toEqual(Object.keys(A2AService).sort());
  expect(Object.keys(REQUESTS['0.3']).sort()).toEqual(Object.keys(LegacyA2AService).sort());
});

const cases = (['1.0', '0.3'] as const).flatMap((version) =>
  Object.entries(REQUESTS[version]).map(([method, request]) => [version, method, request] as const),
);

test.each(cases)(
  '%s %s: a stranger gets the same for a foreign task as for none',
  async (version, method, request) => {
    const stranger = as(tokenFor('stranger-ns'));
    const outcomes = [];
    for (const id of [task, UNKNOWN, 'nonsense'])
      outcomes.push(await stranger.outcome(version, method, request(id)));
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]).toEqual(outcomes[0]);
    for (const word of [...SECRETS, task]) expect(JSON.stringify(outcomes)).not.toContain(word);
  },
);

test.each(cases)(
  '%s %s without a token, or with a bad one: UNAUTHENTICATED',
  async (version, method, request) => {
    for (const token of [undefined, tokenFor(OWNER, { exp: 1_700_000_000 })]) {
      const outcome = await as(token).outcome(version, method, request(task));
      expect(outcome).toMatchObject({ code: 'UNAUTHENTICATED' });
      expect(JSON.stringify(outcome)).not.toContain(task);
    }
  },
);

test.each(cases)('%s %s without any right: PERMISSION_DENIED', async (version, method, request) => {
  const outcome = await as(tokenFor(OWNER, { scope: '' })).outcome(version, method, request(task));
  expect(outcome).toMatchObject({ code: 'PERMISSION_DENIED' });
});

test('lists and cards of a stranger are empty', async () => {
  const stranger = as(tokenFor('stranger-ns'));
  expect(await stranger.unary('1.0', 'listTasks', REQUESTS['1.0']['listTasks']!(''))).toMatchObject({
    tasks: [],
  });
  expect(await stranger.unary('1.0', 'getExtendedAgentCard', { tenant: '' })).toMatchObject({ skills: [] });
  expect(await as(tokenFor(OWNER)).unary('1.0', 'getTask', { tenant: '', id: task })).toMatchObject({
    id: task,
  });
});
