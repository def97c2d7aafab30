import type { AgentMessage } from '../../core/agent-message.js';
import type { TaskId } from '../../core/ids.js';
import { NotTaken } from '../../core/not-taken.js';
import type { Principal } from '../../core/principal.js';
import type { Message, TaskInput } from '../../core/task.js';

/** One dispatch of a task to an agent. */
export interface Assignment {
  readonly taskId: TaskId;
  readonly skill: string;
  /** 1 for the first dispatch. */
  readonly attempt: number;
  /** With `continuation`, its message is the caller's answer. */
  readonly input: TaskInput;
  /** The agent asked for this: it goes on with the task where it stopped. */
  readonly continuation?: boolean;
  /** What was said so far, where an earlier agent asked its caller and was lost afterwards. */
  readonly history?: readonly Message[];
}

/** Why the gateway ends a connection. */
export type CloseReason = 'replaced' | 'silent' | 'revoked' | 'expired' | 'shutdown';

/** How the engine speaks to an agent, whatever its protocol. No call but `deliver` throws or waits: what cannot be sent shows as a lost connection. */
export abstract class AgentConnection {
  /** Kind of the connection as `/agents` shows it, e.g. `bot`. */
  abstract readonly kind: string;
  /** The credentials it was opened with. */
  abstract readonly principal: Principal;
  /** Whether the agent still has a task that it had begun on an earlier connection; one that does not say is believed to. */
  stillHas(_taskId: TaskId): boolean {
    return true;
  }
  abstract assign(assignment: Assignment): void;
  abstract cancel(taskId: TaskId): void;
  /**
   * Hands it a message of another agent; resolves when its side has taken it.
   * @param _confirmed it will be sent again if it is lost: the agent must say that it has it, where it could get lost in between
   * @throws NotTaken with the reason, also when agents of this kind take no messages
   */
  deliver(_message: AgentMessage, _confirmed: boolean): Promise<void> {
    return Promise.reject(new NotTaken(`agents of kind "${this.kind}" take no messages`, { final: true }));
  }
  abstract ping(): void;
  abstract close(reason: CloseReason): void;
  /** While true, the gateway itself has stopped reading from it: silence means nothing. */
  abstract readonly paused: boolean;
}
