import { Injectable } from '@nestjs/common';
import { TasksConfig } from '../../config/tasks.config.js';
import { Clock } from '../../core/clock.js';
import { GatewayError, invalid } from '../../core/errors.js';
import { isTaskId, sameAgent, type TaskId } from '../../core/ids.js';
import type { Artifact, TaskFailure, TaskReport } from '../../core/task.js';
import type { Agent } from '../registry/agent.js';
import { RegistryService } from '../registry/registry.service.js';
import { jsonBytes } from './artifact-builder.js';
import { Dispatcher } from './dispatcher.js';
import type { LiveTask } from './live-task.js';
import { LiveTasks } from './live-tasks.js';
import { TaskStore } from './task.store.js';
import { TaskSteps } from './task-steps.js';

/** Failures by which a task ends without its agent's doing; the agent may still bring a result. */
const LOST_TO_THE_CLOCK: readonly (TaskFailure['code'] | undefined)[] = [
  'TIMEOUT',
  'AGENT_LOST',
  'MAX_ATTEMPTS',
];

/** Takes in what agents report. A report counts only from the agent of the task's current attempt. */
@Injectable()
export class Reports {
  constructor(
    private readonly clock: Clock,
    private readonly config: TasksConfig,
    private readonly store: TaskStore,
    private readonly registry: RegistryService,
    private readonly live: LiveTasks,
    private readonly dispatcher: Dispatcher,
    private readonly steps: TaskSteps,
  ) {}

  /**
   * Decides at once, so that reports of one connection keep their order; resolves when the report is stored.
   * @throws GatewayError TASK_NOT_FOUND for an unknown, foreign or ended task; INVALID for an artifact over the limit, which fails the task
   */
  async take(from: Agent, id: string, report: TaskReport): Promise<void> {
    const task = isTaskId(id) ? this.live.get(id) : undefined;
    if (!task || !this.counts(task, from, report)) return this.refuse(from, id, report);
    if (report.status === 'completed') return this.complete(task, report);
    if (report.status === 'failed')
      return this.steps.fail(task, 'AGENT_FAILED', report.error ?? 'the agent reported a failure');
    if (!task.holder) this.dispatcher.adopt(task, from);
    return this.goOn(task, report);
  }

  private counts(task: LiveTask, from: Agent, report: TaskReport): boolean {
    if (task.ended || !this.registry.isCurrent(from) || !task.mayReturnTo(from)) return false;
    if (report.attempt !== undefined && !task.isAttempt(report.attempt)) return false;
    // What belongs to the attempt before counts only where it stands for itself.
    if ((task.lacksChunks || (task.holder && !task.handed)) && !isWhole(report)) return false;
    // Taking a waiting task back needs a slot; a result does not.
    return task.holder !== undefined || report.status !== 'running' || from.hasRoom;
  }

  private async goOn(task: LiveTask, report: TaskReport): Promise<void> {
    const steps: Promise<void>[] = [];
    const { progress, artifact } = report;
    if (artifact && report.append) {
      const size = task.addChunk(artifact);
      if (size > this.config.artifactLimit) return this.tooLarge(task, size);
      steps.push(this.chunk(task, artifact, report.lastChunk ?? false));
    }
    if (progress) steps.push(this.steps.move(task, { event: 'progress', ...progress }, { progress }));
    if (steps.length === 0)
      steps.push(task.begun ? this.postpone(task) : this.steps.move(task, { event: 'running' }));
    await Promise.all(steps);
  }

  private async complete(task: LiveTask, { artifact, append }: TaskReport): Promise<void> {
    const size = artifact ? (append ? task.addChunk(artifact) : jsonBytes(artifact)) : 0;
    if (size > this.config.artifactLimit) return this.tooLarge(task, size);
    if (!artifact || !append) return this.finish(task, artifact ?? task.grownArtifact() ?? null);
    await Promise.all([this.chunk(task, artifact, true), this.finish(task, task.grownArtifact() ?? null)]);
  }

  private finish(task: LiveTask, artifact: Artifact | null): Promise<void> {
    return this.steps.move(task, { event: 'completed', artifact });
  }

  /** The task fails, and its agent learns why. */
  private async tooLarge(task: LiveTask, size: number): Promise<never> {
    const { artifactLimit } = this.config;
    await this.steps.fail(task, 'AGENT_FAILED', `artifact: ${size} bytes, allowed: ${artifactLimit}`, true);
    throw invalid(
      'artifact',
      `${size} bytes`,
      `at most ${artifactLimit} bytes, chunks added up; the task has failed`,
    );
  }

  private chunk(task: LiveTask, artifact: Artifact, last: boolean): Promise<void> {
    return this.steps.move(task, { event: 'artifact', artifact, append: true, last_chunk: last });
  }

  /** The agent says that it still works: no event, but a new deadline. */
  private postpone(task: LiveTask): Promise<void> {
    const deadlineAt = task.deadlineFrom(this.clock.now());
    task.record = { ...task.record, deadlineAt };
    return this.store.postpone(task.id, deadlineAt);
  }

  private async refuse(from: Agent, id: string, report: TaskReport): Promise<never> {
    if (report.status !== 'running' && isTaskId(id)) await this.keepLate(from, id, report);
    throw new GatewayError('TASK_NOT_FOUND', 'id: no open task of this agent has this id');
  }

  /** A result that lost against the clock is not thrown away, though it changes nothing. */
  private async keepLate(from: Agent, id: TaskId, report: TaskReport): Promise<void> {
    // The end may be on its way to the disk: the late result follows it.
    const record = this.live.get(id)?.record ?? (await this.store.get(id));
    const hadIt =
      record?.agent && sameAgent(record.agent, from.ref) && record.agentPrincipal === principalOf(from);
    if (!hadIt || record.lateResult) return;
    if (!LOST_TO_THE_CLOCK.includes(record.error?.code)) return;
    await this.store.keepLate(id, {
      status: report.status,
      at: this.clock.now(),
      ...(report.artifact ? { artifact: report.artifact } : {}),
      ...(report.error === undefined ? {} : { error: report.error }),
    });
  }
}

/** A result that builds on no report before it. */
const isWhole = ({ status, artifact, append }: TaskReport): boolean =>
  status === 'failed' || (status === 'completed' && artifact !== undefined && !append);

const principalOf = (agent: Agent): string => agent.connection.principal.id;
