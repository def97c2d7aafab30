import type { Right } from '../../core/principal.js';

/** A method of POST /jsonrpc. */
export interface RpcMethod {
  /** What the caller must be allowed to do. */
  readonly right: Right;
  /** Whether it is about one existing task, named by its params. */
  readonly takesTaskId: boolean;
  /** One line for the published protocol. */
  readonly summary: string;
}

/** The one list of methods: dispatch, the published protocol and the tests of tenancy are made from it. */
export const RPC_METHODS = {
  'tasks/send': {
    right: 'execute',
    takesTaskId: false,
    summary: 'submit a task; params as the body of POST /tasks, plus `idempotency_key`',
  },
  'tasks/get': {
    right: 'read',
    takesTaskId: true,
    summary: 'status and result of a task, as GET /tasks/:id',
  },
  'tasks/continue': {
    right: 'execute',
    takesTaskId: true,
    summary: 'answer a bot that asks; `instruction` or `message`, plus `idempotency_key`',
  },
  'tasks/cancel': { right: 'execute', takesTaskId: true, summary: 'cancel a task that has not ended' },
  'agents/list': { right: 'read', takesTaskId: false, summary: 'the agents that are online, as GET /agents' },
} as const satisfies Readonly<Record<string, RpcMethod>>;

export type RpcMethodName = keyof typeof RPC_METHODS;
