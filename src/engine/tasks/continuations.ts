import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../core/errors.js';
import type { Message, TaskRecord } from '../../core/task.js';
import { Conversations } from './conversations.js';
import { Dispatcher } from './dispatcher.js';
import type { LiveTask } from './live-task.js';
import { TaskSteps } from './task-steps.js';

/** Takes callers' answers to what agents ask, and sends them on: stored first, then to the agent that asked. */
@Injectable()
export class Continuations {
  constructor(
    private readonly conversations: Conversations,
    private readonly dispatcher: Dispatcher,
    private readonly steps: TaskSteps,
  ) {}

  /** Decides at once; resolves when the answer is on disk. @throws GatewayError CONFLICT when the agent waits for nothing */
  take(task: LiveTask, message: Message): Promise<void> {
    if (!task.interrupted) throw notAsked(task.record);
    const agent = task.record.agent?.name ?? null;
    const stored = this.steps.move(task, { event: 'queued', agent_id: agent, message });
    task.answer = { message, stored };
    this.dispatcher.place(task);
    return stored;
  }

  /**
   * Whether this answer, told by its `messageId`, was given before; resolves when that one is on disk.
   * @throws GatewayError CONFLICT when it was another under the same id
   */
  async isRepeated(task: LiveTask, message: Message): Promise<boolean> {
    const { messageId } = message;
    if (messageId === undefined) return false;
    if (task.answer?.message.messageId === messageId) {
      await task.answer.stored;
      return sameWords(task.answer.message, message);
    }
    const said = await this.conversations.of(task.id);
    const before = said.find((one) => one.messageId === messageId && one.role === message.role);
    return before !== undefined && sameWords(before, message);
  }
}

function sameWords(before: Message, now: Message): true {
  if (JSON.stringify(before.parts) === JSON.stringify(now.parts)) return true;
  throw new GatewayError('CONFLICT', 'messageId: was used for another message; use a new one');
}

const notAsked = ({ state }: TaskRecord): GatewayError =>
  new GatewayError(
    'CONFLICT',
    `the task is ${state}: it takes a message only while its agent waits for one (input_required, auth_required)`,
  );
