import { parseFailure, parseMessage, rpcFailure, rpcResult, RPC_INVALID_REQUEST } from './envelope.js';

describe('parseMessage', () => {
  test.each([['req-001'], [1], [0], [-1.5], [''], [null]])(
    'a request keeps its id %j with its type',
    (id) => {
      const message = parseMessage({ jsonrpc: '2.0', method: 'm', params: { a: 1 }, id });
      expect(message).toEqual({ kind: 'call', id, method: 'm', params: { a: 1 } });
    },
  );

  test('without id it is a notification', () => {
    expect(parseMessage({ jsonrpc: '2.0', method: 'm' })).toEqual({
      kind: 'call',
      id: undefined,
      method: 'm',
      params: undefined,
    });
  });

  test.each([[[1, 2]], [{ a: 1 }]])('params %j pass', (params) => {
    expect(parseMessage({ jsonrpc: '2.0', method: 'm', params })).toMatchObject({ kind: 'call', params });
  });

  test('null params are none', () => {
    expect(parseMessage({ jsonrpc: '2.0', method: 'm', params: null })).toMatchObject({
      kind: 'call',
      params: undefined,
    });
  });

  test.each([
    ['no object', 1, null],
    ['null', null, null],
    ['a list', [], null],
    ['empty', {}, null],
    ['no version', { method: 'm', id: 1 }, 1],
    ['another version', { jsonrpc: '1.0', method: 'm', id: 1 }, 1],
    ['a version that is no string', { jsonrpc: 2, method: 'm', id: 1 }, 1],
    ['no method', { jsonrpc: '2.0', id: 'x' }, 'x'],
    ['a method that is no string', { jsonrpc: '2.0', method: 1, params: 'bar' }, null],
    ['params that are a string', { jsonrpc: '2.0', method: 'm', params: 'bar', id: 3 }, 3],
    ['an id that is an object', { jsonrpc: '2.0', method: 'm', id: {} }, null],
    ['an id that is a boolean', { jsonrpc: '2.0', method: 'm', id: true }, null],
  ])('%s is malformed', (_, value, id) => {
    const message = parseMessage(value);
    expect(message).toMatchObject({ kind: 'malformed', id, error: { code: RPC_INVALID_REQUEST } });
  });

  test('results and errors of the other side are replies', () => {
    expect(parseMessage({ jsonrpc: '2.0', id: 'ping', result: {} })).toEqual({
      kind: 'reply',
      id: 'ping',
      result: {},
    });
    expect(parseMessage({ jsonrpc: '2.0', id: 1, error: { code: 1 } })).toEqual({
      kind: 'reply',
      id: 1,
      error: { code: 1 },
    });
    expect(parseMessage({ jsonrpc: '2.0', error: 'x' })).toEqual({ kind: 'reply', id: null, error: 'x' });
  });
});

test('answers', () => {
  expect(rpcResult(1, { a: 1 })).toEqual({ jsonrpc: '2.0', id: 1, result: { a: 1 } });
  expect(rpcFailure(null, { code: -1, message: 'm' })).toEqual({
    jsonrpc: '2.0',
    id: null,
    error: { code: -1, message: 'm' },
  });
  expect(parseFailure('why')).toMatchObject({ id: null, error: { code: -32700 } });
});
