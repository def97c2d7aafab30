import type { Task, TaskStatus } from '@a2a-js/sdk';
import {
  artifactsOf,
  messageOf,
  type Message,
  type TaskEvent,
  type TaskInput,
  type TaskRecord,
} from '../../../core/task.js';
import { Artifacts } from '../../../engine/tasks/artifact-builder.js';
import { fromTask } from '../handler/a2a.mapper.js';

/** Of a status that is known already, nothing has to be said about a failure. */
const NO_FAILURE = (): string => '';

/** A task as it was after the events taken so far. */
export class TaskThen {
  private artifacts = new Artifacts();
  private readonly history: Message[] = [];

  constructor(
    private readonly record: TaskRecord,
    input: TaskInput,
  ) {
    this.say(1, input.message);
  }

  take({ seq, body }: TaskEvent): void {
    const message = messageOf(body);
    if (message) this.say(seq, message);
    if (body.event === 'artifact') this.artifacts.add(body.artifact, body.append);
    if (body.event === 'completed')
      for (const artifact of artifactsOf(body)) this.artifacts.add(artifact, false);
    // Handed to another agent, which begins anew.
    if (body.event === 'queued' && !message) this.artifacts = new Artifacts();
  }

  task(status: TaskStatus): Task {
    const { record, history } = this;
    const shown = { record, artifacts: this.artifacts.build(), message: null, history };
    return { ...fromTask(shown, NO_FAILURE), status };
  }

  /** As every read of the task names its messages. */
  private say(seq: number, message: Message): void {
    this.history.push({ messageId: `${this.record.id}-${seq}`, ...message });
  }
}
