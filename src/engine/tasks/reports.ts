import { Injectable } from '@nestjs/common';
import { TasksConfig } from '../../config/tasks.config.js';
import { Clock } from '../../core/clock.js';
import { GatewayError, invalid } from '../../core/errors.js';
import { isTaskId, sameAgent, type TaskId } from '../../core/ids.js';
import {
  agentSays,
  completedBody,
  type Artifact,
  type Message,
  type TaskFailure,
  type TaskReport,
} from '../../core/task.js';
import type { InterruptedState } from '../../core/task-states.js';
import type { Agent } from '../registry/agent.js';
import { RegistryService } from '../registry/registry.service.js';
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
    switch (report.status) {
      case 'completed':
        return this.complete(task, report);
      case 'failed':
        return this.steps.fail(task, 'AGENT_FAILED', report.error ?? 'the agent reported a failure');
      case 'rejected':
        return this.reject(task, report);
      case 'running':
        return this.goOn(task, from, report);
      case 'input_required':
      case 'auth_required':
        return this.interrupt(task, from, report.status, report);
    }
  }

  /**
   * The agent does not work on a task that it holds (it never took it, or nobody has it any more): the task goes to another
   * one or the same again, under a new attempt, whatever the loss policy; after its last attempt it fails.
   */
  giveBack(from: Agent, id: TaskId): void {
    const task = this.live.get(id);
    if (task && !task.ended && task.holder === from) this.dispatcher.again(task);
  }

  private counts(task: LiveTask, from: Agent, report: TaskReport): boolean {
    if (task.ended || !this.registry.isCurrent(from) || !task.mayReturnTo(from)) return false;
    if (report.attempt !== undefined && !task.isAttempt(report.attempt)) return false;
    // What belongs to the attempt before counts only where it stands for itself.
    const anew = task.holder && !task.handed && !task.continues;
    if ((task.lacksPieces || anew) && !isWhole(report)) return false;
    return report.status !== 'running' || mayGoOn(task, from);
  }

  private async goOn(task: LiveTask, from: Agent, report: TaskReport): Promise<void> {
    if (!task.holder) this.dispatcher.adopt(task, from);
    else if (!task.handed) task.hand(from);
    const { progress } = report;
    const message = saidIn(report);
    const steps: Promise<void>[] = [];
    if (report.artifact) steps.push(this.make(task, report.artifact, report));
    if (task.ended) return void (await Promise.all(steps)); // by an artifact over the limit
    if (message) steps.push(this.steps.move(task, { event: 'running', message }));
    if (progress) steps.push(this.steps.move(task, { event: 'progress', ...progress }, { progress }));
    if (steps.length === 0)
      steps.push(task.begun ? this.postpone(task) : this.steps.move(task, { event: 'running' }));
    await Promise.all(steps);
  }

  /** The agent waits for its caller. When the caller's answer is on its way already, that is what it gets. */
  private async interrupt(
    task: LiveTask,
    from: Agent,
    event: InterruptedState,
    report: TaskReport,
  ): Promise<void> {
    if (task.hasAnswerToSend) return;
    // A task that waits for an agent, and that this one had before, is this one's again: the answer goes to it.
    if (!task.holder && !task.interrupted) this.dispatcher.adopt(task, from);
    const message = saidIn(report);
    const steps = report.artifact ? [this.make(task, report.artifact, report)] : [];
    if (!task.ended) steps.push(this.steps.move(task, { event, ...(message && { message }) }));
    await Promise.all(steps);
  }

  private reject(task: LiveTask, report: TaskReport): Promise<void> {
    const message = saidIn(report);
    const error = report.error ?? textOf(message) ?? 'the agent rejected the task';
    const details = { error: { code: 'REJECTED', message: error } } as const;
    return this.steps.move(task, { event: 'rejected', error, ...(message && { message }) }, details);
  }

  private async complete(task: LiveTask, report: TaskReport): Promise<void> {
    const { artifact, append = false } = report;
    const size = artifact ? task.addArtifact(artifact, append) : 0;
    if (size > this.config.artifactLimit) return this.tooLarge(task, size);
    const piece = artifact && append ? [this.piece(task, artifact, true, true)] : [];
    const end = this.steps.move(task, completedBody(task.artifacts, saidIn(report)));
    await Promise.all([...piece, end]);
  }

  /** A piece of an artifact, or a whole one of several. */
  private make(task: LiveTask, artifact: Artifact, { append = false, lastChunk }: TaskReport): Promise<void> {
    const size = task.addArtifact(artifact, append);
    if (size > this.config.artifactLimit) return this.tooLarge(task, size);
    return this.piece(task, artifact, append, lastChunk ?? !append);
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

  private piece(task: LiveTask, artifact: Artifact, append: boolean, last: boolean): Promise<void> {
    return this.steps.move(task, { event: 'artifact', artifact, append, last_chunk: last });
  }

  /** The agent says that it still works: no event, but a new deadline. */
  private postpone(task: LiveTask): Promise<void> {
    const deadlineAt = task.deadlineFrom(this.clock.now());
    task.record = { ...task.record, deadlineAt };
    return this.store.postpone(task.id, deadlineAt);
  }

  private async refuse(from: Agent, id: string, report: TaskReport): Promise<never> {
    if (isResult(report) && isTaskId(id)) await this.keepLate(from, id, report);
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

/** To take a waiting task back needs a slot; but who asked its caller may go on without an answer. */
const mayGoOn = (task: LiveTask, from: Agent): boolean =>
  task.holder !== undefined || task.interrupted || task.continues || from.hasRoom;

/** The agent is done with it. */
const isResult = ({ status }: TaskReport): boolean =>
  status === 'completed' || status === 'failed' || status === 'rejected';

/** A result that builds on no report before it. */
const isWhole = ({ status, artifact, append }: TaskReport): boolean =>
  status === 'failed' ||
  status === 'rejected' ||
  (status === 'completed' && artifact !== undefined && !append);

const saidIn = ({ message }: TaskReport): Message | undefined =>
  typeof message === 'string' ? agentSays(message) : message;

/** The words of a message, if it has any. */
function textOf(message: Message | undefined): string | undefined {
  const texts = message?.parts.flatMap(({ text }) => text ?? []) ?? [];
  return texts.length > 0 ? texts.join('\n') : undefined;
}

const principalOf = (agent: Agent): string => agent.connection.principal.id;
