import type { StreamResponse } from '@a2a-js/sdk';
import {
  artifactId,
  artifactsOf,
  type Artifact,
  type CompletedBody,
  type Message,
  type TaskEvent,
  type TaskEventBody,
  type TaskRecord,
} from '../../../core/task.js';
import { fromArtifact, statusOf, type FailureText } from './a2a.mapper.js';
import { ShownArtifact } from './shown-artifact.js';

/** One task's log as A2A's stream events (1.0 §3.1.2): the task itself comes first, and not from here. */
export class A2aEvents {
  private working = false;
  /** Artifacts that the stream has seen of the work under way, by their ids. */
  private begun = new Map<string, ShownArtifact>();

  constructor(
    private readonly record: TaskRecord,
    private readonly failure: FailureText,
  ) {}

  /** What an entry of the log means to a stream; the first one is the task itself. */
  of({ seq, at, body }: TaskEvent): StreamResponse[] {
    if (seq === 1) return [];
    switch (body.event) {
      case 'queued':
        if (!body.message) this.begun = new Map(); // begun anew
        this.working = false;
        return [this.status('queued', at)];
      case 'running':
        return body.message ? [this.say('running', at, body.message)] : this.begin(at);
      case 'progress':
        this.working = true;
        return [this.status('running', at, body.message, { pct: body.pct })];
      case 'artifact':
        return [...this.begin(at), this.piece(body.artifact, body.append, body.last_chunk)];
      case 'input_required':
      case 'auth_required':
        return [this.say(body.event, at, body.message)];
      case 'rejected':
        return [this.rejected(body, at)];
      case 'completed':
        return [...this.begin(at), ...this.whole(body), this.say('completed', at, body.message)];
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

  /** Of what was made, what the stream has not seen, or not so: the last word may differ from the pieces. */
  private whole(body: CompletedBody): StreamResponse[] {
    const unseen = artifactsOf(body).filter(
      (artifact) => !this.begun.get(artifactId(artifact))?.makes(artifact),
    );
    return unseen.map((artifact) => this.piece(artifact, false, true));
  }

  /** The first piece of an artifact is all that there is of it yet. */
  private piece(artifact: Artifact, append: boolean, lastChunk: boolean): StreamResponse {
    const id = artifactId(artifact);
    const shown = this.begun.get(id) ?? new ShownArtifact();
    const adds = append && this.begun.has(id);
    shown.show(artifact, adds);
    this.begun.set(id, shown);
    const value = {
      ...this.ids,
      artifact: fromArtifact(artifact),
      append: adds,
      lastChunk,
      metadata: undefined,
    };
    return { payload: { $case: 'artifactUpdate', value } };
  }

  private rejected({ message, error }: Extract<TaskEventBody, { event: 'rejected' }>, at: number) {
    return this.status('rejected', at, message ?? this.failure(error));
  }

  /** What the agent says about where it stands. */
  private say(state: TaskRecord['state'], at: number, message: Message | undefined): StreamResponse {
    this.working = state === 'running';
    return this.status(state, at, message);
  }

  private status(
    state: TaskRecord['state'],
    at: number,
    said?: Message | string,
    metadata?: Record<string, unknown>,
  ): StreamResponse {
    const value = { ...this.ids, status: statusOf(this.record, state, at, said), metadata };
    return { payload: { $case: 'statusUpdate', value } };
  }

  private get ids() {
    return { taskId: this.record.id, contextId: this.record.contextId ?? '' };
  }
}
