import type { AgentCard as A2aCard } from '@a2a-js/sdk';
import type { AgentCard, Skill } from '../../../core/agent.js';
import { excerpt, GatewayError, invalid } from '../../../core/errors.js';
import type { AgentName } from '../../../core/ids.js';
import { isObject, type Json, type JsonObject } from '../../../core/json.js';
import { checkName } from '../../../core/text.js';
import { completedCard } from '../cards/loose-card.wire.js';

const MAX_SKILLS = 256;
const MAX_TAGS = 64;
const MAX_TEXT = 4096;
const MAX_NAME = 256;

/**
 * A card in the words of A2A 1.0, whatever version it is of; addresses may be relative to the card's own.
 * @throws GatewayError UPSTREAM
 */
export async function readCard({ card, foundAt }: CardPlace): Promise<A2aCard> {
  try {
    const read = await parsed(card);
    const supportedInterfaces = read.supportedInterfaces.map((one) => ({
      ...one,
      // gRPC's are no URLs.
      url: one.protocolBinding.toUpperCase() === 'GRPC' ? one.url : new URL(one.url, foundAt).href,
    }));
    return { ...read, supportedInterfaces };
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error));
  }
}

/** A card as it came, and where it was. */
export interface CardPlace {
  readonly card: JsonObject;
  readonly foundAt: string;
}

async function parsed(card: JsonObject): Promise<A2aCard> {
  const { AgentCard } = await import('@a2a-js/sdk');
  if (Array.isArray(card['supportedInterfaces'])) return AgentCard.fromJSON(card);
  const { DefaultAgentCardResolver } = await import('@a2a-js/sdk/client');
  const resolver = new DefaultAgentCardResolver({ legacyCompat: { enabled: true } });
  return resolver.normalizeAgentCard(completedCard(card));
}

/**
 * What the registry needs of a card. All ids and tags stay as they are.
 * @throws GatewayError UPSTREAM naming the field that cannot be used
 */
export function toAgentCard(raw: JsonObject, name: string | undefined, maxConcurrency: number): AgentCard {
  try {
    return {
      name: checkName('card.name', name ?? raw['name']) as AgentName,
      version: text(raw['version'], 128) ?? '1.0.0',
      description: text(raw['description'], MAX_TEXT) ?? '',
      skills: toSkills(raw['skills']),
      maxConcurrency,
    };
  } catch (error) {
    throw error instanceof GatewayError ? unusable(error.message) : error;
  }
}

function toSkills(skills: Json | undefined): Skill[] {
  if (!Array.isArray(skills) || skills.length > MAX_SKILLS)
    throw invalid('card.skills', excerpt(skills), `an array of at most ${MAX_SKILLS} skills`);
  const byId = new Map<string, Skill>();
  (skills as Json[]).forEach((skill, i) => {
    const read = toSkill(`card.skills[${i}]`, skill);
    if (!byId.has(read.id)) byId.set(read.id, read);
  });
  return [...byId.values()];
}

function toSkill(field: string, skill: Json): Skill {
  if (!isObject(skill)) throw invalid(field, skill, 'an object with id and name');
  const id = checkName(`${field}.id`, skill['id']);
  const tags = Array.isArray(skill['tags']) ? (skill['tags'] as Json[]) : [];
  return {
    id,
    name: text(skill['name'], MAX_NAME) ?? id,
    description: text(skill['description'], MAX_TEXT) ?? '',
    tags: tags.slice(0, MAX_TAGS).map((tag, i) => checkName(`${field}.tags[${i}]`, tag)),
  };
}

/** Too long a text is cut: a stranger's card is not his caller's fault. */
const text = (value: Json | undefined, max: number): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, max) : undefined;

export const unusable = (reason: string): GatewayError =>
  new GatewayError('UPSTREAM', `the agent's card cannot be used: ${reason}`);
