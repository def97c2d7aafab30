import type {
  AgentCard,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  ListTasksResponse,
  Message as A2aMessage,
  SendMessageRequest,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
  TaskPushNotificationConfig,
} from '@a2a-js/sdk';
import type { A2ARequestHandler } from '@a2a-js/sdk/server';
import { createHash, randomUUID } from 'node:crypto';
import { GatewayError, invalid } from '../../../core/errors.js';
import type { AgentName } from '../../../core/ids.js';
import type { JsonObject } from '../../../core/json.js';
import type { Principal } from '../../../core/principal.js';
import type { TaskFilter } from '../../../engine/tasks/task.store.js';
import {
  artifactsOf,
  interruptsTask,
  type Message,
  type NewTask,
  type TaskEventBody,
  type TaskRecord,
} from '../../../core/task.js';
import { isInterrupted, isTerminal } from '../../../core/task-states.js';
import { RegistryService } from '../../../engine/registry/registry.service.js';
import { RESET, type TaskView, type TasksService } from '../../../engine/tasks/tasks.service.js';
import { checkIdempotencyKey } from '../../../transport/orchestrator/new-task.js';
import { A2aEvents } from './a2a-events.js';
import { canceledTask, fromMessage, fromTask, stateOf, toMessage, type FailureText } from './a2a.mapper.js';
import type { Dialect } from '../requests/checks.wire.js';
import type { PushConfigs } from '../push/push-configs.js';
import type { Target } from './target.js';

type Errors = typeof import('@a2a-js/sdk/errors');

