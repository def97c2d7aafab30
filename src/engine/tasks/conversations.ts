import { Injectable } from '@nestjs/common';
import type { TaskId } from '../../core/ids.js';
import { messageOf, type Message, type TaskEvent, type TaskInput, type TaskRecord } from '../../core/task.js';
import type { LiveTask } from './live-task.js';
import { TaskStore } from './task.store.js';

/** Entries of a log that are read at once. */
const PAGE = 1000;

/** What an agent is sent. */
export interface Briefing {
  readonly input: TaskInput;
  readonly continuation?: boolean;
  readonly history?: readonly Message[];
}

/** What caller and agent have said to each other about a task, and made, as far as it is on disk. */
@Injectable()
export class Conversations {
  constructor(private readonly store: TaskStore) {}

  /** In order, beginning with the input; each message has an id. */
  async of(id: TaskId): Promise<Message[]> {
    const [input, said] = await Promise.all([this.store.input(id), this.store.conversation(id)]);
    return input ? inOrder(id, input, said) : [];
  }

  /** What the holder of a task has to know; undefined when the task is gone. */
  async briefing({ id, turn, attempt }: TaskRecord): Promise<Briefing | undefined> {
    if (turn !== null) return this.continuation(id, turn);
    // Only an attempt before this one can have asked anything.
    const before = attempt > 1 ? this.store.conversation(id) : [];
    const [input, said] = await Promise.all([this.store.input(id), before]);
    if (!input) return undefined;
    const history = inOrder(id, input, said);
    return history.length > 1 ? { input, history } : { input };
  }

  /** Brings a task to what its log says was made and said, up to a sequence. */
  async replay(task: LiveTask, until = Infinity): Promise<void> {
    let seq = 0;
    for (let more = true; more;) {
      const events = await this.store.eventsSince(task.id, seq, PAGE);
      for (const { seq: at, body } of events) if (at <= until) task.replay(body);
      seq = events.at(-1)?.seq ?? seq;
      more = events.length === PAGE && seq < until;
    }
    task.hasAnswerToSend = task.continues;
  }

  private async continuation(id: TaskId, turn: number): Promise<Briefing | undefined> {
    const [input, [entry]] = await Promise.all([
      this.store.input(id),
      this.store.eventsSince(id, turn - 1, 1),
    ]);
    const message = entry && messageOf(entry.body);
    return input && message && { input: { ...input, message }, continuation: true };
  }
}

function inOrder(id: TaskId, input: TaskInput, entries: readonly TaskEvent[]): Message[] {
  const said = entries.map(({ seq, body }) => ({ seq, message: messageOf(body) }));
  return [{ seq: 1, message: input.message }, ...said].flatMap(({ seq, message }) =>
    message ? [{ messageId: `${id}-${seq}`, ...message }] : [],
  );
}
