import { Injectable } from '@nestjs/common';
import { TasksConfig } from '../../config/tasks.config.js';
import { Clock } from '../../core/clock.js';
import type { Agent } from '../registry/agent.js';
import { RegistryService, type LeaveReason } from '../registry/registry.service.js';
import { Deadlines } from './deadlines.js';
import { Dispatcher } from './dispatcher.js';
import { Holdings } from './holdings.js';
import type { LiveTask } from './live-task.js';
import { TaskSteps } from './task-steps.js';

/** The least grace for a socket that its own agent has replaced: the new one is already there. */
const REPLACED_GRACE_MS = 1000;

/**
 * After a restart an agent has at least this long to come back and report, also when the deadline has passed: nobody could
 * report meanwhile. Less than 10 s, so that no task outlives its deadline by more.
 */
const RESTART_LENIENCE_MS = 5000;

/** What happens to tasks when their agent goes, comes back, stays silent, or when nobody takes them. */
@Injectable()
export class AgentLoss {
  constructor(
    private readonly clock: Clock,
    private readonly config: TasksConfig,
    registry: RegistryService,
    private readonly holdings: Holdings,
    private readonly deadlines: Deadlines,
    private readonly dispatcher: Dispatcher,
    private readonly steps: TaskSteps,
  ) {
    registry.observe({
      left: (agent, reason) => this.agentLeft(agent, reason),
      joined: (agent) => this.agentCameBack(agent),
    });
    deadlines.onExpired((task) => this.expired(task));
  }

  /** A begun task after a restart: it waits for the agent of before. */
  takeUp(task: LiveTask): void {
    const deadlineAt = Math.max(task.record.deadlineAt ?? 0, this.clock.now() + RESTART_LENIENCE_MS);
    task.record = { ...task.record, deadlineAt };
    this.awaitReturn(task, this.config.reconnectGrace);
  }

  /** A begun task waits for its agent until the grace is over, or its own deadline: coming and going does not prolong it. */
  private awaitReturn(task: LiveTask, grace: number): void {
    this.holdings.awaitReturn(task, this.clock.now() + grace);
    this.deadlines.watch(task);
  }

  private agentLeft(agent: Agent, reason: LeaveReason): void {
    if (this.dispatcher.isStopped) return;
    const grace =
      reason === 'replaced'
        ? Math.max(this.config.reconnectGrace, REPLACED_GRACE_MS)
        : this.config.reconnectGrace;
    for (const task of [...this.holdings.of(agent)]) {
      this.holdings.release(task);
      if (task.ended) continue;
      if (!task.begun) this.dispatcher.again(task);
      else if (grace > 0) this.awaitReturn(task, grace);
      else this.giveUp(task);
    }
  }

  /** Its own tasks take its slots first, waiting ones what is left; what it no longer has is lost at once. */
  private agentCameBack(agent: Agent): void {
    if (this.dispatcher.isStopped) return;
    for (const task of this.holdings.waitingFor(agent))
      if (agent.connection.stillHas(task.id)) this.dispatcher.adopt(task, agent);
      else this.giveUp(task);
    this.dispatcher.fill(agent);
  }

  private expired(task: LiveTask): void {
    if (task.waitsForHolder) this.giveUp(task);
    else if (task.interrupted) this.callerSilent(task);
    else if (task.holder && task.storing) this.dispatcher.restartDeadline(task);
    else if (task.holder) this.timeOut(task, task.holder.card.name);
    else this.nobodyFree(task);
  }

  private nobodyFree(task: LiveTask): void {
    const who = task.continues ? `agent "${task.lastHolder?.name}" was not` : 'no agent was';
    const message = `timeout: ${who} free for ${this.config.queueTimeout} ms`;
    this.dispatcher.follow(this.steps.fail(task, 'QUEUE_TIMEOUT', message, true));
  }

  private callerSilent(task: LiveTask): void {
    const message = `timeout: no answer to the agent for ${this.config.inputTimeout} ms`;
    this.dispatcher.follow(this.steps.fail(task, 'TIMEOUT', message, true));
  }

  private giveUp(task: LiveTask): void {
    const { idempotent, deadlineAt } = task.record;
    const name = task.lastHolder?.name ?? 'unknown';
    if (idempotent || this.config.onAgentLost === 'requeue') this.dispatcher.again(task);
    else if (deadlineAt !== null && deadlineAt <= this.clock.now()) this.timeOut(task, name);
    else
      this.dispatcher.follow(
        this.steps.fail(task, 'AGENT_LOST', `agent "${name}" was lost while it worked on the task`),
      );
  }

  private timeOut(task: LiveTask, name: string): void {
    const message = `timeout: agent "${name}" has not reported for ${task.record.timeoutMs} ms`;
    this.dispatcher.follow(this.steps.fail(task, 'TIMEOUT', message, true));
  }
}
