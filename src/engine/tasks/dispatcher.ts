import { Injectable, Logger } from '@nestjs/common';
import { TasksConfig } from '../../config/tasks.config.js';
import { Clock } from '../../core/clock.js';
import type { RoutingDecision, TaskInput } from '../../core/task.js';
import type { Agent } from '../registry/agent.js';
import { RegistryService } from '../registry/registry.service.js';
import { RoutingService } from '../routing/routing.service.js';
import { Conversations, type Briefing } from './conversations.js';
import { Deadlines } from './deadlines.js';
import { Holdings } from './holdings.js';
import type { LiveTask } from './live-task.js';
import { TaskStore } from './task.store.js';
import { TaskSteps } from './task-steps.js';
import { WaitingQueue } from './waiting-queue.js';

/** Brings tasks and agents together: at submission, when a slot frees, when an agent comes. */
@Injectable()
export class Dispatcher {
  private readonly logger = new Logger('Dispatcher');
  private stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly config: TasksConfig,
    private readonly store: TaskStore,
    private readonly conversations: Conversations,
    private readonly registry: RegistryService,
    private readonly routing: RoutingService,
    private readonly holdings: Holdings,
    private readonly waiting: WaitingQueue,
    private readonly deadlines: Deadlines,
    private readonly steps: TaskSteps,
  ) {
    registry.observe({
      cardChanged: (agent) => this.fill(agent),
      loadChanged: (agent, before) => {
        if (agent.load < before) this.fill(agent);
      },
    });
  }

  /** No task is handed out or moved from now on; what is open is for the next start. */
  stop(): void {
    this.stopped = true;
    this.deadlines.stop();
  }

  get isStopped(): boolean {
    return this.stopped;
  }

  /** A new, committed task whose agent's slot is already reserved. */
  begin(task: LiveTask, agent: Agent, input: TaskInput): void {
    if (this.stopped) return;
    if (!this.registry.isCurrent(agent)) return this.place(task);
    this.holdings.give(task, agent, true);
    this.restartDeadline(task);
    this.send(task, agent, { input });
  }

  /** Gives the task to an agent, or lets it wait for one. */
  place(task: LiveTask): void {
    if (this.stopped) return;
    if (task.continues) return this.placeAnswer(task);
    const { agent, decision } = this.routing.choose(task.record);
    if (agent) this.assign(task, agent, decision);
    else this.wait(task, decision);
  }

  /**
   * The task has lost its agent: it is placed again, or fails when it has had all its attempts.
   * A begun one goes back to `queued` first. One with the caller's answer waits for the agent that asked.
   */
  again(task: LiveTask): void {
    this.holdings.release(task);
    if (task.continues) return this.awaitAgent(task);
    task.dropArtifacts();
    const { attempt } = task.record;
    if (attempt >= this.config.maxAttempts)
      return this.follow(
        this.steps.fail(
          task,
          'MAX_ATTEMPTS',
          `gave up after ${attempt} attempts: the agent was lost each time`,
        ),
      );
    if (task.begun) this.follow(this.steps.move(task, { event: 'queued', agent_id: null }));
    this.place(task);
  }

  /**
   * An agent goes on by itself with a task of its current attempt: it is back, or has what it asked for. One that it had
   * begun keeps its deadline. What the caller has answered meanwhile it gets too.
   */
  adopt(task: LiveTask, agent: Agent): void {
    const { attempt, deadlineAt, timeoutMs } = task.record;
    const reason = task.interrupted ? 'the agent went on' : 'the agent came back';
    const routing = task.record.routing && { ...task.record.routing, reason };
    const until = task.waitsForHolder ? deadlineAt : this.clock.now() + timeoutMs;
    this.waiting.remove(task);
    this.holdings.give(task, agent);
    task.hand(agent);
    task.record = { ...task.record, ...heldBy(agent), routing, deadlineAt: until };
    this.deadlines.watch(task);
    if (routing) this.follow(this.store.assign(task.id, this.change(task, routing, attempt)));
    if (task.hasAnswerToSend) this.follow(this.brief(task, agent, attempt));
  }

  /** The agent has as long as the task allows from now on. */
  restartDeadline(task: LiveTask): void {
    task.record = { ...task.record, deadlineAt: this.clock.now() + task.record.timeoutMs };
    this.deadlines.watch(task);
  }

  /** Errors of background work end here: storage keeps such writes itself, so anything else is a defect worth a log line. */
  follow(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.logger.error(error instanceof Error ? error.stack : String(error)));
  }

  /** Gives an agent waiting tasks while it has room. */
  fill(agent: Agent): void {
    while (!this.stopped && agent.hasRoom && this.registry.isCurrent(agent)) {
      const task = this.waiting.nextFor(agent);
      if (!task) return;
      this.assign(task, agent, this.freed(task, agent));
    }
  }

  private freed(task: LiveTask, agent: Agent): RoutingDecision {
    if (task.continues) return this.routing.keep(agent);
    const { decision } = this.routing.choose(task.record);
    return { ...decision, ...loadOf(agent), reason: 'a slot became free' };
  }

  /** The caller's answer goes to the agent that asked, as soon as that is here and has room. */
  private placeAnswer(task: LiveTask): void {
    const { agent: ref, skill } = task.record;
    const agent = ref && this.registry.find(ref);
    if (agent?.hasRoom && agent.hasSkill(skill)) return this.assign(task, agent, this.routing.keep(agent));
    this.waiting.add(task);
    this.deadlines.watch(task);
  }

  /** The agent that the caller's answer is for has gone before it began with it. */
  private awaitAgent(task: LiveTask): void {
    const deadlineAt = this.clock.now() + this.config.queueTimeout;
    task.hasAnswerToSend = true;
    task.record = { ...task.record, deadlineAt };
    this.follow(this.store.postpone(task.id, deadlineAt));
    this.placeAnswer(task);
  }

  private assign(task: LiveTask, agent: Agent, decision: RoutingDecision): void {
    this.waiting.remove(task);
    this.holdings.give(task, agent);
    task.storing = true;
    this.routing.remember(task.record, agent);
    // The same work goes on with the caller's answer; without one it begins anew.
    const attempt = task.record.attempt + (task.continues ? 0 : 1);
    if (!task.continues) task.startArtifacts();
    const deadlineAt = this.clock.now() + task.record.timeoutMs;
    task.record = { ...task.record, ...heldBy(agent), attempt, routing: decision, deadlineAt };
    this.deadlines.watch(task);
    this.follow(
      this.deliver(task, agent, attempt, this.store.assign(task.id, this.change(task, decision, attempt))),
    );
  }

  /** Sends after the commit. */
  private async deliver(
    task: LiveTask,
    agent: Agent,
    attempt: number,
    committed: Promise<void>,
  ): Promise<void> {
    await committed;
    if (!this.isStillHis(task, agent, attempt)) return;
    task.storing = false;
    this.restartDeadline(task);
    await this.brief(task, agent, attempt);
  }

  /** What the agent is sent is read back, so that waiting tasks keep none of it in memory. */
  private async brief(task: LiveTask, agent: Agent, attempt: number): Promise<void> {
    const briefing = await this.conversations.briefing(task.record);
    if (briefing && this.isStillHis(task, agent, attempt)) this.send(task, agent, briefing);
  }

  private isStillHis(task: LiveTask, agent: Agent, attempt: number): boolean {
    return !this.stopped && !task.ended && task.holder === agent && task.record.attempt === attempt;
  }

  private send(task: LiveTask, agent: Agent, briefing: Briefing): void {
    const { id: taskId, skill, attempt } = task.record;
    const fits = agent.load <= agent.card.maxConcurrency && agent.hasSkill(skill);
    if (!task.handed && !fits) return this.takeBack(task);
    task.hand(agent);
    task.handedAt = this.clock.now();
    task.sentAttempt = attempt;
    task.hasAnswerToSend = false;
    agent.connection.assign({ taskId, skill, attempt, ...briefing });
  }

  /** The agent's card has changed since it was chosen: it has no room or not the skill any more. */
  private takeBack(task: LiveTask): void {
    this.holdings.release(task);
    this.place(task);
  }

  private wait(task: LiveTask, decision: RoutingDecision): void {
    const hadAgent = task.record.agent !== null;
    // Also over a restart a task waits no longer than the queue timeout.
    const deadlineAt = hadAgent ? this.clock.now() + this.config.queueTimeout : task.record.deadlineAt;
    task.record = { ...task.record, agent: null, agentPrincipal: null, routing: decision, deadlineAt };
    this.waiting.add(task);
    this.deadlines.watch(task);
    if (hadAgent) this.follow(this.store.assign(task.id, this.change(task, decision, task.record.attempt)));
  }

  private change(task: LiveTask, routing: RoutingDecision, attempt: number) {
    const updatedAt = this.clock.now();
    const { agent, agentPrincipal, deadlineAt } = task.record;
    return { agent, agentPrincipal, attempt, routing, updatedAt, deadlineAt: deadlineAt ?? updatedAt };
  }
}

const loadOf = (agent: Agent) => ({
  chosen: agent.card.name,
  load: agent.load,
  max_concurrency: agent.card.maxConcurrency,
});

/** Who holds a task, as its record says it. */
export const heldBy = ({ ref, connection }: Agent) => ({
  agent: ref,
  agentPrincipal: connection.principal.id,
});
