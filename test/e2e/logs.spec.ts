import { AUTH_ON } from '../support/env.js';
import { eventually } from '../support/eventually.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Orchestrator } from '../support/orchestrator.js';
import { closeAllBots, silent, TestBot } from '../support/test-bot.js';
import { tokenFor } from '../support/tokens.js';

/** The log as JSON lines: what operators search by, and what must never be in it. */

afterEach(() => closeAllBots());

type Line = Readonly<Record<string, unknown>>;

/** Every line of the log. @throws Error when one is not JSON */
const lines = (gateway: GatewayProcess): Line[] =>
  gateway.stdout
    .split('\n')
    .slice(0, -1) // the last one may be on its way
    .filter((line) => !line.startsWith('agent-gateway ready'))
    .map((line) => JSON.parse(line) as Line);

const found = (gateway: GatewayProcess, fields: Line): Promise<Line> =>
  eventually(() =>
    lines(gateway).find((line) => Object.entries(fields).every(([name, value]) => line[name] === value)),
  );

const aBot = (gateway: GatewayProcess, token?: string): Promise<TestBot> =>
  TestBot.connect({
    url: gateway.botUrl,
    name: 'worker',
    skills: ['work'],
    behaviour: silent,
    ...(token === undefined ? {} : { token, namespace: 'production' }),
  });

test('agents and failed tasks are there by default, with their ids; requests that went well are not', async () => {
  const gateway = await GatewayProcess.start();
  const http = new Orchestrator(gateway.httpUrl);
  const bot = await aBot(gateway);
  expect(await found(gateway, { msg: 'agent online', agent: 'worker' })).toMatchObject({
    level: 'info',
    logger: 'Agent',
    kind: 'bot',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
  });
  const { task_id } = await http.submit({ skill: 'work' });
  await bot.report(task_id, { status: 'failed', error: 'boom' });
  expect(await found(gateway, { msg: 'task failed', task_id })).toMatchObject({
    agent: 'worker',
    skill: 'work',
    code: 'AGENT_FAILED',
    attempt: 1,
  });
  const requestId = '0b5fc36d-7f8e-4c46-8ab1-7e5a3f0d5a01';
  await http.get('/tasks/nowhere', { 'x-request-id': requestId });
  expect(await found(gateway, { request_id: requestId })).toMatchObject({
    msg: 'GET /tasks/:id 404',
    level: 'info',
    status: 404,
  });
  await closeAllBots();
  await found(gateway, { msg: 'agent gone', reason: 'disconnected' });
  expect(lines(gateway).filter(({ msg }) => String(msg).endsWith(' 200'))).toEqual([]);
});

test('at debug every request and every task has its line, with the trace of the caller', async () => {
  const gateway = await GatewayProcess.start({ env: { GATEWAY_LOG_LEVEL: 'debug' } });
  const http = new Orchestrator(gateway.httpUrl);
  await aBot(gateway);
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await http.get('/agents', { traceparent });
  await found(gateway, { msg: 'GET /agents 200', trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' });
  const { task_id } = await http.submit({ skill: 'work' });
  await found(gateway, { msg: 'task submitted', task_id });
});

test('no secret, instruction or result is written, at any level', async () => {
  const gateway = await GatewayProcess.start({ env: { ...AUTH_ON, GATEWAY_LOG_LEVEL: 'trace' } });
  const token = tokenFor('production');
  const http = new Orchestrator(gateway.httpUrl, token);
  const bot = await aBot(gateway, token);
  const { task_id } = await http.submit({
    skill: 'work',
    instruction: 'planted-instruction',
    metadata: { password: 'planted-metadata' },
  });
  await http.get('/agents?access_token=planted-query', {
    cookie: 'sid=planted-cookie',
    'x-api-key': 'planted-key',
  });
  await new Orchestrator(gateway.httpUrl, 'planted-bearer').get('/agents');
  const form = 'grant_type=client_credentials&client_id=planted-client&client_secret=planted-secret';
  await http.request('POST', '/oauth/token', form, { 'content-type': 'application/x-www-form-urlencoded' });
  await bot.complete(task_id, { text: 'planted-artifact' });
  await gateway.terminate();
  expect(gateway.output).not.toContain('planted-');
  expect(gateway.output).not.toContain(token.slice(-20));
  expect(lines(gateway).length).toBeGreaterThan(5);
});

test('a hostile name forges no line', async () => {
  const gateway = await GatewayProcess.start({
    env: { GATEWAY_LOG_LEVEL: 'debug', GATEWAY_LOG_FORMAT: 'pretty' },
  });
  const http = new Orchestrator(gateway.httpUrl);
  await http.request('POST', '/tasks', { skill: 'x\nFORGED line', instruction: 'y' });
  await gateway.terminate();
  expect(gateway.output.split('\n').filter((line) => line.startsWith('FORGED'))).toEqual([]);
});
