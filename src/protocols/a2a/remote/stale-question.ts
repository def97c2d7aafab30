import type { TaskStatus } from '@a2a-js/sdk';
import type { Clock } from '../../../core/clock.js';
import type { Payload } from './remote-client.js';
import { standingOf, workingTask } from './remote-updates.js';

/**
 * The caller has answered, and the first that comes back may be the task as it was before: with the question that has just been
 * answered. It is not the agent asking again, for some time.
 */
export class StaleQuestion {
  private readonly until: number;
  private heard = false;

  /** @param asked how the agent asked ({@link printOf}); undefined: the process before knew */
  constructor(
    private readonly clock: Clock,
    private readonly asked: string | undefined,
    ms: number,
  ) {
    this.until = clock.now() + ms;
  }

  /** The payload, or the same task as one that is being worked on. */
  judge(payload: Payload): Payload {
    const isFirst = !this.heard;
    this.heard = true;
    if (payload.$case !== 'task' || this.clock.now() > this.until) return payload;
    const { status } = payload.value;
    const standing = standingOf(status);
    if (standing !== 'input_required' && standing !== 'auth_required') return payload;
    const isSame = this.asked === undefined ? isFirst : this.asked === printOf(status);
    return isSame ? { $case: 'task', value: workingTask(payload.value) } : payload;
  }
}

/** Tells one question from another. */
export const printOf = (status: TaskStatus | undefined): string =>
  JSON.stringify([status?.state, status?.timestamp, status?.message?.messageId, status?.message?.parts]);
