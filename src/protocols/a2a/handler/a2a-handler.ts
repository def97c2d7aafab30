import type {
  AgentCard,
  CancelTaskRequest,
  GetTaskRequest,
  ListTasksRequest,
  ListTasksResponse,
  Message as A2aMessage,
  SendMessageRequest,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
} from '@a2a-js/sdk';
import type { A2ARequestHandler } from '@a2a-js/sdk/server';
import { createHash, randomUUID } from 'node:crypto';
import { GatewayError, invalid } from '../../../core/errors.js';
import type { AgentName } from '../../../core/ids.js';
import type { JsonObject } from '../../../core/json.js';
import type { Principal } from '../../../core/principal.js';
import type { Message, NewTask, TaskEventBody, TaskRecord } from '../../../core/task.js';
import { isTerminal } from '../../../core/task-states.js';
import { RegistryService } from '../../../engine/registry/registry.service.js';
import { RESET, type TasksService } from '../../../engine/tasks/tasks.service.js';
import { A2aEvents } from './a2a-events.js';
import { fromInput, fromTask, stateOf, toMessage, type FailureText } from './a2a.mapper.js';
import type { Target } from './target.js';

type Errors = typeof import('@a2a-js/sdk/errors');

/** One call's surroundings. */
export interface CallContext {
  readonly caller: Principal;
  readonly target: Target;
  /** Aborts when the caller has hung up. */
  readonly signal: AbortSignal;
  /** The last event that the caller has (`Last-Event-ID`). */
  readonly after: string | undefined;
  readonly failure: FailureText;
  /** What the engine throws in the words of the binding. */
  readonly toError: (thrown: unknown) => Error;
}

interface Submitted {
  readonly record: TaskRecord;
  readonly message: Message;
}

const PAGE = { default: 50, max: 100 };

/**
 * The SDK's request handler over the gateway's engine, made for one call. The SDK's transport handlers speak the wire, this
 * one has the tasks: durable, and the same that every other API shows.
 */
export class A2aHandler implements A2ARequestHandler {
  /** Sequence of the log entry that the event handed out last belongs to. */
  position = 0;

  constructor(
    private readonly tasks: TasksService,
    private readonly registry: RegistryService,
    private readonly errors: Errors,
    private readonly card: () => AgentCard,
    private readonly context: CallContext,
  ) {}

  getAgentCard(): Promise<AgentCard> {
    return Promise.resolve(this.card());
  }

  getAuthenticatedExtendedAgentCard(): Promise<AgentCard> {
    return Promise.reject(new this.errors.UnsupportedOperationError('this agent has no extended card'));
  }

  /** Waits for the end (1.0 §3.2.2) unless the caller wants the task at once. A caller that hangs up loses nothing. */
  async sendMessage(request: SendMessageRequest): Promise<Task> {
    const { record, message } = await this.submit(request);
    const { historyLength, returnImmediately } = request.configuration ?? {};
    if (isTerminal(record.state)) return this.task(record.id, historyLength); // the message came before
    const history = historyLength === 0 ? [] : [fromInput(message, record)];
    const { failure, caller } = this.context;
    if (returnImmediately) return fromTask({ record, artifact: null, history }, failure);
    const end = await this.ended(record.id);
    const ended = await this.saying(() => this.tasks.record(caller, record.id));
    // What is known is not read again: the last event has the result, the request the message.
    return fromTask(
      { record: ended, artifact: end?.event === 'completed' ? end.artifact : null, history },
      failure,
    );
  }

  async *sendMessageStream(request: SendMessageRequest): AsyncGenerator<StreamResponse, void, undefined> {
    const { record, message } = await this.submit(request);
    const history = [fromInput(message, record)];
    const fresh = fromTask({ record, artifact: null, history }, this.context.failure);
    const hasEnded = isTerminal(record.state); // the message came before
    yield* this.follow(record, undefined, () =>
      hasEnded ? this.task(record.id, undefined) : Promise.resolve(fresh),
    );
  }

  getTask({ id, historyLength }: GetTaskRequest): Promise<Task> {
    return this.task(id, historyLength);
  }

  /** A canceled task may be canceled again; any other end is final. */
  cancelTask({ id }: CancelTaskRequest): Promise<Task> {
    return this.saying(async () => {
      const { record } = await this.tasks.get(this.context.caller, id);
      if (record.state !== 'canceled') await this.tasks.cancel(this.context.caller, id);
      return this.task(id, undefined);
    });
  }

  async *resubscribe({ id }: SubscribeToTaskRequest): AsyncGenerator<StreamResponse, void, undefined> {
    const { record } = await this.saying(() => this.tasks.get(this.context.caller, id));
    if (isTerminal(record.state) && this.context.after === undefined)
      throw new this.errors.UnsupportedOperationError(`the task has ended: ${record.state}`);
    yield* this.follow(record, this.context.after, () => this.task(id, undefined));
  }

