import {
  AgentCard as SdkCard,
  type CancelTaskRequest,
  type GetTaskRequest,
  type ListTasksRequest,
  type ListTasksResponse,
  type SendMessageRequest,
  type StreamResponse,
  type SubscribeToTaskRequest,
  type Task as SdkTask,
} from '@a2a-js/sdk';
import {
  PushNotificationNotSupportedError,
  RequestMalformedError,
  TaskNotCancelableError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors';
import type { A2ARequestHandler } from '@a2a-js/sdk/server';
import { fromSdkMessage, toSdkState } from '../mapper.js';
import { asksBack, type AgentCard, type Message } from '../types.js';
import type { AgentRun } from './agent-run.js';
import type { AgentTasks } from './agent-tasks.js';

const PAGE = { default: 50, max: 100 };

/** The official SDK's request handler over an agent's tasks, made for one call. */
export class AgentHandler implements A2ARequestHandler {
  constructor(
    private readonly tasks: AgentTasks,
    private readonly card: AgentCard,
    /** Aborts when the caller has hung up. */
    private readonly signal: AbortSignal,
  ) {}

  getAgentCard(): Promise<SdkCard> {
    return Promise.resolve(SdkCard.fromJSON(this.card));
  }

  getAuthenticatedExtendedAgentCard(): Promise<never> {
    return Promise.reject(new UnsupportedOperationError('this agent has no extended card'));
  }

  /** Waits until the task has ended or asks back, unless the caller wants it at once. A caller that hangs up loses nothing. */
  async sendMessage({ message, configuration }: SendMessageRequest): Promise<SdkTask> {
    const run = this.run(message);
    if (!configuration?.returnImmediately) await run.rested(this.signal);
    return run.task(configuration?.historyLength);
  }

  async *sendMessageStream({ message }: SendMessageRequest): AsyncGenerator<StreamResponse, void, undefined> {
    yield* this.run(message).follow(this.signal, true);
  }

  async *resubscribe({ id }: SubscribeToTaskRequest): AsyncGenerator<StreamResponse, void, undefined> {
    const run = this.known(id);
    if (run.hasEnded) throw new UnsupportedOperationError(`the task has ended: ${run.state}`);
    yield* run.follow(this.signal, false);
  }

  getTask({ id, historyLength }: GetTaskRequest): Promise<SdkTask> {
    return this.answer(() => this.known(id).task(historyLength));
  }

  /** A canceled task may be canceled again; any other end is final. */
  cancelTask({ id }: CancelTaskRequest): Promise<SdkTask> {
    return this.answer(() => {
      const run = this.known(id);
      if (run.hasEnded && run.state !== 'canceled')
        throw new TaskNotCancelableError(`the task has ended: ${run.state}`);
      this.tasks.cancel(run);
      return run.task();
    });
  }

  listTasks(request: ListTasksRequest): Promise<ListTasksResponse> {
    return this.answer(() => {
      const pageSize = request.pageSize ?? PAGE.default;
      if (pageSize < 1 || pageSize > PAGE.max) throw malformed('pageSize', pageSize, `1 to ${PAGE.max}`);
      const wanted = this.tasks.list().filter((run) => isWanted(run, request));
      const from = request.pageToken === '' ? 0 : wanted.findIndex(({ id }) => id === request.pageToken);
      if (from < 0) throw malformed('pageToken', request.pageToken, 'one that was handed out');
      const page = wanted.slice(from, from + pageSize).map((run) => run.task(request.historyLength ?? 0));
      const tasks = request.includeArtifacts ? page : page.map((task) => ({ ...task, artifacts: [] }));
      const nextPageToken = wanted[from + pageSize]?.id ?? '';
      return { tasks, nextPageToken, pageSize, totalSize: wanted.length };
    });
  }

  createTaskPushNotificationConfig(): Promise<never> {
    return this.noPush();
  }

  getTaskPushNotificationConfig(): Promise<never> {
    return this.noPush();
  }

  listTaskPushNotificationConfigs(): Promise<never> {
    return this.noPush();
  }

  deleteTaskPushNotificationConfig(): Promise<never> {
    return this.noPush();
  }

  private noPush(): Promise<never> {
    return Promise.reject(new PushNotificationNotSupportedError('this agent sends no push notifications'));
  }

  /** What is thrown rejects the promise. */
  private answer<T>(work: () => T): Promise<T> {
    return Promise.resolve().then(work);
  }

  private run(given: SendMessageRequest['message']): AgentRun {
    if (!given) throw malformed('message', given, 'a message');
    const message = fromSdkMessage(given);
    if (message.taskId === undefined) return this.tasks.start(message);
    const run = this.known(message.taskId);
    this.goOn(run, message);
    return run;
  }

  /** 1.0 §3.4.3: only a task that waits for its caller takes a further message, and only of its own context. */
  private goOn(run: AgentRun, message: Message): void {
    if (message.contextId !== undefined && message.contextId !== run.contextId)
      throw malformed('message.contextId', message.contextId, 'the context of the task, or none');
    if (!asksBack(run.state))
      throw new UnsupportedOperationError(`the task takes no further message: it is ${run.state}`);
    this.tasks.goOn(run, message);
  }

  private known(id: string): AgentRun {
    const run = this.tasks.get(id);
    if (!run) throw new TaskNotFoundError('there is no such task');
    return run;
  }
}

function isWanted(run: AgentRun, { contextId, status, statusTimestampAfter }: ListTasksRequest): boolean {
  if (contextId !== '' && run.contextId !== contextId) return false;
  if (Number(status) !== 0 && toSdkState(run.state) !== Number(status)) return false;
  return !statusTimestampAfter || run.changedAt >= Date.parse(statusTimestampAfter);
}

const malformed = (field: string, given: unknown, allowed: string): RequestMalformedError =>
  new RequestMalformedError(`${field}: got ${JSON.stringify(given) ?? 'nothing'}, allowed: ${allowed}`);
