import { Injectable } from '@nestjs/common';
import type { AgentName, Namespace, TaskId } from '../../core/ids.js';
import { PRIORITIES, type Priority } from '../../core/task.js';
import type { Agent } from '../registry/agent.js';
import type { LiveTask } from './live-task.js';

/** How long a task of a lower priority waits until it stands level with a new one of the higher. Static, so order costs nothing. */
const HEAD_START_MS: Record<Priority, number> = { high: 0, medium: 15_000, low: 30_000 };

class Node {
  previous: Node | undefined;
  next: Node | undefined;

  constructor(
    readonly task: LiveTask,
    /** Who has the smallest rank is next: time of submission plus what the priority adds. */
    readonly rank: number,
    readonly key: string,
    readonly line: Line,
  ) {}

  comesBefore(other: Node): boolean {
    return this.rank < other.rank || (this.rank === other.rank && this.task.id < other.task.id);
  }
}

/** Tasks of one priority, first in first out; removal from anywhere in constant time. */
class Line {
  head: Node | undefined;
  private tail: Node | undefined;
  /** Who came in last: tasks that come back together stand together, so the next place is near. */
  private newest: Node | undefined;

  /** New tasks go to the end; one that comes back (its agent was lost) to the place of its age. */
  insert(node: Node): void {
    const after = this.placeOf(node);
    this.newest = node;
    const before = after ? after.next : this.head;
    node.previous = after;
    node.next = before;
    if (after) after.next = node;
    else this.head = node;
    if (before) before.previous = node;
    else this.tail = node;
  }

  remove(node: Node): void {
    if (this.newest === node) this.newest = node.previous ?? node.next;
    if (node.previous) node.previous.next = node.next;
    else this.head = node.next;
    if (node.next) node.next.previous = node.previous;
    else this.tail = node.previous;
  }

  /** After whom it stands; undefined: first. */
  private placeOf(node: Node): Node | undefined {
    if (!this.tail || !node.comesBefore(this.tail)) return this.tail;
    if (!this.head || node.comesBefore(this.head)) return undefined;
    let after = this.newest ?? this.tail;
    while (node.comesBefore(after)) after = after.previous!;
    while (after.next && !node.comesBefore(after.next)) after = after.next;
    return after;
  }
}

type Lane = Record<Priority, Line>;

/** Tasks that wait for an agent. Finding the next task for an agent costs the number of its skills, not of waiting tasks. */
@Injectable()
export class WaitingQueue {
  private readonly lanes = new Map<string, Lane>();
  private readonly nodes = new Map<TaskId, Node>();
  private readonly counts = new Map<Namespace, number>();

  get size(): number {
    return this.nodes.size;
  }

  /** Waiting tasks of a namespace. */
  count(namespace: Namespace): number {
    return this.counts.get(namespace) ?? 0;
  }

  add(task: LiveTask): void {
    const { record } = task;
    const key = laneOf(task);
    let lane = this.lanes.get(key);
    if (!lane) this.lanes.set(key, (lane = { high: new Line(), medium: new Line(), low: new Line() }));
    const line = lane[record.priority];
    const node = new Node(task, record.createdAt + HEAD_START_MS[record.priority], key, line);
    line.insert(node);
    this.nodes.set(task.id, node);
    this.counts.set(record.namespace, this.count(record.namespace) + 1);
  }

  remove(task: LiveTask): boolean {
    const node = this.nodes.get(task.id);
    if (!node) return false;
    this.nodes.delete(task.id);
    node.line.remove(node);
    this.forgetEmpty(node);
    return true;
  }

  /** The task that the agent should get next; stays in the queue. */
  nextFor(agent: Agent): LiveTask | undefined {
    if (this.nodes.size === 0) return undefined;
    let best: Node | undefined;
    for (const key of lanesOf(agent)) {
      const lane = this.lanes.get(key);
      if (!lane) continue;
      for (const priority of PRIORITIES) {
        const head = lane[priority].head;
        if (head && (!best || head.comesBefore(best))) best = head;
      }
    }
    return best?.task;
  }

  private forgetEmpty({ key, task }: Node): void {
    const { namespace } = task.record;
    const left = this.count(namespace) - 1;
    if (left > 0) this.counts.set(namespace, left);
    else this.counts.delete(namespace);
    const lane = this.lanes.get(key);
    if (lane && PRIORITIES.every((priority) => !lane[priority].head)) this.lanes.delete(key);
  }
}

/** A task with the caller's answer waits for the agent that asked. */
function laneOf({ continues, record }: LiveTask): string {
  const { agent, scope, pinnedAgent, skill } = record;
  return continues && agent
    ? laneKey(agent.namespace, agent.name, skill)
    : laneKey(scope, pinnedAgent, skill);
}

const laneKey = (scope: Namespace | null, agent: AgentName | null, skill: string): string =>
  `${scope ?? ''}\n${agent ?? ''}\n${skill}`;

/** The lanes that an agent serves: its skills, in its namespace and in none, for anybody and for it by name. */
function* lanesOf(agent: Agent): Iterable<string> {
  for (const { id } of agent.card.skills)
    for (const scope of [agent.namespace, null]) {
      yield laneKey(scope, null, id);
      yield laneKey(scope, agent.card.name, id);
    }
}
