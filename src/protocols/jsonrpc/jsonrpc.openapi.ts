import {
  arrayOf,
  integer,
  jsonBody,
  object,
  ok,
  openObject,
  ref,
  refusals,
  text,
  words,
  type ApiFragment,
  type Operation,
  type Schema,
} from '../../transport/openapi/fragment.js';
import { MAX_BATCH } from '../../transport/jsonrpc/envelope.js';
import { RPC_METHODS, type RpcMethodName } from '../../transport/orchestrator/rpc-methods.js';
import {
  EXAMPLE_ACK,
  EXAMPLE_AGENTS,
  EXAMPLE_CONTINUED,
  EXAMPLE_TASK,
  EXAMPLE_TASK_ID,
} from '../../transport/orchestrator/orchestrator.openapi.js';

/** POST /jsonrpc, described; the methods are those of rpc-methods.ts. */
const EXAMPLES: Readonly<Record<RpcMethodName, { readonly params: object; readonly result: object }>> = {
  'tasks/send': {
    params: { skill: 'translate', instruction: 'Translate: 今天天气真好' },
    result: EXAMPLE_ACK,
  },
  'tasks/get': { params: { task_id: EXAMPLE_TASK_ID }, result: EXAMPLE_TASK },
  'tasks/continue': {
    params: { task_id: EXAMPLE_TASK_ID, instruction: 'The second one.' },
    result: EXAMPLE_CONTINUED,
  },
  'tasks/cancel': { params: { task_id: EXAMPLE_TASK_ID }, result: { ...EXAMPLE_TASK, status: 'canceled' } },
  'agents/list': { params: {}, result: EXAMPLE_AGENTS },
};

const NAMES = Object.keys(RPC_METHODS) as RpcMethodName[];
const call = (method: RpcMethodName) => ({
  jsonrpc: '2.0',
  method,
  params: EXAMPLES[method].params,
  id: 'req-001',
});

const requests = Object.fromEntries(
  NAMES.map((method) => [
    method,
    { summary: `${method}: ${RPC_METHODS[method].summary}`, value: call(method) },
  ]),
);
const results = Object.fromEntries(
  NAMES.map((method) => [
    method,
    { summary: method, value: { jsonrpc: '2.0', result: EXAMPLES[method].result, id: 'req-001' } },
  ]),
);

const id: Schema = { type: ['string', 'integer', 'null'], description: 'Comes back as it was' };
const version: Schema = { type: 'string', const: '2.0' };

const CALL: Operation = {
  operationId: 'callJsonRpc',
  summary: 'Call a method (JSON-RPC 2.0)',
  description:
    `A single call, or a batch of at most ${MAX_BATCH}; calls without \`id\` are notifications (204 when there is nothing else). ` +
    'Params go by name. Errors of a call are status 200 with `error`; `error.data.reason` is the machine code. ' +
    'Codes: −32700 no JSON, −32600 no call, −32601 no such method, −32602 wrong params, −32603 internal, −32001 no such task, ' +
    '−32002 the task has ended or takes no answer now, −32010 no agent or overloaded, −32012 forbidden, −32013 timeout.',
  requestBody: jsonBody(
    { oneOf: [ref('RpcCall'), { type: 'array', items: ref('RpcCall'), minItems: 1, maxItems: MAX_BATCH }] },
    {
      ...requests,
      batch: {
        summary: 'A batch: two calls',
        value: [
          { jsonrpc: '2.0', method: 'agents/list', id: 1 },
          { jsonrpc: '2.0', method: 'tasks/get', params: { task_id: EXAMPLE_TASK_ID }, id: 2 },
        ],
      },
    },
  ),
  responses: {
    200: ok(
      'The answers',
      { oneOf: [ref('RpcAnswer'), arrayOf(ref('RpcAnswer'), 'Of a batch, in any order')] },
      {
        ...results,
        error: {
          summary: 'No such task',
          value: {
            jsonrpc: '2.0',
            error: { code: -32001, message: 'there is no such task', data: { reason: 'TASK_NOT_FOUND' } },
            id: 'req-001',
          },
        },
      },
    ),
    204: { description: 'Nothing but notifications' },
    ...refusals([
      'UNAUTHENTICATED',
      'FORBIDDEN',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
      'RATE_LIMITED',
    ]),
  },
};

export const JSONRPC_API: ApiFragment = {
  tag: { name: 'JSON-RPC', description: 'The same for orchestrators that speak JSON-RPC 2.0' },
  operations: { 'POST /jsonrpc': CALL },
  schemas: {
    RpcCall: object(
      'One call.',
      { jsonrpc: version, method: words('What to do', NAMES), params: openObject('By name'), id },
      ['jsonrpc', 'method'],
    ),
    RpcAnswer: {
      description: 'The result of a call, or its error.',
      oneOf: [
        object('A result.', { jsonrpc: version, result: {}, id }, ['jsonrpc', 'result', 'id']),
        object('An error.', { jsonrpc: version, error: ref('RpcError'), id }, ['jsonrpc', 'error', 'id']),
      ],
    },
    RpcError: object(
      'Why a call failed.',
      {
        code: integer('JSON-RPC’s or the gateway’s'),
        message: text('For people'),
        data: {
          type: 'object',
          properties: { reason: text('The machine code') },
          additionalProperties: true,
        },
      },
      ['code', 'message'],
    ),
  },
};
