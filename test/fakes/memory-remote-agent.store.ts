import { agentKey, sameAgent, type AgentRef, type Namespace, type TaskId } from '../../src/core/ids.js';
import {
  type RemoteAgentRecord,
  RemoteAgentStore,
  type RemoteContext,
  type RemoteRun,
} from '../../src/engine/registry/remote-agent.store.js';

/** Remote agents in memory. */
export class MemoryRemoteAgentStore extends RemoteAgentStore {
  private readonly agents = new Map<string, RemoteAgentRecord>();
  private readonly running = new Map<TaskId, RemoteRun>();
  private readonly contexts = new Map<string, RemoteContext & { readonly at: number }>();

  override async save(record: RemoteAgentRecord): Promise<void> {
    this.agents.set(agentKey(record.ref), record);
  }

  override async remove(ref: AgentRef): Promise<void> {
    this.agents.delete(agentKey(ref));
    for (const [id, run] of this.running) if (sameAgent(run.ref, ref)) this.running.delete(id);
    for (const [key, context] of this.contexts) if (sameAgent(context.ref, ref)) this.contexts.delete(key);
  }

  override async all(): Promise<readonly RemoteAgentRecord[]> {
    return [...this.agents.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
  }

  override async saveRun(run: RemoteRun, context: RemoteContext | undefined, at: number): Promise<void> {
    this.running.set(run.taskId, run);
    if (context) this.contexts.set(contextKey(context), { ...context, at });
  }

  override async removeRun(taskId: TaskId): Promise<void> {
    this.running.delete(taskId);
  }

  override async runs(): Promise<readonly RemoteRun[]> {
    return [...this.running.values()].sort((a, b) => (a.taskId < b.taskId ? -1 : 1));
  }

  override async remoteContext(
    namespace: Namespace,
    contextId: string,
    ref: AgentRef,
  ): Promise<string | undefined> {
    return this.contexts.get(contextKey({ namespace, contextId, ref }))?.remoteContextId;
  }

  override async purgeContexts(usedBefore: number): Promise<void> {
    for (const [key, { at }] of this.contexts) if (at < usedBefore) this.contexts.delete(key);
  }
}

const contextKey = ({ namespace, contextId, ref }: Omit<RemoteContext, 'remoteContextId'>): string =>
  JSON.stringify([namespace, contextId, ref.namespace, ref.name]);
