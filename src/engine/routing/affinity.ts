import QuickLRU from 'quick-lru';
import type { AgentRef, Namespace } from '../../core/ids.js';

/** Contexts that are remembered; the least recently used one is forgotten first. */
const MAX_CONTEXTS = 50_000;

/** Which agent worked on a context last. A hint: it is not kept over a restart. */
export class Affinity {
  private readonly agents = new QuickLRU<string, AgentRef>({ maxSize: MAX_CONTEXTS });

  remember(scope: Namespace | null, contextId: string, agent: AgentRef): void {
    this.agents.set(keyOf(scope, contextId), agent);
  }

  recall(scope: Namespace | null, contextId: string): AgentRef | undefined {
    return this.agents.get(keyOf(scope, contextId));
  }
}

const keyOf = (scope: Namespace | null, contextId: string): string => `${scope ?? ''}\n${contextId}`;
