import {
  asksBack,
  hasEnded,
  textOf,
  type Artifact,
  type Message,
  type Task,
  type UpdateEvent,
} from '../types.js';
import type { AgentEvent } from './agent.js';

/**
 * What a remote agent has answered so far. Makes events of updates, each piece once: a task that is shown again, after a broken
 * connection, brings only what has not come yet.
 */
export class Answer {
  /** Texts by artifact, as far as they have been handed out. */
  private readonly texts = new Map<string, string>();
  /** How many other parts of an artifact have been. */
  private readonly others = new Map<string, number>();

  *of(update: UpdateEvent): Generator<AgentEvent, void, undefined> {
    switch (update.kind) {
      case 'message':
        yield* pieces(textOf(update.parts), update.parts);
        return;
      case 'artifact-update':
        yield* update.append ? this.more(update.artifact) : this.whole(update.artifact);
        return;
      case 'task':
        for (const artifact of update.artifacts) yield* this.whole(artifact);
        yield* this.said(update);
        return;
      case 'status-update':
        yield* this.said(update);
    }
  }

  /** An end that comes with a message and without any artifact has its answer there; on the way a message is progress. */
  private *said({ status }: Pick<Task, 'status'>): Generator<AgentEvent, void, undefined> {
    const { state, message } = status;
    if (!message) return;
    if (state === 'completed' && this.texts.size === 0 && this.others.size === 0)
      yield* pieces(textOf(message.parts), message.parts);
    else if (!hasEnded(state) && !asksBack(state)) yield { type: 'progress', text: textOf(message.parts) };
  }

  private *more({ artifactId, parts }: Artifact): Generator<AgentEvent, void, undefined> {
    const text = textOf(parts, '');
    const rest = parts.filter(({ kind }) => kind !== 'text');
    this.texts.set(artifactId, (this.texts.get(artifactId) ?? '') + text);
    this.others.set(artifactId, (this.others.get(artifactId) ?? 0) + rest.length);
    yield* pieces(text, rest);
  }

  /** An artifact as it is now: what it has more than before; all of it where it has become another. */
  private *whole({ artifactId, parts }: Artifact): Generator<AgentEvent, void, undefined> {
    const text = textOf(parts, '');
    const rest = parts.filter(({ kind }) => kind !== 'text');
    const before = this.texts.get(artifactId) ?? '';
    const had = this.others.get(artifactId) ?? 0;
    this.texts.set(artifactId, text);
    this.others.set(artifactId, rest.length);
    const news = text.startsWith(before) ? text.slice(before.length) : text;
    yield* pieces(news, rest.slice(had));
  }
}

function* pieces(text: string, parts: Message['parts']): Generator<AgentEvent, void, undefined> {
  const rest = parts.filter(({ kind }) => kind !== 'text');
  if (text !== '') yield { type: 'text', text };
  if (rest.length > 0) yield { type: 'parts', parts: rest };
}
