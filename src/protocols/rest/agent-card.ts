import type { A2aConfig } from '../../config/a2a.config.js';
import type { AgentView } from '../../core/agent.js';
import { toSkill } from '../../transport/orchestrator/agent-view.js';
import type { SkillWire } from '../../transport/orchestrator/orchestrator.wire.js';
import { version } from '../../transport/version.js';
import type { AggregatedCardWire } from './rest.wire.js';

/** A2A version whose card layout this is. */
const PROTOCOL_VERSION = '0.3.0';

/**
 * All online agents as one: the skills of each, without duplicates.
 * @param publicUrl from the configuration, never from a request
 */
export const toAggregatedCard = (
  views: readonly AgentView[],
  publicUrl: string,
  { streaming, pushNotifications }: Pick<A2aConfig, 'streaming' | 'pushNotifications'>,
): AggregatedCardWire => ({
  name: 'agent-gateway',
  description:
    'One door to every agent that is connected to this gateway: tasks are durable, resumable and routed by skill.',
  url: `${publicUrl}/a2a`,
  version,
  protocolVersion: PROTOCOL_VERSION,
  preferredTransport: 'JSONRPC',
  capabilities: { streaming, pushNotifications, stateTransitionHistory: true },
  defaultInputModes: ['text/plain', 'application/json'],
  defaultOutputModes: ['text/plain', 'application/json'],
  documentationUrl: `${publicUrl}/.well-known/skill.md`,
  skills: skillsOf(views),
});

/** The first agent that offers a skill describes it. */
function skillsOf(views: readonly AgentView[]): SkillWire[] {
  const skills = new Map<string, SkillWire>();
  for (const { card } of views)
    for (const skill of card.skills) if (!skills.has(skill.id)) skills.set(skill.id, toSkill(skill));
  return [...skills.values()];
}
