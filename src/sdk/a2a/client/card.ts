import type { AgentCard as SdkCard } from '@a2a-js/sdk';
import { DefaultAgentCardResolver } from '@a2a-js/sdk/client';
import { isObject } from '../../../core/json.js';
import { completedCard } from '../../../protocols/a2a/cards/loose-card.wire.js';
import { A2aRequestError } from '../errors.js';
import type { AgentCard } from '../types.js';

/** A card for the official SDK's client and for users of this one. */
export interface ReadCard {
  readonly sdk: SdkCard;
  readonly card: AgentCard;
}

/** Below an agent's address; A2A 0.2 and the adk family have the second one only. */
const PLACES = ['.well-known/agent-card.json', '.well-known/agent.json'];

/**
 * The card at an address, or below it: of A2A 1.0, of 0.3, of both, or adk's.
 * @throws A2aRequestError when there is none, or something else
 */
export async function fetchCard(
  url: string,
  ask: typeof fetch,
  signal: AbortSignal | undefined,
): Promise<ReadCard> {
  const places = url.endsWith('.json') ? [url] : PLACES.map((place) => `${url.replace(/\/+$/, '')}/${place}`);
  for (const [index, place] of places.entries())
    try {
      return readCard(place, await json(place, await ask(place, signal ? { signal } : {})));
    } catch (error) {
      const mayBeNext = error instanceof A2aRequestError && error.status === 404 && index < places.length - 1;
      if (!mayBeNext) throw error;
    }
  throw new A2aRequestError(url, 'status', 'has no agent card', { status: 404 });
}

async function json(place: string, response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    throw new A2aRequestError(place, 'protocol', 'is no agent card: not JSON', { cause: error });
  }
}

/** @throws A2aRequestError naming the field that a card must have */
function readCard(place: string, given: unknown): ReadCard {
  if (!isObject(given)) throw new A2aRequestError(place, 'protocol', 'is no agent card: not an object');
  for (const field of ['name', 'description', 'version'])
    if (typeof given[field] !== 'string')
      throw new A2aRequestError(place, 'protocol', `is no agent card: ${field} is missing`);
  try {
    const resolver = new DefaultAgentCardResolver({ legacyCompat: { enabled: true } });
    const read = resolver.normalizeAgentCard(completedCard(given));
    // Addresses may be relative to the card's own.
    const supportedInterfaces = (read.supportedInterfaces ?? []).map((one) => ({
      ...one,
      url: new URL(one.url, place).href,
    }));
    const sdk = { ...read, supportedInterfaces };
    return { sdk, card: toCard(place, sdk) };
  } catch (error) {
    if (error instanceof A2aRequestError) throw error;
    throw new A2aRequestError(place, 'protocol', `is no agent card: ${String(error)}`, { cause: error });
  }
}

function toCard(place: string, sdk: SdkCard): AgentCard {
  const [first] = sdk.supportedInterfaces;
  if (!first) throw new A2aRequestError(place, 'protocol', 'is no agent card: it names no address');
  return {
    name: sdk.name,
    description: sdk.description,
    version: sdk.version,
    url: first.url,
    supportedInterfaces: sdk.supportedInterfaces.map(({ url, protocolBinding, protocolVersion }) => ({
      url,
      protocolBinding,
      protocolVersion,
    })),
    capabilities: {
      streaming: sdk.capabilities?.streaming === true,
      pushNotifications: sdk.capabilities?.pushNotifications === true,
    },
    defaultInputModes: sdk.defaultInputModes,
    defaultOutputModes: sdk.defaultOutputModes,
    skills: sdk.skills.map(({ id, name, description, tags, examples }) => ({
      id,
      name,
      description,
      tags,
      ...(examples?.length > 0 && { examples }),
    })),
  };
}
