import { Injectable } from '@nestjs/common';
import { agentKey } from '../../core/ids.js';
import type { Agent } from '../registry/agent.js';
import { RegistryService } from '../registry/registry.service.js';
import type { LiveTask } from './live-task.js';

const NONE: ReadonlySet<LiveTask> = new Set();

/** Which agent holds which tasks, and which tasks wait for a lost agent to come back. One slot of the agent per task. */
@Injectable()
export class Holdings {
  private readonly held = new Map<Agent, Set<LiveTask>>();
  private readonly lost = new Map<string, Set<LiveTask>>();

  constructor(private readonly registry: RegistryService) {}

  of(agent: Agent): ReadonlySet<LiveTask> {
    return this.held.get(agent) ?? NONE;
  }

  /** The agent that has been sent the task and may still be at it, or waits for its caller's answer. */
  whoKnows(task: LiveTask): Agent | undefined {
    if (task.holder) return task.handed || task.continues ? task.holder : undefined;
    if (!task.lastHolder || !(task.interrupted || task.continues)) return undefined;
    const agent = this.registry.find(task.lastHolder);
    return agent && task.mayReturnTo(agent) ? agent : undefined;
  }

  /** The agent gets the task; `reserved`: its slot has been taken already. */
  give(task: LiveTask, agent: Agent, reserved = false): void {
    if (!reserved) this.registry.reserve(agent);
    this.forgetLost(task);
    task.reserveFor(agent);
    add(this.held, agent, task);
  }

  /** The task leaves its agent, if it has one, and the slot is free again. */
  release(task: LiveTask): void {
    this.forgetLost(task);
    const agent = task.holder;
    if (!agent) return;
    task.holder = undefined;
    drop(this.held, agent, task);
    this.registry.release(agent);
  }

  /** The agent of the task is gone; the task waits for it until a moment. */
  awaitReturn(task: LiveTask, until: number): void {
    task.graceUntil = until;
    if (task.lastHolder) add(this.lost, agentKey(task.lastHolder), task);
  }

  /** Tasks that wait for this agent and were held by the same credentials. */
  waitingFor(agent: Agent): LiveTask[] {
    return [...(this.lost.get(agent.key) ?? NONE)].filter((task) => task.mayReturnTo(agent));
  }

  private forgetLost(task: LiveTask): void {
    if (!task.waitsForHolder) return;
    task.graceUntil = undefined;
    if (task.lastHolder) drop(this.lost, agentKey(task.lastHolder), task);
  }
}

function add<K>(sets: Map<K, Set<LiveTask>>, key: K, task: LiveTask): void {
  const set = sets.get(key);
  if (set) set.add(task);
  else sets.set(key, new Set([task]));
}

function drop<K>(sets: Map<K, Set<LiveTask>>, key: K, task: LiveTask): void {
  const set = sets.get(key);
  set?.delete(task);
  if (set?.size === 0) sets.delete(key);
}
