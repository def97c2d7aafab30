import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server';
import { invalid } from '../../../core/errors.js';
import { isObject, type JsonObject } from '../../../core/json.js';
import type { Sdk } from '../sdk.js';
import { camelFields } from '../requests/proto-names.wire.js';

/** A request of an HTTP+JSON binding, taken apart. */
export interface RestRequest {
  /** The task of the path; empty where the path has none. */
  readonly taskId: string;
  /** The push configuration of the path; empty where the path has none. */
  readonly configId: string;
  readonly query: JsonObject;
  /** The body; an empty object where there is none. */
  readonly body: JsonObject;
}

/** What one operation needs. */
export interface RestContext {
  readonly sdk: Sdk;
  readonly handler: A2ARequestHandler;
  readonly call: ServerCallContext;
  readonly request: RestRequest;
}

/** An operation with one answer; status 204 has no body. */
interface Unary {
  readonly status: 200 | 201 | 204;
  run(context: RestContext): Promise<object | undefined>;
}

/** An operation that answers with events. */
interface Streaming {
  readonly status: 'events';
  run(context: RestContext): AsyncIterable<object> | Promise<AsyncIterable<object>>;
}

export type Operation = Unary | Streaming;

export const OPERATIONS = [
  'sendMessage',
  'streamMessage',
  'getTask',
  'listTasks',
  'cancelTask',
  'subscribe',
  'createPushConfig',
  'getPushConfig',
  'listPushConfigs',
  'deletePushConfig',
  'getCard',
] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** The operations of one version of the binding. */
export type OperationTable = Readonly<Record<OperationName, Operation>>;

/** The body of a request as an object. @throws GatewayError INVALID */
export function bodyObject(value: unknown): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalid('body', value, 'an object');
  return camelFields(value);
}
