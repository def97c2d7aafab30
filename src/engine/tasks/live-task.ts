import { sameAgent, type AgentRef } from '../../core/ids.js';
import {
  taskEvent,
  messageOf,
  type Artifact,
  type Message,
  type TaskEvent,
  type TaskEventBody,
  type TaskRecord,
} from '../../core/task.js';
import { isInterrupted, isTerminal } from '../../core/task-states.js';
import type { Agent } from '../registry/agent.js';
import { Artifacts } from './artifact-builder.js';

/**
 * A task that has not ended, as the engine decides on it. It runs ahead of the store by the writes under way;
 * what others see (answers, streams, frames) follows the commit.
 */
export class LiveTask {
  /** The agent that holds it now; while `handed` is false, it has not been sent the task yet. */
  holder: Agent | undefined;
  /** The agent that was sent it last; still heard while nobody else has the task. */
  private last: AgentRef | null = null;
  /** Credentials of that agent. */
  private lastPrincipal: string | null = null;
  /** The holder's assignment is on its way to the disk: it knows nothing of the task yet. */
  storing = false;
  private sent = false;
  /** The newest dispatch that an agent was really sent. */
  sentAttempt = 0;
  /** When an agent was last sent it, milliseconds since the epoch; unknown for a task of the process before. */
  handedAt: number | undefined;
  /** Its agent was lost after it had begun; it waits for that agent until then, but no longer than its own deadline. */
  graceUntil: number | undefined;
  /** Sequence of the newest event that is committed. */
  committedSeq = 0;
  /** Resolves when the end is on disk; undefined while the task goes on. */
  ending: Promise<void> | undefined;
  /** What the caller answered last; `stored` resolves when that is on disk. */
  answer: { readonly message: Message; readonly stored: Promise<void> } | undefined;
  /** The caller's answer has not been sent to the agent yet. */
  hasAnswerToSend = false;
  /** What the agent said with the state it is in. */
  said: Message | null = null;
  private made: Artifacts | undefined;
  private incomplete = false;

  constructor(public record: TaskRecord) {}

  /** A task of the process before: its agent may have been sent it. */
  static takenUp(record: TaskRecord): LiveTask {
    const task = new LiveTask(record);
    task.last = record.agent;
    task.lastPrincipal = record.agentPrincipal;
    task.committedSeq = record.seq;
    task.sentAttempt = record.attempt;
    task.hasAnswerToSend = task.continues;
    return task;
  }

  get lastHolder(): AgentRef | null {
    return this.last;
  }

  get id() {
    return this.record.id;
  }

  get ended(): boolean {
    return isTerminal(this.record.state);
  }

  /** An agent has reported that it works on it. */
  get begun(): boolean {
    return this.record.state === 'running';
  }

  /** The agent waits for its caller; nobody holds it. */
  get interrupted(): boolean {
    return isInterrupted(this.record.state);
  }

  /** It is on its way to the agent that asked, with the caller's answer: nobody else may have it. */
  get continues(): boolean {
    return this.record.state === 'queued' && this.record.turn !== null;
  }

  get waitsForHolder(): boolean {
    return this.graceUntil !== undefined;
  }

  /** The moment at which something must happen; null once ended. */
  get dueAt(): number | null {
    const { deadlineAt } = this.record;
    return deadlineAt === null || this.graceUntil === undefined
      ? deadlineAt
      : Math.min(deadlineAt, this.graceUntil);
  }

  /** Whether the holder has been sent the task. */
  get handed(): boolean {
    return this.sent;
  }

  /** An agent holds the task now, but knows nothing of it yet. */
  reserveFor(agent: Agent): void {
    this.holder = agent;
    this.storing = this.sent = false;
  }

  /** The holder knows of the task from now on. */
  hand(agent: Agent): void {
    this.sent = true;
    this.last = agent.ref;
    this.lastPrincipal = agent.connection.principal.id;
  }

  /** The deadline after a sign of life at `now`; never earlier than the agent may rely on already. */
  deadlineFrom(now: number): number {
    const { timeoutMs, deadlineAt } = this.record;
    return Math.max(now + timeoutMs, deadlineAt ?? 0);
  }

  /** Whether a report of this agent counts: it holds the task, or held it last and nobody else does. */
  mayReturnTo(agent: Agent): boolean {
    if (this.holder && (this.sent || this.holder !== agent)) return this.holder === agent;
    return (
      this.last !== null &&
      sameAgent(this.last, agent.ref) &&
      this.lastPrincipal === agent.connection.principal.id
    );
  }

  /** Whether a report with this number can be about the work under way: a dispatch that was taken back unsent changes nothing. */
  isAttempt(attempt: number): boolean {
    return attempt === this.record.attempt || attempt === this.sentAttempt;
  }

  /** The next entry of the log; does not record it. */
  nextEvent(at: number, body: TaskEventBody): TaskEvent {
    return taskEvent(this.record.seq + 1, at, body);
  }

  /** An entry of the log of the process before. */
  replay(body: TaskEventBody): void {
    this.note(body);
    if (body.event === 'artifact') this.addArtifact(body.artifact, body.append);
    if (body.event === 'queued' && !body.message) this.startArtifacts();
  }

  /** Notes what the newest entry of the log says. */
  note(body: TaskEventBody): void {
    if (body.event !== 'progress' && body.event !== 'artifact')
      this.said = body.event === 'queued' ? null : (messageOf(body) ?? null);
    if (body.event === 'queued') this.hasAnswerToSend = body.message !== undefined;
  }

  /** Adds a piece of an artifact, or a whole one; returns the size of all in bytes of JSON. */
  addArtifact(artifact: Artifact, append: boolean): number {
    this.made ??= new Artifacts();
    return this.made.add(artifact, append);
  }

  /** The artifacts so far. */
  get artifacts(): Artifact[] {
    return this.made?.build() ?? [];
  }

  /** The agent that made the artifacts so far has lost the task; what it still sends does not make a whole. */
  dropArtifacts(): void {
    if (this.made) this.incomplete = true;
    this.made = undefined;
  }

  /** Whether pieces of the attempt under way are gone. */
  get lacksPieces(): boolean {
    return this.incomplete;
  }

  /** A new attempt makes its artifacts anew. */
  startArtifacts(): void {
    this.made = undefined;
    this.incomplete = false;
  }
}
