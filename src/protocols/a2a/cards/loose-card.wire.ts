import { isObject, type JsonObject } from '../../../core/json.js';

/** A card with what the adk family and older versions leave out and the official SDK insists on. */
export const completedCard = (card: JsonObject): JsonObject => ({
  ...card,
  // 0.2 speaks as 0.3 does; the official SDK takes what is older than 0.3 for 1.0.
  ...(isOlder(card['protocolVersion']) && { protocolVersion: '0.3.0' }),
  capabilities: isObject(card['capabilities']) ? withoutNames(card['capabilities']) : {},
  defaultInputModes: Array.isArray(card['defaultInputModes']) ? card['defaultInputModes'] : ['text/plain'],
  defaultOutputModes: Array.isArray(card['defaultOutputModes']) ? card['defaultOutputModes'] : ['text/plain'],
  skills: listOf(card['skills']).map((skill) => ({ ...skill, tags: skill['tags'] ?? [] })),
});

const isOlder = (version: unknown): boolean => typeof version === 'string' && /^0\.[0-2](\.|$)/.test(version);

/** adk's cards name extensions by a mere text. */
const withoutNames = (capabilities: JsonObject): JsonObject => ({
  ...capabilities,
  extensions: Array.isArray(capabilities['extensions']) ? capabilities['extensions'].filter(isObject) : [],
});

const listOf = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
