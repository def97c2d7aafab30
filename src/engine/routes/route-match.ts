import { isObject, type Json, type JsonObject } from '../../core/json.js';
import { ANY_TYPE, type RouteEndpoint, type RouteRecord } from '../../core/route.js';

/** Who sends or receives, as the filters of a rule see him. */
export interface Party {
  readonly id: string;
  readonly type: string;
  readonly capabilities: readonly string[];
  readonly metadata: JsonObject;
  /** The spaces and zones that he is in: his own and all above it. */
  readonly places: readonly string[];
}

/** One rule as a match has looked at it. */
export interface Considered {
  readonly route: RouteRecord;
  readonly matches: boolean;
  /** Why (not). */
  readonly reason: string;
}

/** Which of two rules comes first: larger priority, more filters, older, smaller id. */
export const byPrecedence = (a: RouteRecord, b: RouteRecord): number =>
  b.priority - a.priority ||
  filterCount(b) - filterCount(a) ||
  a.createdAt - b.createdAt ||
  (a.id < b.id ? -1 : 1);

const filterCount = ({ source }: RouteRecord): number => Object.keys(source.filters).length;

/**
 * Looks at the rules in their order, up to the first that matches.
 * @param destination undefined: nobody knows him, so any type will do
 */
export function consider(
  routes: readonly RouteRecord[],
  source: Party,
  destination: Party | undefined,
): readonly Considered[] {
  const considered: Considered[] = [];
  for (const route of routes.toSorted(byPrecedence)) {
    const against = whyNot(route, source, destination);
    considered.push({ route, matches: against === undefined, reason: against ?? 'matches' });
    if (against === undefined) break;
  }
  return considered;
}

function whyNot(route: RouteRecord, source: Party, destination: Party | undefined): string | undefined {
  if (!isOfType(route.source.agentType, source))
    return `source.agent_type is ${route.source.agentType}, the sender is ${source.type}`;
  const failed = Object.entries(route.source.filters).find(([key, wanted]) => !holds(key, wanted, source));
  if (failed) return `source.filters.${failed[0]} does not hold for the sender`;
  if (destination && !isOfType(route.destination.agentType, destination))
    return `destination.agent_type is ${route.destination.agentType}, the receiver is ${destination.type}`;
  return undefined;
}

const isOfType = (wanted: string, { type }: Party): boolean => wanted === ANY_TYPE || wanted === type;

/** Of a list one value is enough. */
function holds(key: string, wanted: Json | undefined, party: Party): boolean {
  const values: readonly (Json | undefined)[] = Array.isArray(wanted) ? (wanted as Json[]) : [wanted];
  const actual = valuesOf(key, party);
  return values.some((value) => actual.some((one) => one === value));
}

/** What a key stands for; keys that are none of the gateway's are fields of the metadata. */
function valuesOf(key: string, { id, type, capabilities, metadata, places }: Party): readonly Json[] {
  if (key === 'agent_id') return [id];
  if (key === 'agent_type') return [type];
  if (key === 'capability') return capabilities;
  if (key === 'space_id') return places;
  const path = key.startsWith('metadata.') ? key.slice('metadata.'.length).split('.') : [key];
  const value = path.reduce<Json | undefined>(
    (at, step) => (isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined),
    metadata,
  );
  return value === undefined ? [] : Array.isArray(value) ? (value as Json[]) : [value];
}

/** The endpoint with the largest share, the first of equals; a backup only where there is nothing else. */
export const firstEndpoint = ({ destination }: RouteRecord): RouteEndpoint =>
  destination.endpoints.reduce((best, one) => (one.weight > best.weight ? one : best));
