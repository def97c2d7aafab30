import { isObject, type JsonObject } from '../../../core/json.js';
import type { CardWire } from './hybrid-card.js';

/** Which fields a card has: those of one version, or both beside each other. */
export type CardVersion = 'both' | '1.0' | '0.3';

const OLDER = [
  'protocolVersion',
  'url',
  'preferredTransport',
  'additionalInterfaces',
  'supportsAuthenticatedExtendedCard',
  'security',
];
const NEWER = ['supportedInterfaces', 'securityRequirements'];

/** A hybrid card reduced to the fields of one version, for readers that take no others. */
export function asVersion(card: CardWire, version: CardVersion): CardWire {
  if (version === 'both') return card;
  const dropped = new Set(version === '1.0' ? OLDER : NEWER);
  const kept = Object.fromEntries(Object.entries(card).filter(([field]) => !dropped.has(field)));
  const { capabilities, securitySchemes } = kept;
  return {
    ...kept,
    capabilities: capabilitiesOf(capabilities, version),
    ...(isObject(securitySchemes) && { securitySchemes: schemesOf(securitySchemes, version) }),
  };
}

function capabilitiesOf(capabilities: unknown, version: '1.0' | '0.3'): object {
  const { stateTransitionHistory, extendedAgentCard, ...rest } = capabilities as JsonObject;
  return version === '1.0' ? { ...rest, extendedAgentCard } : { ...rest, stateTransitionHistory };
}

/** 1.0 names the kind of a scheme by a member (`httpAuthSecurityScheme`), 0.3 by `type`. */
function schemesOf(schemes: JsonObject, version: '1.0' | '0.3'): object {
  const isMember = (field: string): boolean => field.endsWith('SecurityScheme');
  return Object.fromEntries(
    Object.entries(schemes).map(([name, scheme]) => [
      name,
      Object.fromEntries(
        Object.entries(scheme as JsonObject).filter(([field]) => isMember(field) === (version === '1.0')),
      ),
    ]),
  );
}
