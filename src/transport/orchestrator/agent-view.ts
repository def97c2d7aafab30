import type { AgentView, Skill } from '../../core/agent.js';
import { isoTime } from '../../core/clock.js';
import type { AgentListWire, AgentWire, SkillWire } from './orchestrator.wire.js';

/** Agents as GET /agents and `agents/list` show them. */
export const toAgentList = (views: readonly AgentView[]): AgentListWire => ({
  agents: views.map(toAgent),
  total: views.length,
});

/** One agent as every API shows it. */
export function toAgent(view: AgentView): AgentWire {
  const { card } = view;
  return {
    id: card.name,
    name: card.name,
    version: card.version,
    description: card.description,
    namespace: view.namespace,
    kind: view.kind,
    skills: card.skills.map(toSkill),
    load: view.load,
    max_concurrency: card.maxConcurrency,
    status: view.status,
    connected_at: isoTime(view.connectedAt),
    last_seen: isoTime(view.lastSeen),
  };
}

export const toSkill = ({ id, name, description, tags }: Skill): SkillWire => ({
  id,
  name,
  description,
  tags,
});