  listTasks(request: ListTasksRequest): Promise<ListTasksResponse> {
    return this.saying(async () => {
      const pageSize = request.pageSize ?? PAGE.default;
      if (pageSize < 1 || pageSize > PAGE.max) throw invalid('pageSize', pageSize, `1 to ${PAGE.max}`);
      const asked = Number(request.status); // 0: any
      const status = stateOf(asked);
      if (asked !== 0 && status === undefined)
        return { tasks: [], nextPageToken: '', pageSize, totalSize: 0 };
      const page = await this.tasks.list(this.context.caller, {
        limit: pageSize,
        ...(status && { status }),
        ...(request.contextId && { contextId: request.contextId }),
        ...(request.pageToken && { cursor: request.pageToken }),
      });
      const tasks = await Promise.all(page.tasks.map(({ id }) => this.task(id, request.historyLength ?? 0)));
      return { tasks, nextPageToken: page.nextCursor ?? '', pageSize, totalSize: tasks.length };
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
    return Promise.reject(
      new this.errors.PushNotificationNotSupportedError('this agent sends no push notifications'),
    );
  }

  private submit({ message, metadata }: SendMessageRequest): Promise<Submitted> {
    return this.saying(async () => {
      if (!message) throw invalid('message', message, 'a message');
      if (message.taskId) await this.refuseContinuation(message);
      const task = this.newTask(message, { ...metadata, ...message.metadata });
      return { record: await this.tasks.submit(this.context.caller, task), message: task.input.message };
    });
  }

  /** No agent here asks its caller back yet, so no task waits for another message. */
  private async refuseContinuation({ taskId, contextId }: A2aMessage): Promise<never> {
    const { record } = await this.tasks.get(this.context.caller, taskId);
    if (contextId && record.contextId !== contextId)
      throw invalid('message.contextId', contextId, 'the context of the task, or none');
    throw new this.errors.UnsupportedOperationError(
      `the task takes no further message: it is ${record.state}`,
    );
  }

  private newTask(message: A2aMessage, metadata: JsonObject): NewTask {
    const { skill, agent_id, ...own } = metadata;
    const { namespace } = this.context.target;
    const agent = this.context.target.agent ?? (typeof agent_id === 'string' ? agent_id : undefined);
    const input = { message: toMessage(message), constraints: {}, metadata: own };
    const wanted = this.context.target.skill ?? (typeof skill === 'string' ? skill : undefined);
    return {
      skill: wanted ?? this.defaultSkill(agent),
      input,
      contextId: message.contextId || randomUUID(),
      ...(namespace !== undefined && { namespace }),
      ...(agent !== undefined && { agent: agent as AgentName }),
      // 1.0 §3.1.1: the same message of the same caller is the same task.
      idempotencyKey: `a2a:${hashOf([this.context.caller.id, message.messageId])}`,
      fingerprint: hashOf([input, agent, wanted]),
    };
  }

  /** What the agent can do first of all; without an agent: the least loaded one. */
  private defaultSkill(agent: string | undefined): string {
    const { namespace } = this.context.target;
    const able = this.registry
      .list(this.context.caller)
      .filter(({ card }) => card.skills.length > 0 && (agent === undefined || card.name === agent))
      .filter((view) => namespace === undefined || view.namespace === namespace)
      .sort((a, b) => a.load / a.card.maxConcurrency - b.load / b.card.maxConcurrency);
    const skill = able[0]?.card.skills[0]?.id;
    if (skill === undefined) throw new GatewayError('NO_AGENT_AVAILABLE', 'no agent is online');
    return skill;
  }

  /** Resolves at the end of the task to its last event, or when the caller has gone. */
  private async ended(id: string): Promise<TaskEventBody | undefined> {
    const { caller, signal } = this.context;
    let last: TaskEventBody | undefined;
    for await (const item of await this.tasks.watch(caller, id, { after: undefined, signal }))
      if (item !== RESET) last = item.body;
    return last;
  }

  private task(id: string, historyLength: number | undefined): Promise<Task> {
    return this.saying(async () => {
      const view = await this.tasks.get(this.context.caller, id);
      const input = historyLength === 0 ? undefined : await this.tasks.input(this.context.caller, id);
      const history = input ? [fromInput(input.message, view.record)] : [];
      return fromTask({ ...view, history }, this.context.failure);
    });
  }

  /** The task, then its log; from a position on only what came after it. */
  private async *follow(
    record: TaskRecord,
    after: string | undefined,
    task: () => Promise<Task>,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const { caller, signal, failure } = this.context;
    const asked = after !== undefined && /^\d{1,15}$/.test(after) ? Number(after) : 0;
    const seen = asked <= record.seq ? asked : 0; // a position that the log does not know: all of it
    const events = new A2aEvents(record, failure);
    const log = await this.saying(() => this.tasks.watch(caller, record.id, { after: undefined, signal }));
    for await (const item of log) {
      if (item === RESET) continue;
      if (item.seq === 1 && seen === 0) {
        this.position = 1;
        yield { payload: { $case: 'task', value: await task() } };
      }
      for (const event of events.of(item)) {
        this.position = item.seq;
        if (item.seq > seen) yield event;
      }
    }
  }

  private async saying<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.context.toError(error);
    }
  }
}

const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url');
