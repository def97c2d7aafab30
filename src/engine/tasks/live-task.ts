import { sameAgent, type AgentRef } from '../../core/ids.js';
import { taskEvent, type Artifact, type TaskEvent, type TaskEventBody, type TaskRecord } from '../../core/task.js';
import { isTerminal } from '../../core/task-states.js';
import type { Agent } from '../registry/agent.js';
import { ArtifactBuilder } from './artifact-builder.js';

/**
 * A task that has not ended, as the engine decides on it. It runs ahead of the store by the writes under way;
 * what others see (answers, streams, frames) follows the commit.
 */
export class LiveTask {
  /** The agent that holds it now. */
  holder: Agent | undefined;
  /** The agent of the newest attempt; still heard while nobody else has the task. */
  lastHolder: AgentRef | null;
  /** Credentials of that agent; unknown after a restart. */
  lastPrincipal: string | undefined;
  /** Its agent was lost after it had begun; it waits for that agent until the deadline. */
  waitsForHolder = false;
  /** Sequence of the newest event that is committed. */
  committedSeq = 0;
  private chunks: ArtifactBuilder | undefined;

  constructor(public record: TaskRecord) {
    this.lastHolder = record.agent;
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

  /** Whether a report of this agent counts: it holds the task, or held it last and nobody else does. */
  mayReturnTo(agent: Agent): boolean {
    if (this.holder) return this.holder === agent;
    if (!this.lastHolder || !sameAgent(this.lastHolder, agent.ref)) return false;
    return this.lastPrincipal === undefined || this.lastPrincipal === agent.connection.principal.id;
  }

  /** The next entry of the log; does not record it. */
  nextEvent(at: number, body: TaskEventBody): TaskEvent {
    return taskEvent(this.record.seq + 1, at, body);
  }

  /** Adds a chunk to the artifact; returns its size so far in UTF-16 units of JSON. */
  addChunk(chunk: Artifact): number {
    this.chunks ??= new ArtifactBuilder();
    return this.chunks.add(chunk);
  }

  /** The artifact grown by chunks, if there were any. */
  grownArtifact(): Artifact | undefined {
    return this.chunks?.build();
  }

  /** A new attempt starts its artifact anew. */
  dropChunks(): void {
    this.chunks = undefined;
  }
}
