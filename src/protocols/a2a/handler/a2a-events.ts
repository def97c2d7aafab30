import type { StreamResponse } from '@a2a-js/sdk';
import type { TaskEvent, TaskEventBody, TaskRecord } from '../../../core/task.js';
import { fromArtifact, statusOf, type FailureText } from './a2a.mapper.js';

/** One task's log as A2A's stream events (1.0 §3.1.2): the task itself comes first, and not from here. */
export class A2aEvents {
  private working = false;
  private pieces = 0;

  constructor(
    private readonly record: TaskRecord,
    private readonly failure: FailureText,
  ) {}

  /** What an entry of the log means to a stream; the first one is the task itself. */
  of({ seq, at, body }: TaskEvent): StreamResponse[] {
    if (seq === 1) return [];
    switch (body.event) {
      case 'queued':
        this.pieces = 0;
        return [this.status('queued', at)];
      case 'running':
        return this.begin(at);
      case 'progress':
        this.working = true;
        return [this.status('running', at, body.message, { pct: body.pct })];
      case 'artifact':
        return [...this.begin(at), this.piece(body.artifact, this.pieces++ > 0, body.last_chunk)];
      case 'completed':
        return [...this.begin(at), ...this.whole(body.artifact), this.status('completed', at)];
      case 'failed':
        return [this.status('failed', at, this.failure(body.error))];
      case 'canceled':
        return [this.status('canceled', at)];
    }
  }

  /** An agent that never said that it works has worked all the same. */
  private begin(at: number): StreamResponse[] {
    if (this.working) return [];
    this.working = true;
    return [this.status('running', at)];
  }

  /** A result that came in pieces is there already. */
  private whole(artifact: Extract<TaskEventBody, { event: 'completed' }>['artifact']): StreamResponse[] {
    return artifact && this.pieces === 0 ? [this.piece(artifact, false, true)] : [];
  }

  private piece(
    artifact: Parameters<typeof fromArtifact>[0],
    append: boolean,
    lastChunk: boolean,
  ): StreamResponse {
    const value = { ...this.ids, artifact: fromArtifact(artifact), append, lastChunk, metadata: undefined };
    return { payload: { $case: 'artifactUpdate', value } };
  }

  private status(
    state: TaskRecord['state'],
    at: number,
    text?: string,
    metadata?: Record<string, unknown>,
  ): StreamResponse {
    const value = { ...this.ids, status: statusOf(this.record, state, at, text), metadata };
    return { payload: { $case: 'statusUpdate', value } };
  }

  private get ids() {
    return { taskId: this.record.id, contextId: this.record.contextId ?? '' };
  }
}
