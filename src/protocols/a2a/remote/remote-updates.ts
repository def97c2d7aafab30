import type { Artifact as A2aArtifact, Message as A2aMessage, Task, TaskStatus } from '@a2a-js/sdk';
import type { Artifact, Message, TaskReport } from '../../../core/task.js';
import { toMessage, toPart } from '../handler/a2a.mapper.js';
import type { Payload } from './remote-client.js';

/** A2A's states by their numbers; the SDK's enum is not loaded for them. */
const WORKING = 2;
const COMPLETED = 3;
const FAILED = 4;
const CANCELED = 5;
const INPUT_REQUIRED = 6;
const REJECTED = 7;
const AUTH_REQUIRED = 8;

/** Where a remote task stands, as far as a follower has to know. */
export type Standing = 'active' | 'input_required' | 'auth_required' | 'ended';

export function standingOf(status: TaskStatus | undefined): Standing {
  switch (Number(status?.state ?? WORKING)) {
    case COMPLETED:
    case FAILED:
    case CANCELED:
    case REJECTED:
      return 'ended';
    case INPUT_REQUIRED:
      return 'input_required';
    case AUTH_REQUIRED:
      return 'auth_required';
    default:
      return 'active';
  }
}

/** The task as if the agent worked on it. */
export const workingTask = (task: Task): Task => ({
  ...task,
  status: { state: WORKING, message: undefined, timestamp: undefined },
});

/** The agent does not want to work on it. */
export const isRefused = (payload: Payload): boolean =>
  payload.$case === 'task' && Number(payload.value.status?.state) === REJECTED;

/** The agent says that the task was canceled. */
export const isCanceled = (payload: Payload): boolean =>
  (payload.$case === 'task' || payload.$case === 'statusUpdate') &&
  Number(payload.value.status?.state) === CANCELED;

/** What a remote agent says about one task, as reports to the engine. */
export class RemoteUpdates {
  /** Artifacts reported so far, by id: as JSON where whole, else null. */
  private readonly reported = new Map<string, string | null>();

  /** Set where it is not known whether a piece adds or replaces: it adds, and the whole task must be asked for at the end. */
  guessesAppend = false;

  /** What was heard may not be all there is: there was no artifact, or it is a guess. */
  get isDoubtful(): boolean {
    return this.reported.size === 0 || this.guessesAppend;
  }

  of(payload: Payload): TaskReport[] {
    switch (payload.$case) {
      case 'message':
        return [{ status: 'completed', message: said(payload.value) }];
      case 'task':
        return this.ofTask(payload.value);
      case 'statusUpdate':
        return ofStatus(payload.value.status);
      case 'artifactUpdate': {
        const { artifact, append, lastChunk } = payload.value;
        return artifact ? [this.piece(artifact, append, lastChunk)] : [];
      }
    }
  }

  /** A task as a whole: artifacts that are not known like this yet replace what there is under their ids. */
  private ofTask({ status, artifacts }: Task): TaskReport[] {
    const whole = merged(artifacts).filter((artifact) => this.isNew(artifact));
    const rest = ofStatus(status);
    const [end] = rest;
    // The usual case in one write: a result that comes with the end.
    const [only] = whole;
    if (only && whole.length === 1 && this.reported.size === 1 && end?.status === 'completed')
      return [{ ...end, artifact: toArtifact(only) }];
    return [...whole.map((artifact) => wholeReport(artifact)), ...rest];
  }

  private isNew(artifact: A2aArtifact): boolean {
    const json = JSON.stringify(artifact);
    const id = artifact.artifactId;
    if (this.reported.get(id) === json) return false;
    this.reported.set(id, json);
    return true;
  }

  /** The first piece of an artifact begins it, whatever it says about itself; a later one that does not append replaces it. */
  private piece(artifact: A2aArtifact, append: boolean, lastChunk: boolean): TaskReport {
    const begins = !this.reported.has(artifact.artifactId);
    this.reported.set(artifact.artifactId, null);
    const adds = append || (begins ? !lastChunk : this.guessesAppend);
    return { status: 'running', artifact: toArtifact(artifact), append: adds, lastChunk };
  }
}

const wholeReport = (artifact: A2aArtifact): TaskReport => ({
  status: 'running',
  artifact: toArtifact(artifact),
  append: false,
});

function ofStatus(status: TaskStatus | undefined): TaskReport[] {
  const message = status?.message && said(status.message);
  const words = message && textOf(message);
  const state = Number(status?.state ?? WORKING);
  if (state === FAILED) return [{ status: 'failed', error: words ?? 'the remote agent failed' }];
  if (state === CANCELED) return [{ status: 'failed', error: words ?? 'the remote agent canceled the task' }];
  const why = state === REJECTED ? { error: words ?? 'the remote agent rejected the task' } : {};
  return [{ status: STATUSES[state] ?? 'running', ...why, ...(message && { message }) }];
}

/** States that need no more than their name; every other one means that the task goes on. */
const STATUSES: Readonly<Record<number, TaskReport['status']>> = {
  [COMPLETED]: 'completed',
  [REJECTED]: 'rejected',
  [INPUT_REQUIRED]: 'input_required',
  [AUTH_REQUIRED]: 'auth_required',
};

/** What the agent says, without the names that it has for task and context. */
function said(message: A2aMessage): Message {
  const { parts, messageId, metadata, extensions } = toMessage(message);
  return {
    role: 'agent',
    parts,
    ...(messageId !== undefined && { messageId }),
    ...(metadata && { metadata }),
    ...(extensions && { extensions }),
  };
}

function textOf({ parts }: Message): string | undefined {
  const text = parts.flatMap((part) => (typeof part.text === 'string' ? [part.text] : [])).join('\n');
  return text === '' ? undefined : text;
}

function toArtifact({ artifactId, name, description, parts, metadata, extensions }: A2aArtifact): Artifact {
  return {
    ...(artifactId && { artifact_id: artifactId }),
    ...(name && { name }),
    ...(description && { description }),
    ...(metadata && Object.keys(metadata).length > 0 && { metadata: metadata }),
    ...(extensions.length > 0 && { extensions }),
    parts: parts.map(toPart),
  };
}

/** Some agents list the pieces of one artifact as artifacts of one id. */
function merged(artifacts: readonly A2aArtifact[]): A2aArtifact[] {
  const byId = new Map<string, A2aArtifact>();
  for (const artifact of artifacts) {
    const known = byId.get(artifact.artifactId);
    byId.set(
      artifact.artifactId,
      known ? { ...known, parts: [...known.parts, ...artifact.parts] } : artifact,
    );
  }
  return [...byId.values()];
}
