import { ERROR_CODES, GatewayError, invalid, type ErrorCode } from '../../core/errors.js';
import { toRpcError } from './error-codes.js';

test.each<[ErrorCode, number]>([
  ['INVALID', -32602],
  ['TASK_NOT_FOUND', -32001],
  ['TASK_TERMINAL', -32002],
  ['CONFLICT', -32002],
  ['AGENT_NOT_FOUND', -32011],
  ['NO_AGENT_AVAILABLE', -32010],
  ['OVERLOADED', -32010],
  ['STORAGE_UNAVAILABLE', -32010],
  ['FORBIDDEN', -32012],
  ['TIMEOUT', -32013],
  ['UPSTREAM', -32006],
  ['INTERNAL', -32603],
])('%s is %i', (code, number) => {
  expect(toRpcError(new GatewayError(code, 'said'))).toMatchObject({ code: number, data: { reason: code } });
});

test('every code has a reason and a message', () => {
  for (const code of ERROR_CODES) {
    const error = toRpcError(new GatewayError(code, 'said'));
    expect(error.data).toMatchObject({ reason: code });
    expect(error.message).not.toBe('');
  }
});

test('what is unknown and what is foreign sound alike, whatever the engine says', () => {
  const unknown = toRpcError(new GatewayError('TASK_NOT_FOUND', 'no t-1', { data: { id: 't-1' } }));
  const foreign = toRpcError(new GatewayError('TASK_NOT_FOUND', 't-2 belongs to staging'));
  expect(unknown).toEqual(foreign);
  expect(JSON.stringify(unknown)).not.toContain('t-1');
});

test('a defect shows nothing of itself', () => {
  expect(JSON.stringify(toRpcError(new TypeError('secret')))).not.toContain('secret');
  expect(JSON.stringify(toRpcError(new GatewayError('INTERNAL', 'secret')))).not.toContain('secret');
});

test('what a program needs goes along', () => {
  expect(toRpcError(invalid('skill', 1, 'a string')).data).toEqual({ field: 'skill', reason: 'INVALID' });
  expect(toRpcError(new GatewayError('OVERLOADED', 'full', { retryAfterS: 5 })).data).toEqual({
    retry_after: 5,
    reason: 'OVERLOADED',
  });
});
