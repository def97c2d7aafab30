import type { Agent } from '../agent/agent.js';
import type { AgentCard, AgentSkill } from '../types.js';

export interface CardOptions {
  /** Of the agent; `1.0.0` by default. */
  readonly version?: string;
  /** Whether callers need a bearer token. */
  readonly guarded?: boolean;
}

const MODES = ['text/plain', 'application/json'];
const BEARER = { scheme: 'bearer' };
/** In the words of 0.3 and of 1.0. */
const SECURITY = {
  securitySchemes: { bearer: { type: 'http', ...BEARER, httpAuthSecurityScheme: BEARER } },
  security: [{ bearer: [] }],
  securityRequirements: [{ schemes: { bearer: { list: [] } } }],
};

/**
 * The card of an agent that is served at `baseUrl`, for clients of A2A 0.3 and 1.0 and of the adk family: its skills are those of
 * the agent and of its sub-agents.
 * @throws TypeError when the agent has no name or description, which every card needs
 */
export function buildAgentCard(
  agent: Agent,
  baseUrl: string,
  { version = '1.0.0', guarded = false }: CardOptions = {},
): AgentCard {
  for (const field of ['name', 'description'] as const)
    if (agent[field].trim() === '') throw new TypeError(`the agent's ${field} must not be blank`);
  const url = `${baseUrl.replace(/\/+$/, '')}/a2a`;
  return {
    name: agent.name,
    description: agent.description,
    version,
    url,
    protocolVersion: '0.3.0',
    preferredTransport: 'JSONRPC',
    additionalInterfaces: [{ url, transport: 'JSONRPC' }],
    supportedInterfaces: ['1.0', '0.3'].map((protocolVersion) => ({
      url,
      protocolBinding: 'JSONRPC',
      protocolVersion,
    })),
    capabilities: { streaming: true, pushNotifications: false, stateTransitionHistory: true },
    defaultInputModes: MODES,
    defaultOutputModes: MODES,
    skills: skillsOf(agent),
    ...(guarded ? SECURITY : {}),
  };
}

/** The agent itself; that it orchestrates, if it does; each of its sub-agents. Ids and tags are those of the adk family. */
function skillsOf({ name, description, subAgents = [] }: Agent): AgentSkill[] {
  const own = { id: name, name, description, tags: ['agent'] };
  if (subAgents.length === 0) return [own];
  return [
    own,
    {
      id: `${name}-sub-agents`,
      name: 'sub-agents',
      description: `Orchestrates: ${subAgents.map((sub) => sub.description).join('; ')}`,
      tags: ['orchestration'],
    },
    ...subAgents.map((sub) => ({
      id: `${sub.name}_${sub.name}`,
      name: `${sub.name}: ${sub.name}`,
      description: sub.description,
      tags: [`sub_agent:${sub.name}`, 'agent'],
    })),
  ];
}
