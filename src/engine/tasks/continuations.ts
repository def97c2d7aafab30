import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../core/errors.js';
import type { TaskId } from '../../core/ids.js';
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

  /**
   * Decides at once; resolves when the answer is on disk. The newest answer again is the same answer.
   * @throws GatewayError CONFLICT when the agent waits for nothing
   */
  take(task: LiveTask, message: Message): Promise<void> {
    if (task.answer && isAgain(task.answer.message, message)) return task.answer.stored;
    if (!task.interrupted) throw notAsked(task.record);
    const agent = task.record.agent?.name ?? null;
    const stored = this.steps.move(task, { event: 'queued', agent_id: agent, message });
    task.answer = { message, stored };
    this.dispatcher.place(task);
    return stored;
  }

  /** Whether this answer is on disk already. @throws GatewayError CONFLICT when it was another under the same `messageId` */
  async wasGiven(id: TaskId, message: Message): Promise<boolean> {
    if (message.messageId === undefined) return false;
    return (await this.conversations.of(id)).some((before) => isAgain(before, message));
  }
}

/** One message id stands for one message. @throws GatewayError CONFLICT */
function isAgain(before: Message, now: Message): boolean {
  if (now.messageId === undefined || before.messageId !== now.messageId || before.role !== now.role)
    return false;
  if (JSON.stringify(before.parts) === JSON.stringify(now.parts)) return true;
  throw new GatewayError('CONFLICT', 'messageId: was used for another message; use a new one');
}

const notAsked = ({ state }: TaskRecord): GatewayError =>
  new GatewayError(
    'CONFLICT',
    `the task is ${state}: it takes a message only while its agent waits for one (input_required, auth_required)`,
  );
