import { isObject, type JsonObject } from '../../../core/json.js';
import { GatewayError } from '../../../core/errors.js';
import { checkSend } from '../requests/checks.wire.js';
import { fits } from '../requests/fits.wire.js';
import { hasHistoryLength } from '../requests/schemas.wire.js';
import type { OperationTable, RestContext } from './operations.js';
import {
  cardToProto,
  eventToProto,
  pushConfigFromProto,
  pushConfigToProto,
  sendFromProto,
  taskToProto,
} from './proto-json-03.js';

/** A2A 0.3 §3.2.3 (`/v1/…`), on the SDK's handler of that version. */
export const OPERATIONS_03: OperationTable = {
  sendMessage: {
    status: 201,
    async run(context) {
      const { call } = context;
      const transport = legacy(context);
      return eventToProto(plain(await transport.sendMessage(sendOf(context), call)));
    },
  },
  streamMessage: {
    status: 'events',
    async run(context) {
      const { call } = context;
      const transport = legacy(context);
      return encoded(await transport.sendMessageStream(sendOf(context), call));
    },
  },
  getTask: {
    status: 200,
    async run(context) {
      const { call } = context;
      const transport = legacy(context);
      const { taskId, query } = context.request;
      const { history_length, historyLength = history_length } = query;
      fits(hasHistoryLength, '', { historyLength });
      return taskToProto(plain(await transport.getTask(taskId, call, historyLength)));
    },
  },
  listTasks: {
    status: 200,
    run: () => Promise.reject(new GatewayError('NOT_FOUND', 'A2A 0.3 lists no tasks by HTTP+JSON; 1.0 does')),
  },
  cancelTask: {
    status: 200,
    async run(context) {
      const { call } = context;
      const transport = legacy(context);
      return taskToProto(plain(await transport.cancelTask(context.request.taskId, call)));
    },
  },
  subscribe: {
    status: 'events',
    async run(context) {
      const { call } = context;
      const transport = legacy(context);
      return encoded(await transport.resubscribe(context.request.taskId, call));
    },
  },
  createPushConfig: {
    status: 201,
    async run(context) {
      const { call } = context;
      const transport = legacy(context);
      const config = pushConfigFromProto(context.request.body, context.request.taskId) as unknown;
      const stored = await transport.setTaskPushNotificationConfig(config as SetConfig, call);
      return pushConfigToProto(plain(stored));
    },
  },
  getPushConfig: {
    status: 200,
    async run(context) {
      const { call } = context;
      const transport = legacy(context);
      const { taskId, configId } = context.request;
      return pushConfigToProto(plain(await transport.getTaskPushNotificationConfig(taskId, configId, call)));
    },
  },
  listPushConfigs: {
    status: 200,
    async run(context) {
      const { call } = context;
      const transport = legacy(context);
      const configs = await transport.listTaskPushNotificationConfigs(context.request.taskId, call);
      return { configs: configs.map((config) => pushConfigToProto(plain(config))) };
    },
  },
  deletePushConfig: {
    status: 204,
    async run(context) {
      const { call } = context;
      const transport = legacy(context);
      const { taskId, configId } = context.request;
      await transport.deleteTaskPushNotificationConfig(taskId, configId, call);
      return undefined;
    },
  },
  getCard: {
    status: 200,
    async run(context) {
      const { call } = context;
      const transport = legacy(context);
      return cardToProto(plain(await transport.getAuthenticatedExtendedAgentCard(call)));
    },
  },
};

type Transport = InstanceType<RestContext['sdk']['legacy']['LegacyRestTransportHandler']>;
type Send = Parameters<Transport['sendMessage']>[0];
type SetConfig = Parameters<Transport['setTaskPushNotificationConfig']>[0];

const legacy = ({ sdk, handler }: RestContext): Transport =>
  new sdk.legacy.LegacyRestTransportHandler(handler);

/** The codec's own type is an interface without an index; what it holds is JSON. */
const plain = (value: object): JsonObject => value as JsonObject;

function sendOf({ request: { body } }: RestContext): Send {
  return checkSend('', sendFromProto(body), '0.3').params as unknown as Send;
}

async function* encoded(events: AsyncIterable<unknown>): AsyncGenerator<object> {
  for await (const event of events) if (isObject(event)) yield eventToProto(event);
}