/** One call's surroundings. */
export interface CallContext {
  readonly caller: Principal;
  readonly target: Target;
  readonly dialect: Dialect;
  /** Aborts when the caller has hung up. */
  readonly signal: AbortSignal;
  /** The last event that the caller has (`Last-Event-ID`). */
  readonly after: string | undefined;
  /** `Idempotency-Key`: the same key of the same caller is the same task. */
  readonly idempotencyKey?: string | undefined;
  /** adk's habit: every cancel succeeds, of unknown and finished tasks too. */
  readonly lenientCancel: boolean;
  readonly failure: FailureText;
  /** The caller reads tasks only, no messages (the adk family). */
  readonly tasksOnly?: boolean;
  /** The card for callers with a credential; none where nobody needs one. */
  readonly extendedCard: (() => Promise<AgentCard>) | undefined;
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
    private readonly push: PushConfigs,
    private readonly errors: Errors,
    private readonly card: () => AgentCard,
    private readonly context: CallContext,
  ) {}

  getAgentCard(): Promise<AgentCard> {
    return Promise.resolve(this.card());
  }

  getAuthenticatedExtendedAgentCard(): Promise<AgentCard> {
    const { extendedCard } = this.context;
    if (extendedCard) return this.saying(extendedCard);
    return Promise.reject(new this.errors.UnsupportedOperationError('this agent has no extended card'));
  }

  /**
   * Waits until the task ends or its agent waits for the caller (1.0 §3.2.2), unless the caller wants the task at once. A
   * caller that hangs up loses nothing. An agent that answered by words alone is answered for by them.
   */
  async sendMessage(request: SendMessageRequest): Promise<Task | A2aMessage> {
    const { record, message } = await this.submit(request);
    const { historyLength, returnImmediately } = request.configuration ?? {};
    const continued = record.turn !== null;
    const { failure, caller } = this.context;
    if (settles(record)) return this.answer(record, historyLength); // the message came before
    if (continued && returnImmediately) return this.task(record.id, historyLength);
    const history = historyLength === 0 ? [] : [message];
    const fresh = { record, artifacts: [], message: null, history };
    if (returnImmediately) return fromTask(fresh, failure);
    const end = await this.settled(record);
    if (continued || end?.event !== 'completed') return this.task(record.id, historyLength);
    const artifacts = artifactsOf(end);
    const ended = await this.saying(() => this.tasks.record(caller, record.id));
    if (end.message && artifacts.length === 0 && !this.context.tasksOnly)
      return fromMessage(end.message, ended);
    // What is known is not read again: the last event has the result, the request the message.
    return fromTask({ record: ended, artifacts, message: end.message ?? null, history }, failure);
  }

  /** Ends where a send ends. */
  async *sendMessageStream(request: SendMessageRequest): AsyncGenerator<StreamResponse, void, undefined> {
    this.requireStreams();
    const { record, message } = await this.submit(request);
    const isFresh = record.seq === 1 && record.turn === null;
    // The message came before, or goes on with a task: what has happened is in the task already.
    const view = isFresh ? { record, artifacts: [], message: null } : await this.view(record.id);
    const history = isFresh ? [message] : await this.history(record.id);
    this.position = view.record.seq;
    yield { payload: { $case: 'task', value: fromTask({ ...view, history }, this.context.failure) } };
    if (!settles(view.record)) yield* this.follow(view.record, this.position, interruptsTask);
  }

  getTask({ id, historyLength }: GetTaskRequest): Promise<Task> {
    return this.task(id, historyLength);
  }

  /** A canceled task may be canceled again; any other end is final. */
  cancelTask({ id }: CancelTaskRequest): Promise<Task> {
    const canceled = this.canceled(id);
    return this.context.lenientCancel
      ? canceled.catch((error: unknown) => this.asIfCanceled(id, error))
      : canceled;
  }

  private canceled(id: string): Promise<Task> {
    return this.saying(async () => {
      const { record } = await this.tasks.get(this.context.caller, id);
      if (record.state !== 'canceled')
        await this.tasks
          .cancel(this.context.caller, id)
          .catch((error: unknown) => this.unlessCanceled(id, error));
      return this.task(id, undefined);
    });
  }

  private asIfCanceled(id: string, error: unknown): Task {
    const { TaskNotFoundError, TaskNotCancelableError } = this.errors;
    if (!(error instanceof TaskNotFoundError || error instanceof TaskNotCancelableError)) throw error;
    return canceledTask(id, Date.now());
  }

  /** Two cancels at once are one. */
  private async unlessCanceled(id: string, error: unknown): Promise<void> {
    const ended = error instanceof GatewayError && error.code === 'TASK_TERMINAL';
    if (ended && (await this.tasks.record(this.context.caller, id)).state === 'canceled') return;
    throw error;
  }

  async *resubscribe({ id }: SubscribeToTaskRequest): AsyncGenerator<StreamResponse, void, undefined> {
    this.requireStreams();
    const { record } = await this.saying(() => this.tasks.get(this.context.caller, id));
    if (isTerminal(record.state) && this.context.after === undefined)
      throw new this.errors.UnsupportedOperationError(`the task has ended: ${record.state}`);
    const { after } = this.context;
    const seen = after !== undefined && /^\d{1,15}$/.test(after) ? Number(after) : 0;
    if (seen > 0 && seen <= record.seq) {
      this.position = seen;
      return yield* this.follow(record, seen);
    }
    // No position, or one that the log does not know: the task as it is, and what comes after.
    const view = await this.view(id);
    const history = await this.history(id);
    this.position = view.record.seq;
    yield { payload: { $case: 'task', value: fromTask({ ...view, history }, this.context.failure) } };
    yield* this.follow(view.record, this.position);
  }

  listTasks(request: ListTasksRequest): Promise<ListTasksResponse> {
    return this.saying(async () => {
      const pageSize = request.pageSize ?? PAGE.default;
      if (pageSize < 1 || pageSize > PAGE.max) throw invalid('pageSize', pageSize, `1 to ${PAGE.max}`);
      const asked = Number(request.status); // 0: any
      const status = stateOf(asked);
      if (asked !== 0 && status === undefined)
        return { tasks: [], nextPageToken: '', pageSize, totalSize: 0 };
      const page = await this.tasks.list(this.reader, {
        ...this.ofTarget,
        limit: pageSize,
        order: 'updated',
        counted: true,
        ...(status && { status }),
        ...(request.contextId && { contextId: request.contextId }),
        ...(request.pageToken && { cursor: request.pageToken }),
        ...(request.statusTimestampAfter && { updatedAfter: Date.parse(request.statusTimestampAfter) }),
      });
      const listed = await Promise.all(page.tasks.map(({ id }) => this.listed(id, request)));
      const tasks = listed.filter((task) => task !== undefined);
      const totalSize = page.total ?? tasks.length;
      return { tasks, nextPageToken: page.nextCursor ?? '', pageSize, totalSize };
    });
  }

  /** The caller, in the namespace that the call is for. */
  private get reader(): Principal {
    const { caller, target } = this.context;
    return target.namespace === undefined ? caller : { ...caller, namespace: target.namespace };
  }

  /** Tasks of the agent or the skill that the call is for: its URL or tenant names one. */
  private get ofTarget(): Pick<TaskFilter, 'agent' | 'skill'> {
    const { agent, skill } = this.context.target;
    return { ...(agent !== undefined && { agent }), ...(skill !== undefined && { skill }) };
  }

  /** Undefined: it has been purged since. 1.0 §3.1.4: artifacts only where they are asked for. */
  private async listed(id: string, request: ListTasksRequest): Promise<Task | undefined> {
    try {
      const task = await this.task(id, request.historyLength ?? 0);
      return request.includeArtifacts ? task : { ...task, artifacts: [] };
    } catch (error) {
      if (error instanceof this.errors.TaskNotFoundError) return undefined;
      throw error;
    }
  }

  createTaskPushNotificationConfig(config: TaskPushNotificationConfig): Promise<TaskPushNotificationConfig> {
    const { caller, dialect } = this.context;
    return this.saying(async () => this.pushing.create(caller, config, dialect));
  }

  getTaskPushNotificationConfig(
    key: GetTaskPushNotificationConfigRequest,
  ): Promise<TaskPushNotificationConfig> {
    return this.saying(async () => this.pushing.get(this.context.caller, key, key.tenant));
  }

  listTaskPushNotificationConfigs({
    taskId,
    tenant,
  }: ListTaskPushNotificationConfigsRequest): Promise<ListTaskPushNotificationConfigsResponse> {
    return this.saying(async () => this.pushing.list(this.context.caller, taskId, tenant));
  }

  deleteTaskPushNotificationConfig(key: DeleteTaskPushNotificationConfigRequest): Promise<void> {
    return this.saying(async () => this.pushing.delete(this.context.caller, key));
  }

  private requireStreams(): void {
    if (!this.card().capabilities?.streaming)
      throw new this.errors.UnsupportedOperationError('this agent does not stream');
  }

  /** @throws PushNotificationNotSupportedError where the configuration says so */
  private get pushing(): PushConfigs {
    if (this.card().capabilities?.pushNotifications) return this.push;
    throw new this.errors.PushNotificationNotSupportedError('this agent sends no push notifications');
  }

  private submit({ message, metadata, configuration }: SendMessageRequest): Promise<Submitted> {
    return this.saying(async () => {
      if (!message) throw invalid('message', message, 'a message');
      const { caller, dialect } = this.context;
      const config = configuration?.taskPushNotificationConfig;
      const taskId = message.taskId || (await this.waitingIn(message.contextId));
      if (taskId) return this.continue({ ...message, taskId }, config);
      const task = this.newTask(message, { ...metadata, ...message.metadata });
      const followed = config ? this.pushing.inline(task, config, dialect) : task;
      const record = await this.push.submit(caller, followed);
      // The message came before: its task goes on without this config, unless that is made now.
      if (config?.id && record.seq > 1) await this.push.add(record, config, dialect);
      return { record, message: task.input.message };
    });
  }

  /** The task of a context whose agent waits for its caller, if there is just one: a message to the context is for it. */
  private async waitingIn(contextId: string): Promise<string | undefined> {
    if (contextId === '') return undefined;
    const { tasks } = await this.tasks.list(this.reader, {
      ...this.ofTarget,
      contextId,
      status: 'input_required',
      limit: 2,
    });
    return tasks.length === 1 ? tasks[0]!.id : undefined;
  }

  /** A message to a task answers what its agent asks; a task that asks nothing takes none. */
  private async continue(
    given: A2aMessage,
    config: TaskPushNotificationConfig | undefined,
  ): Promise<Submitted> {
    const { caller, dialect } = this.context;
    const { taskId, contextId } = given;
    const message = toMessage(given);
    const { record } = await this.tasks.get(caller, taskId);
    if (contextId && record.contextId !== contextId)
      throw invalid('message.contextId', contextId, 'the context of the task, or none');
    if (!isInterrupted(record.state) && !(await this.wasSaid(taskId, message)))
      throw new this.errors.UnsupportedOperationError(
        `the task takes no further message: it is ${record.state}`,
      );
    if (isTerminal(record.state)) return { record, message };
    if (config) await this.pushing.add(record, config, dialect);
    return { record: await this.tasks.continueTask(caller, taskId, message), message };
  }

  private async wasSaid(id: string, { messageId }: Message): Promise<boolean> {
    const said = await this.tasks.history(this.context.caller, id);
    return said.some((one) => one.role === 'user' && one.messageId === messageId);
  }

  private newTask(message: A2aMessage, metadata: JsonObject): NewTask {
    const { skill, agent_id, ...own } = metadata;
    const { namespace } = this.context.target;
    const agent = this.context.target.agent ?? (typeof agent_id === 'string' ? agent_id : undefined);
    const input = { message: toMessage(message), constraints: {}, metadata: own };
    const wanted = this.context.target.skill ?? (typeof skill === 'string' ? skill : undefined);
    const fingerprint = hashOf([input, message.contextId, agent, wanted, namespace]);
    const { caller, idempotencyKey: key } = this.context;
    return {
      // None while nobody is online: who asks again for a task that exists gets it all the same.
      skill: wanted ?? this.defaultSkill(agent) ?? '',
      input,
      contextId: message.contextId || randomUUID(),
      ...(namespace !== undefined && { namespace }),
      ...(agent !== undefined && { agent: agent as AgentName }),
      // 1.0 §3.1.1: the same message of the same caller is the same task; another under its id is another.
      // With an Idempotency-Key that decides, as with the other APIs.
      idempotencyKey:
        key === undefined
          ? `a2a:${hashOf([caller.id, message.messageId, fingerprint])}`
          : checkIdempotencyKey(key),
      fingerprint,
    };
  }

  /** What the agent can do first of all; without an agent: the least loaded one. */
  private defaultSkill(agent: string | undefined): string | undefined {
    const { namespace } = this.context.target;
    const able = this.registry
      .list(this.context.caller)
      .filter(({ card }) => card.skills.length > 0 && (agent === undefined || card.name === agent))
      .filter((view) => namespace === undefined || view.namespace === namespace)
      .sort((a, b) => a.load / a.card.maxConcurrency - b.load / b.card.maxConcurrency);
    return able[0]?.card.skills[0]?.id;
  }

  /** Resolves when the task has ended or its agent waits for the caller, to what happened then; or when the caller has gone. */
  private async settled({ id, turn }: TaskRecord): Promise<TaskEventBody | undefined> {
    const { caller, signal } = this.context;
    const after = turn === null ? undefined : String(turn);
    let last: TaskEventBody | undefined;
    for await (const item of await this.tasks.watch(caller, id, { after, signal })) {
      // A position that is on disk, but not known to the log yet, gets the whole log.
      if (item === RESET || item.seq <= (turn ?? 0)) continue;
      last = item.body;
      if (interruptsTask(last)) break;
    }
    return last;
  }

  /** What a send of a task that has settled is answered: an agent's words where there is nothing else. */
  private async answer(record: TaskRecord, historyLength: number | undefined): Promise<Task | A2aMessage> {
    const { artifacts, message } = await this.view(record.id);
    const isWords = record.state === 'completed' && record.turn === null && artifacts.length === 0;
    return isWords && message && !this.context.tasksOnly
      ? fromMessage(message, record)
      : this.task(record.id, historyLength);
  }

  private task(id: string, historyLength: number | undefined): Promise<Task> {
    return this.saying(async () => {
      const view = await this.view(id);
      const history = historyLength === 0 ? [] : await this.history(id, historyLength);
      return fromTask({ ...view, history }, this.context.failure);
    });
  }

  private view(id: string): Promise<TaskView> {
    return this.saying(() => this.tasks.get(this.context.caller, id));
  }

  private history(id: string, length?: number): Promise<readonly Message[]> {
    return this.saying(() => this.tasks.history(this.context.caller, id, length));
  }

  /** The task's log after a position, to its end or to an event that ends the stream. */
  private async *follow(
    record: TaskRecord,
    seen: number,
    isLast: (body: TaskEventBody) => boolean = () => false,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const { caller, signal, failure } = this.context;
    const events = new A2aEvents(record, failure);
    const log = await this.saying(() => this.tasks.watch(caller, record.id, { after: undefined, signal }));
    for await (const item of log) {
      if (item === RESET) continue;
      const said = events.of(item); // also of what was seen: what came before tells what the rest means
      if (item.seq <= seen) continue;
      // Only the last of what an entry means is under its own sequence: who resumes from one before gets the entry again.
      for (const [index, one] of said.entries()) {
        if (index === said.length - 1) this.position = item.seq;
        yield one;
      }
      if (isLast(item.body)) return;
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

/** There is nothing to wait for. */
const settles = ({ state }: TaskRecord): boolean => isTerminal(state) || isInterrupted(state);

const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url');
