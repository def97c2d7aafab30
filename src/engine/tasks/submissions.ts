import { Injectable } from '@nestjs/common';
import { TasksConfig } from '../../config/tasks.config.js';
import { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import type { Follower, NewFollower } from '../../core/follower.js';
import { DEFAULT_NAMESPACE, IdSource, type Namespace } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import { taskEvent, type NewTask, type TaskRecord } from '../../core/task.js';
import { Policy } from '../auth/policy.js';
import type { Agent } from '../registry/agent.js';
import { RegistryService } from '../registry/registry.service.js';
import { RoutingService, type Route } from '../routing/routing.service.js';
import { Dispatcher, heldBy } from './dispatcher.js';
import { LiveTask } from './live-task.js';
import { LiveTasks } from './live-tasks.js';
import { TaskCalls } from './task-calls.js';
import { TaskLog } from './task-log.js';
import { TaskQuota } from './task-quota.js';
import { TaskStore, type SubmissionKey } from './task.store.js';
import { WaitingQueue } from './waiting-queue.js';

const QUEUE_FULL_RETRY_S = 5;
const STORAGE_RETRY_S = 5;

interface Pending {
  readonly fingerprint: string;
  readonly result: Promise<TaskRecord>;
}

/** Takes new tasks in: route, store, acknowledge, hand out — in this order. */
@Injectable()
export class Submissions {
  /** Submissions with a key that are under way: fifty at once are still one task. */
  private readonly pending = new Map<string, Pending>();
  /** Tasks per namespace that will wait as soon as their commit is through. */
  private readonly arriving = new Map<Namespace, number>();

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly config: TasksConfig,
    private readonly policy: Policy,
    private readonly store: TaskStore,
    private readonly registry: RegistryService,
    private readonly routing: RoutingService,
    private readonly waiting: WaitingQueue,
    private readonly live: LiveTasks,
    private readonly log: TaskLog,
    private readonly dispatcher: Dispatcher,
    private readonly calls: TaskCalls,
    private readonly quota: TaskQuota,
  ) {}

  /**
   * Resolves when the task is on disk; it is handed out then.
   * @throws GatewayError FORBIDDEN, NO_AGENT_AVAILABLE, OVERLOADED, RATE_LIMITED (quota), STORAGE_UNAVAILABLE, CONFLICT (key used for another body)
   */
  async submit(caller: Principal, task: NewTask): Promise<TaskRecord> {
    this.policy.requireRight(caller, 'execute');
    const scope = this.policy.namespaceFor(caller, task.namespace);
    if (task.idempotencyKey === undefined) return this.create(caller, scope, task, undefined);
    return this.once(caller, scope, task, { key: task.idempotencyKey, fingerprint: task.fingerprint ?? '' });
  }

  private async once(
    caller: Principal,
    scope: Namespace | null,
    task: NewTask,
    submission: SubmissionKey,
  ): Promise<TaskRecord> {
    const namespace = scope ?? DEFAULT_NAMESPACE;
    const id = `${namespace}\n${submission.key}`;
    const pending = this.pending.get(id);
    if (pending) return sameBody(submission, pending.fingerprint, pending.result);
    const result = this.findOrCreate(namespace, caller, scope, task, submission);
    this.pending.set(id, { fingerprint: submission.fingerprint, result });
    try {
      return await result;
    } finally {
      this.pending.delete(id);
    }
  }

  private async findOrCreate(
    namespace: Namespace,
    caller: Principal,
    scope: Namespace | null,
    task: NewTask,
    submission: SubmissionKey,
  ): Promise<TaskRecord> {
    const found = await this.store.findSubmission(namespace, submission.key);
    const record = found && (await this.store.get(found.taskId));
    if (found && record) return sameBody(submission, found.fingerprint, record);
    return this.create(caller, scope, task, submission);
  }

  private async create(
    caller: Principal,
    scope: Namespace | null,
    task: NewTask,
    submission: SubmissionKey | undefined,
  ): Promise<TaskRecord> {
    if (this.dispatcher.isStopped)
      throw new GatewayError('OVERLOADED', 'the gateway is shutting down', { retryAfterS: STORAGE_RETRY_S });
    if (!this.store.available) throw storageUnavailable();
    const record = this.draft(caller, scope, task);
    const route = this.routing.choose(record);
    this.admit(record.namespace, task, route);
    this.quota.take(record.namespace);
    const live = new LiveTask(assigned(record, route, this.clock.now()));
    return this.keep(caller, live, task, route, submission);
  }

  private async keep(
    caller: Principal,
    task: LiveTask,
    { input, followers }: NewTask,
    { agent }: Route,
    submission: SubmissionKey | undefined,
  ): Promise<TaskRecord> {
    const { record } = task;
    const event = taskEvent(1, record.createdAt, { event: 'queued', agent_id: record.agent?.name ?? null });
    if (agent) this.reserve(agent, record);
    else this.arrive(record.namespace, 1);
    this.calls.tell('submit', record, caller);
    try {
      const following = followers?.map((follower) => followerOf(record, follower));
      await this.store.submit({ record, input, event, submission, followers: following });
    } catch (error) {
      if (agent) this.registry.release(agent);
      this.quota.release(record.namespace);
      this.calls.tell('submit', record, caller, error);
      throw error;
    } finally {
      if (!agent) this.arrive(record.namespace, -1);
    }
    task.committedSeq = event.seq;
    this.live.add(task);
    this.log.publish(task.id, event);
    if (agent) this.dispatcher.begin(task, agent, input);
    else this.dispatcher.place(task);
    return record;
  }

  /** Overload and absence are refused here, before anything is acknowledged. */
  private admit(namespace: Namespace, task: NewTask, { agent, decision }: Route): void {
    if (agent) return;
    if (decision.candidates === 0 && !task.waitForAgent)
      throw new GatewayError(
        'NO_AGENT_AVAILABLE',
        task.skill === '' ? 'no agent is online' : `skill: ${decision.reason}: "${task.skill}"`,
      );
    if (this.config.whenBusy === 'reject' && decision.candidates > 0)
      throw new GatewayError('OVERLOADED', `${decision.reason} for skill "${task.skill}"`, {
        retryAfterS: 1,
      });
    const waiting = this.waiting.count(namespace) + (this.arriving.get(namespace) ?? 0);
    if (waiting >= this.config.queueLimit)
      throw new GatewayError(
        'OVERLOADED',
        `queue: ${waiting} tasks wait in this namespace, allowed: ${this.config.queueLimit}`,
        {
          retryAfterS: QUEUE_FULL_RETRY_S,
        },
      );
  }

  private reserve(agent: Agent, record: TaskRecord): void {
    this.registry.reserve(agent);
    this.routing.remember(record, agent);
  }

  private arrive(namespace: Namespace, by: 1 | -1): void {
    const count = (this.arriving.get(namespace) ?? 0) + by;
    if (count > 0) this.arriving.set(namespace, count);
    else this.arriving.delete(namespace);
  }

  private draft(caller: Principal, scope: Namespace | null, task: NewTask): TaskRecord {
    const now = this.clock.now();
    return {
      id: this.ids.taskId(),
      namespace: scope ?? DEFAULT_NAMESPACE,
      scope,
      skill: task.skill,
      pinnedAgent: task.agent ?? null,
      contextId: task.contextId ?? null,
      priority: task.priority ?? 'medium',
      timeoutMs: task.timeoutMs ?? this.config.timeout,
      idempotent: task.idempotent ?? false,
      createdBy: caller.namespace === null ? null : caller.id,
      createdAt: now,
      state: 'queued',
      seq: 1,
      attempt: 0,
      turn: null,
      agent: null,
      agentPrincipal: null,
      progress: null,
      error: null,
      routing: null,
      lateResult: null,
      updatedAt: now,
      endedAt: null,
      deadlineAt: now + this.config.queueTimeout,
    };
  }
}

/** Told of everything that comes after the submission, which its caller knows of. */
const followerOf = ({ id, namespace, seq, createdAt }: TaskRecord, follower: NewFollower): Follower => ({
  ...follower,
  taskId: id,
  namespace,
  nextSeq: seq + 1,
  done: false,
  createdAt,
});

const assigned = (record: TaskRecord, { agent, decision }: Route, now: number): TaskRecord =>
  agent
    ? { ...record, ...heldBy(agent), attempt: 1, routing: decision, deadlineAt: now + record.timeoutMs }
    : { ...record, routing: decision };

function sameBody<T>(submission: SubmissionKey, fingerprint: string, result: T): T {
  if (submission.fingerprint === fingerprint) return result;
  throw new GatewayError('CONFLICT', 'Idempotency-Key: was used for another request body; use a new key');
}

export const storageUnavailable = (): GatewayError =>
  new GatewayError('STORAGE_UNAVAILABLE', 'the storage takes no writes now; nothing was accepted', {
    retryAfterS: STORAGE_RETRY_S,
  });
