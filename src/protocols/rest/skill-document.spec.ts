import { Script } from 'node:vm';
import { AuthConfig } from '../../config/auth.config.js';
import { BotsConfig } from '../../config/bots.config.js';
import { GatewayConfig } from '../../config/gateway.config.js';
import { ERROR_CODES } from '../../core/errors.js';
import { TASK_STATES } from '../../core/task-states.js';
import { RPC_METHODS } from '../../transport/orchestrator/rpc-methods.js';
import { CLOSE, DOWN, UP } from '../bot/bot.wire.js';
import { duration, size, table } from './markdown.js';
import { REST_ROUTES } from './rest.routes.js';
import { skillDocument } from './skill-document.js';
import { STREAM_EVENTS } from './stream-events.js';

const text = skillDocument(new GatewayConfig());

test('B008: it names every word of the protocol', () => {
  const words = [
    ...Object.values(UP),
    ...Object.values(DOWN),
    ...Object.values(CLOSE).map(String),
    ...Object.keys(RPC_METHODS),
    ...Object.keys(STREAM_EVENTS),
    ...TASK_STATES,
    ...ERROR_CODES,
    ...REST_ROUTES.map(({ path }) => path),
    'ws://127.0.0.1:8080/agent/register',
    'http://127.0.0.1:8443',
    'Last-Event-ID',
    'Idempotency-Key',
    'max_concurrency',
  ];
  expect(words.filter((word) => !text.includes(word))).toEqual([]);
});

test('every example of a frame or body is JSON', () => {
  const blocks = [...text.matchAll(/```json\n([\s\S]*?)\n```/g)].map(([, block = '']) => block);
  expect(blocks.length).toBeGreaterThan(4);
  for (const block of blocks) {
    const values = block.startsWith('{\n') ? [block] : block.split('\n');
    for (const value of values) expect(() => JSON.parse(value) as unknown).not.toThrow();
  }
});

test('the bot of the document is a program', () => {
  const [, program = ''] = /```js\n([\s\S]*?)\n```/.exec(text) ?? [];
  expect(() => new Script(program)).not.toThrow();
  expect(program).toContain("new WebSocket('ws://127.0.0.1:8080/agent/register')");
});

test('it tells what this gateway is configured for', () => {
  const bots = new BotsConfig({ tlsCert: 'c', tlsKey: 'k', tlsCa: 'ca', port: 9000, maxFrame: 2048 });
  const auth = new AuthConfig({ mode: 'jwt', jwtSecret: 'x'.repeat(32) });
  expect(skillDocument(new GatewayConfig({ auth }))).toContain('headers: { Authorization');
  const secured = skillDocument(new GatewayConfig({ publicUrl: 'https://gw.example', bots, auth }));
  expect(secured).toContain('wss://gw.example:9000/agent/register');
  expect(secured).toContain('client certificate');
  expect(secured).toContain('Authorization: Bearer');
  expect(secured).toContain('at most 2 KiB');
  expect(secured).not.toContain('x'.repeat(32));
});

test('tables, durations, sizes', () => {
  expect(table(['a'], [['x|y']])).toBe('| a |\n| --- |\n| x\\|y |');
  expect([duration(250), duration(10_000)]).toEqual(['250 ms', '10 s']);
  expect([size(100), size(65_536), size(10 * 1024 * 1024)]).toEqual(['100 bytes', '64 KiB', '10 MiB']);
});
