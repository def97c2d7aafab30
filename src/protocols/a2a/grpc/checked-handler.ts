import type {
  AgentCard,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetExtendedAgentCardRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  ListTasksResponse,
  Message,
  SendMessageRequest,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
  TaskPushNotificationConfig,
} from '@a2a-js/sdk';
import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server';
import type { z } from 'zod';
import { checkSend } from '../requests/checks.wire.js';
import { fits } from '../requests/fits.wire.js';
import {
  hasHistoryLength,
  hasTaskId,
  lists,
  listsPushConfigs,
  namesPushConfig,
  pushConfig,
} from '../requests/schemas.wire.js';
import type { Sdk } from '../sdk.js';

/** What the stream of one call waits for: room for the next event. */
export type Pace = () => Promise<void>;

interface Codec<T> {
  toJSON(message: T): unknown;
}

/**
 * A handler for requests that come decoded, so that nothing has checked them: each is held against the same schemas as the JSON
 * bindings', in its JSON form. Streams go as fast as their reader.
 */
export class CheckedHandler implements A2ARequestHandler {
  private readonly core: Sdk['core'];

  /** @param refused what to throw for a request that is wrong */
  constructor(
    sdk: Sdk,
    private readonly inner: A2ARequestHandler,
    private readonly pace: Pace,
    private readonly refused: (thrown: unknown) => Error,
  ) {
    this.core = sdk.core;
  }

  getAgentCard(): Promise<AgentCard> {
    return this.inner.getAgentCard();
  }

  getAuthenticatedExtendedAgentCard(
    request: GetExtendedAgentCardRequest,
    call: ServerCallContext,
  ): Promise<AgentCard> {
    return this.inner.getAuthenticatedExtendedAgentCard(request, call);
  }

  async sendMessage(request: SendMessageRequest, call: ServerCallContext): Promise<Message | Task> {
    this.checkSend(request);
    return this.inner.sendMessage(request, call);
  }

  async *sendMessageStream(
    request: SendMessageRequest,
    call: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    this.checkSend(request);
    yield* this.paced(this.inner.sendMessageStream(request, call));
  }

  async getTask(request: GetTaskRequest, call: ServerCallContext): Promise<Task> {
    this.check(this.core.GetTaskRequest, hasTaskId.and(hasHistoryLength), request);
    return this.inner.getTask(request, call);
  }

  async cancelTask(request: CancelTaskRequest, call: ServerCallContext): Promise<Task> {
    this.check(this.core.CancelTaskRequest, hasTaskId, request);
    return this.inner.cancelTask(request, call);
  }

  async *resubscribe(
    request: SubscribeToTaskRequest,
    call: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    this.check(this.core.SubscribeToTaskRequest, hasTaskId, request);
    yield* this.paced(this.inner.resubscribe(request, call));
  }

  async listTasks(request: ListTasksRequest, call: ServerCallContext): Promise<ListTasksResponse> {
    this.check(this.core.ListTasksRequest, lists, request);
    return this.inner.listTasks(request, call);
  }

  async createTaskPushNotificationConfig(
    request: TaskPushNotificationConfig,
    call: ServerCallContext,
  ): Promise<TaskPushNotificationConfig> {
    this.check(this.core.TaskPushNotificationConfig, pushConfig, request);
    return this.inner.createTaskPushNotificationConfig(request, call);
  }

  async getTaskPushNotificationConfig(
    request: GetTaskPushNotificationConfigRequest,
    call: ServerCallContext,
  ): Promise<TaskPushNotificationConfig> {
    this.check(this.core.GetTaskPushNotificationConfigRequest, namesPushConfig, request);
    return this.inner.getTaskPushNotificationConfig(request, call);
  }

  async listTaskPushNotificationConfigs(
    request: ListTaskPushNotificationConfigsRequest,
    call: ServerCallContext,
  ): Promise<ListTaskPushNotificationConfigsResponse> {
    this.check(this.core.ListTaskPushNotificationConfigsRequest, listsPushConfigs, request);
    return this.inner.listTaskPushNotificationConfigs(request, call);
  }

  async deleteTaskPushNotificationConfig(
    request: DeleteTaskPushNotificationConfigRequest,
    call: ServerCallContext,
  ): Promise<void> {
    this.check(this.core.DeleteTaskPushNotificationConfigRequest, namesPushConfig, request);
    return this.inner.deleteTaskPushNotificationConfig(request, call);
  }

  private checkSend(request: SendMessageRequest): void {
    this.saying(() => checkSend('', this.core.SendMessageRequest.toJSON(request), '1.0'));
  }

  private check<T>(codec: Codec<T>, schema: z.ZodType, request: T): void {
    this.saying(() => fits(schema, '', codec.toJSON(request)));
  }

  private saying(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      throw this.refused(error);
    }
  }

  private async *paced(
    events: AsyncGenerator<StreamResponse, void, undefined>,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    for await (const event of events) {
      yield event;
      await this.pace();
    }
  }
}
