import type { ListTasksResponse, StreamResponse } from '@a2a-js/sdk';
import { checkSend } from '../requests/checks.wire.js';
import { fits } from '../requests/fits.wire.js';
import { hasHistoryLength, lists, pushConfig } from '../requests/schemas.wire.js';
import type { Sdk } from '../sdk.js';
import type { OperationTable, RestContext, RestRequest } from './operations.js';

/** A2A 1.0 §11: the request objects of the protocol as JSON of their protocol buffers, by the SDK's codecs. */
export const OPERATIONS_10: OperationTable = {
  sendMessage: {
    status: 200,
    async run({ sdk: { core }, handler, call, request }) {
      const answer = await handler.sendMessage(sendOf(core, request), call);
      const payload =
        'messageId' in answer
          ? ({ $case: 'message', value: answer } as const)
          : ({ $case: 'task', value: answer } as const);
      return core.SendMessageResponse.toJSON({ payload }) as object;
    },
  },
  streamMessage: {
    status: 'events',
    run: ({ sdk: { core }, handler, call, request }) =>
      encoded(core, handler.sendMessageStream(sendOf(core, request), call)),
  },
  getTask: {
    status: 200,
    async run({ sdk: { core }, handler, call, request: { taskId, query } }) {
      fits(hasHistoryLength, '', query);
      const request = core.GetTaskRequest.fromJSON({ historyLength: query['historyLength'], id: taskId });
      return core.Task.toJSON(await handler.getTask(request, call)) as object;
    },
  },
  listTasks: {
    status: 200,
    async run({ sdk: { core }, handler, call, request: { query } }) {
      fits(lists, '', query);
      const includeArtifacts = query['includeArtifacts'] === 'true';
      const request = core.ListTasksRequest.fromJSON({ ...query, includeArtifacts });
      return taskList(core, await handler.listTasks(request, call), includeArtifacts);
    },
  },
  cancelTask: {
    status: 200,
    async run({ sdk: { core }, handler, call, request: { taskId, body } }) {
      const request = core.CancelTaskRequest.fromJSON({ ...body, id: taskId });
      return core.Task.toJSON(await handler.cancelTask(request, call)) as object;
    },
  },
  subscribe: {
    status: 'events',
    run: ({ sdk: { core }, handler, call, request: { taskId } }) =>
      encoded(core, handler.resubscribe(core.SubscribeToTaskRequest.fromJSON({ id: taskId }), call)),
  },
  createPushConfig: {
    status: 201,
    async run({ sdk: { core }, handler, call, request: { taskId, body } }) {
      const config = { ...body, taskId };
      fits(pushConfig, '', config);
      const stored = await handler.createTaskPushNotificationConfig(
        core.TaskPushNotificationConfig.fromJSON(config),
        call,
      );
      return core.TaskPushNotificationConfig.toJSON(stored) as object;
    },
  },
  getPushConfig: {
    status: 200,
    async run({ sdk: { core }, handler, call, request }) {
      const config = await handler.getTaskPushNotificationConfig(pushConfigId(request), call);
      return core.TaskPushNotificationConfig.toJSON(config) as object;
    },
  },
  listPushConfigs: {
    status: 200,
    async run({ sdk: { core }, handler, call, request: { taskId, query } }) {
      const request = core.ListTaskPushNotificationConfigsRequest.fromJSON({ ...query, taskId });
      const page = await handler.listTaskPushNotificationConfigs(request, call);
      return core.ListTaskPushNotificationConfigsResponse.toJSON(page) as object;
    },
  },
  deletePushConfig: {
    status: 204,
    async run({ handler, call, request }) {
      await handler.deleteTaskPushNotificationConfig(pushConfigId(request), call);
      return undefined;
    },
  },
  getCard: {
    status: 200,
    async run({ sdk: { core }, handler, call }: RestContext) {
      return core.AgentCard.toJSON(
        await handler.getAuthenticatedExtendedAgentCard({ tenant: '' }, call),
      ) as object;
    },
  },
};

type Core = Sdk['core'];

const sendOf = (core: Core, { body }: RestRequest) =>
  core.SendMessageRequest.fromJSON(checkSend('', body, '1.0').params);

const pushConfigId = ({ taskId, configId }: RestRequest) => ({ taskId, id: configId, tenant: '' });

async function* encoded(core: Core, events: AsyncIterable<StreamResponse>): AsyncGenerator<object> {
  for await (const event of events) yield core.StreamResponse.toJSON(event) as object;
}

/** 1.0 §3.1.4: an empty page has its fields too, and a task its artifacts only when they are asked for. */
function taskList(
  core: Core,
  { tasks, nextPageToken, pageSize, totalSize }: ListTasksResponse,
  includeArtifacts: boolean,
): object {
  const shown = tasks.map((task) => {
    const { artifacts = [], ...rest } = core.Task.toJSON(task) as { artifacts?: unknown[] };
    return includeArtifacts ? { ...rest, artifacts } : rest;
  });
  return { tasks: shown, nextPageToken, pageSize, totalSize };
}
