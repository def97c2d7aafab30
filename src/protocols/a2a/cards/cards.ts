import type { AgentView, Skill } from '../../../core/agent.js';
import { version } from '../../../transport/version.js';

/** A hybrid card: the fields of 0.3 and of 1.0 beside each other, so that clients of both read it. */
export type CardWire = Readonly<Record<string, unknown>>;

export interface CardSubject {
  readonly name: string;
  readonly description: string;
  readonly version?: string;
  readonly skills: readonly Skill[];
  /** Where its calls go; from the configured public URL only. */
  readonly url: string;
  /** Whether callers need a token. */
  readonly guarded: boolean;
}

const DESCRIPTION =
  'One door to every agent that is connected to this gateway: tasks are durable, resumable and routed by skill.';

export const gatewaySubject = (views: readonly AgentView[], base: string, guarded: boolean): CardSubject => ({
  name: 'agent-gateway',
  description: DESCRIPTION,
  skills: distinct(views),
  url: `${base}/a2a`,
  guarded,
});

/** One skill as an agent of its own, whoever has it. */
export const skillSubject = (skill: Skill, base: string, guarded: boolean): CardSubject => ({
  name: skill.name,
  description: skill.description || `Tasks for the skill ${skill.id}`,
  skills: [skill],
  url: `${base}/a2a/skills/${encodeURIComponent(skill.id)}`,
  guarded,
});

export const agentSubject = ({ card }: AgentView, base: string, guarded: boolean): CardSubject => ({
  name: card.name,
  description: card.description || `The agent ${card.name}`,
  version: card.version,
  skills: card.skills,
  url: `${base}/a2a/agents/${encodeURIComponent(card.name)}`,
  guarded,
});

/** The skills of all, without duplicates: who offers one first describes it. */
export function distinct(views: readonly AgentView[]): Skill[] {
  const skills = new Map<string, Skill>();
  for (const { card } of views)
    for (const skill of card.skills) if (!skills.has(skill.id)) skills.set(skill.id, skill);
  return [...skills.values()];
}

const BEARER = { scheme: 'bearer', bearerFormat: 'JWT' };
const SECURITY = {
  securitySchemes: { bearer: { type: 'http', ...BEARER, httpAuthSecurityScheme: BEARER } },
  security: [{ bearer: [] }],
  securityRequirements: [{ schemes: { bearer: { list: [] } } }],
};

/** The preferred one first. */
const BINDINGS = ['JSONRPC', 'HTTP+JSON'];

/** A2A 1.0 §4.4 and 0.3 §5.5 in one. */
export const hybridCard = (subject: CardSubject): CardWire => ({
  name: subject.name,
  description: subject.description,
  version: subject.version ?? version,
  // 0.3
  protocolVersion: '0.3.0',
  url: subject.url,
  preferredTransport: 'JSONRPC',
  additionalInterfaces: BINDINGS.map((transport) => ({ url: subject.url, transport })),
  supportsAuthenticatedExtendedCard: false,
  // 1.0
  supportedInterfaces: ['1.0', '0.3'].flatMap((protocolVersion) =>
    BINDINGS.map((protocolBinding) => ({ url: subject.url, protocolBinding, protocolVersion })),
  ),
  capabilities: {
    streaming: true,
    pushNotifications: false,
    stateTransitionHistory: true,
    extendedAgentCard: false,
  },
  defaultInputModes: ['text/plain', 'application/json'],
  defaultOutputModes: ['text/plain', 'application/json'],
  skills: subject.skills.map(({ id, name, description, tags }) => ({
    id,
    name,
    description: description || name,
    tags: tags.length > 0 ? tags : [id],
  })),
  ...(subject.guarded ? SECURITY : {}),
});
