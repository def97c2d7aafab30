import { Injectable } from '@nestjs/common';
import type { TaskId } from '../../core/ids.js';
import { messageOf, type Message, type TaskInput, type TaskRecord } from '../../core/task.js';
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
    const input = await this.store.input(id);
    if (!input) return [];
    const entries = await this.store.conversation(id);
    const said = entries.map(({ seq, body }) => ({ seq, message: messageOf(body) }));
    return [{ seq: 1, message: input.message }, ...said].flatMap(({ seq, message }) =>
      message ? [{ messageId: `${id}-${seq}`, ...message }] : [],
    );
  }

  /** What the holder of a task has to know; undefined when the task is gone. */
  async briefing({ id, turn, attempt }: TaskRecord): Promise<Briefing | undefined> {
    const input = await this.store.input(id);
    if (!input) return undefined;
    if (turn !== null) return this.continuation(id, input, turn);
    const history = attempt > 1 ? await this.of(id) : [];
    return history.length > 1 ? { input, history } : { input };
  }

  /** Brings a task to what its log says was made and said. */
  async replay(task: LiveTask): Promise<void> {
    let seq = 0;
    for (let more = true; more;) {
      const events = await this.store.eventsSince(task.id, seq, PAGE);
      for (const { body } of events) task.replay(body);
      seq = events.at(-1)?.seq ?? seq;
      more = events.length === PAGE;
    }
    task.hasAnswerToSend = task.continues;
  }

  private async continuation(id: TaskId, input: TaskInput, turn: number): Promise<Briefing | undefined> {
    const [entry] = await this.store.eventsSince(id, turn - 1, 1);
    const message = entry && messageOf(entry.body);
    return message && { input: { ...input, message }, continuation: true };
  }
}
