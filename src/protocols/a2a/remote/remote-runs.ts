import { Logger } from '@nestjs/common';
import type { RemotesConfig } from '../../../config/remotes.config.js';
import type { Clock } from '../../../core/clock.js';
import { GatewayError } from '../../../core/errors.js';
import type { AgentRef, TaskId } from '../../../core/ids.js';
import type { TaskRecord, TaskReport } from '../../../core/task.js';
import { isInterrupted } from '../../../core/task-states.js';
import type { Agent } from '../../../engine/registry/agent.js';
import type { Assignment } from '../../../engine/registry/agent-connection.js';
import type { RemoteAgentStore } from '../../../engine/registry/remote-agent.store.js';
import type { LiveTasks } from '../../../engine/tasks/live-tasks.js';
import type { TasksService } from '../../../engine/tasks/tasks.service.js';
import type { RemoteClient } from './remote-client.js';
import type { RemoteTasks } from './remote-connection.js';
import type { KnownTask, RemoteIds } from './remote-message.js';
import { RemoteRun, type RunHost } from './remote-run.js';

/** The parts of the gateway that runs work with. */
export interface RunParts {
  readonly clock: Clock;
  readonly config: RemotesConfig;
  readonly store: RemoteAgentStore;
  readonly tasks: TasksService;
  readonly live: LiveTasks;
}

/** The agent that works on them. */
export interface RunAgent {
  readonly ref: AgentRef;
  readonly streams: boolean;
  readonly nameSkill: boolean;
  client(): Promise<RemoteClient>;
  /** The agent in the registry; `heard`: it has just been heard of, and is brought there if need be. */
  present(heard: boolean): Agent | undefined;
}

/** The tasks of one remote agent: those under way, and those that wait for their caller. */
export class RemoteRuns implements RunHost, RemoteTasks {
  private readonly log = new Logger('RemoteAgent');
  private readonly active = new Map<TaskId, RemoteRun>();

  /** @param known tasks by their names at the agent, as the process before has left them */
  constructor(
    private readonly agent: RunAgent,
    private readonly parts: RunParts,
    private readonly known: Map<TaskId, KnownTask>,
  ) {}

  get clock(): Clock {
    return this.parts.clock;
  }

  get config(): RemotesConfig {
    return this.parts.config;
  }

  get streams(): boolean {
    return this.agent.streams;
  }

  get nameSkill(): boolean {
    return this.agent.nameSkill;
  }

  client(): Promise<RemoteClient> {
    return this.agent.client();
  }

  has(taskId: TaskId): boolean {
    return this.known.has(taskId) || this.active.has(taskId);
  }

  /** After a start: what was under way is followed again; the engine itself sends what had not begun. */
  takeUp(): void {
    for (const taskId of [...this.known.keys()]) {
      const state = this.record(taskId)?.state;
      if (state === 'running' || state === 'auth_required') this.started(taskId).resume();
      else if (state === undefined) this.forget(taskId);
    }
  }

  assign(assignment: Assignment): void {
    const { taskId, continuation } = assignment;
    const current = this.active.get(taskId);
    if (current && !continuation) return current.rejoin(assignment);
    current?.stop();
    const run = this.started(taskId);
    if (continuation || !this.known.has(taskId)) run.begin(assignment);
    else run.resume(assignment);
  }

  cancel(taskId: TaskId): void {
    const run = this.active.get(taskId);
    if (run) return run.cancel();
    if (!this.known.has(taskId)) return;
    // It waits for its caller: nothing follows it.
    const again = this.started(taskId);
    again.cancel();
    again.resume();
  }

  /** The agent is not reached: what has certainly not begun is given to others by the engine. */
  dropUnsent(): void {
    for (const [taskId, run] of this.active)
      if (!run.mayHaveBegun) {
        run.stop();
        this.active.delete(taskId);
      }
  }

  stop(): void {
    for (const run of this.active.values()) run.stop();
    this.active.clear();
  }

  record(taskId: TaskId): TaskRecord | undefined {
    return this.parts.live.get(taskId)?.record;
  }

  async contextOf({ namespace, contextId }: TaskRecord): Promise<string> {
    if (contextId === null) return '';
    return (await this.parts.store.remoteContext(namespace, contextId, this.agent.ref)) ?? '';
  }

  async report(taskId: TaskId, report: TaskReport, heard: boolean): Promise<void> {
    const agent = this.agent.present(heard);
    if (!agent) throw new GatewayError('TASK_NOT_FOUND', 'the agent is not there');
    // An agent that is asked twice says twice that it waits.
    if (isInterrupted(report.status) && this.record(taskId)?.state === report.status) return;
    await this.parts.tasks.report(agent, taskId, report);
  }

  async keep(taskId: TaskId, remote: RemoteIds): Promise<void> {
    this.known.set(taskId, remote);
    const { ref } = this.agent;
    const record = this.record(taskId);
    const run = { taskId, ref, remoteTaskId: remote.taskId, remoteContextId: remote.contextId };
    const context =
      record && record.contextId !== null && remote.contextId !== ''
        ? {
            namespace: record.namespace,
            contextId: record.contextId,
            ref,
            remoteContextId: remote.contextId,
          }
        : undefined;
    await this.parts.store.saveRun(run, context, this.clock.now());
  }

  finished(run: RemoteRun, forget: boolean): void {
    if (this.active.get(run.taskId) === run) this.active.delete(run.taskId);
    const known = this.known.get(run.taskId);
    if (forget) this.forget(run.taskId);
    else if (known) this.known.set(run.taskId, { ...known, asked: run.asked });
  }

  private started(taskId: TaskId): RemoteRun {
    const run = new RemoteRun(this, taskId, this.known.get(taskId));
    this.active.set(taskId, run);
    return run;
  }

  private forget(taskId: TaskId): void {
    if (!this.known.delete(taskId)) return;
    this.parts.store
      .removeRun(taskId)
      .catch((error: unknown) => this.log.error(`task ${taskId}: not forgotten: ${String(error)}`));
  }
}
