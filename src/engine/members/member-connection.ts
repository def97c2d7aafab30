import type { TaskId } from '../../core/ids.js';
import type { Principal } from '../../core/principal.js';
import { AgentConnection } from '../registry/agent-connection.js';
import type { Agent } from '../registry/agent.js';
import { principalOf, type Member } from '../../core/member.js';

/** The connection of a member: it lasts from one sign of life to the next, not as long as a socket. */
export abstract class MemberConnection extends AgentConnection {
  override readonly principal: Principal;
  /** Its entry in the registry; set as soon as it is admitted. */
  agent: Agent | undefined;

  constructor(public member: Member) {
    super();
    this.principal = principalOf(member);
  }

  /** A member is judged by its own heartbeats and their timeout; it answers no pings. */
  override get paused(): boolean {
    return true;
  }

  override ping(): void {
    // It sends heartbeats by itself.
  }

  /** It has reported on a task, and so has it; `over`: it is done with it, or waits for the caller's answer. */
  abstract reported(taskId: TaskId, over: boolean): void;
}

/** Makes the connection of a member; a protocol provides it. */
export type ConnectMember = (member: Member) => MemberConnection;
