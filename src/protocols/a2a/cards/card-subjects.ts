import type { AgentView, Skill } from '../../../core/agent.js';
import type { JsonObject } from '../../../core/json.js';
import type { Target } from '../handler/target.js';

/** What a card is about: the gateway, a skill or an agent. */
export interface CardSubject {
  readonly name: string;
  readonly description: string;
  readonly version?: string;
  readonly skills: readonly Skill[];
  /** Path of its calls. */
  readonly path: string;
  /** What stands for the path in bindings that have none. */
  readonly tenant?: string;
  /** What the agent says of itself beyond what the gateway reads. */
  readonly extra?: JsonObject;
}

const DESCRIPTION =
  'One door to every agent that is connected to this gateway: tasks are durable, resumable and routed by skill.';

/** Undefined: there is no such skill or agent among those that are to be seen. */
export function subjectOf({ skill, agent }: Target, views: readonly AgentView[]): CardSubject | undefined {
  if (agent !== undefined) {
    const view = views.find(({ card }) => card.name === agent);
    return view && agentSubject(view);
  }
  if (skill === undefined) return gatewaySubject(views);
  const found = distinct(views).find(({ id }) => id === skill);
  return found && skillSubject(found);
}

export const gatewaySubject = (views: readonly AgentView[]): CardSubject => ({
  name: 'agent-gateway',
  description: DESCRIPTION,
  skills: distinct(views),
  path: '/a2a',
});

/** One skill as an agent of its own, whoever has it. */
const skillSubject = (skill: Skill): CardSubject => ({
  name: skill.name,
  description: skill.description || `Tasks for the skill ${skill.id}`,
  skills: [skill],
  path: `/a2a/skills/${encodeURIComponent(skill.id)}`,
  tenant: `skills/${skill.id}`,
});

const agentSubject = ({ card }: AgentView): CardSubject => ({
  name: card.name,
  description: card.description || `The agent ${card.name}`,
  version: card.version,
  skills: card.skills,
  path: `/a2a/agents/${encodeURIComponent(card.name)}`,
  tenant: `agents/${card.name}`,
  ...(card.extra && { extra: card.extra }),
});

/** The skills of all, without duplicates: who offers one first describes it. */
function distinct(views: readonly AgentView[]): Skill[] {
  const skills = new Map<string, Skill>();
  for (const { card } of views)
    for (const skill of card.skills) if (!skills.has(skill.id)) skills.set(skill.id, skill);
  return [...skills.values()];
}
