import type { AgentMessage } from '../../../core/agent-message.js';
import type { AgentRef, TaskId } from '../../../core/ids.js';
import type { Principal } from '../../../core/principal.js';
import { AgentConnection, type Assignment } from '../../../engine/registry/agent-connection.js';

/** What the engine asks of a remote agent. */
export interface RemoteTasks {
  has(taskId: TaskId): boolean;
  assign(assignment: Assignment): void;
  cancel(taskId: TaskId): void;
}

/** A remote agent as the engine sees it. There is no connection to break: whether it is there is found out by calling it. */
export class RemoteConnection extends AgentConnection {
  override readonly kind = 'a2a';
  /** Its silence means nothing. */
  override readonly paused = true;
  override readonly principal: Principal;

  constructor(
    ref: AgentRef,
    private readonly tasks: RemoteTasks,
    private readonly mail: (message: AgentMessage) => Promise<void>,
  ) {
    super();
    const id = `remote:${ref.namespace}/${ref.name}`;
    this.principal = { id, namespace: ref.namespace, rights: new Set(), grants: [ref] };
  }

  override stillHas(taskId: TaskId): boolean {
    return this.tasks.has(taskId);
  }

  override assign(assignment: Assignment): void {
    this.tasks.assign(assignment);
  }

  override cancel(taskId: TaskId): void {
    this.tasks.cancel(taskId);
  }

  override deliver(message: AgentMessage): Promise<void> {
    return this.mail(message);
  }

  override ping(): void {
    // Calls tell; see RemoteAgent.
  }

  override close(): void {
    // Nothing is open.
  }
}
