import { z } from 'zod';
import { isoTime } from '../../../core/clock.js';
import type { RouteRecord } from '../../../core/route.js';
import type { RouteFilter, RouteSort } from '../../../engine/routes/route.store.js';
import type { RouteDraft, RouteMatch } from '../../../engine/routes/routes.service.js';
import { description, id, integer, jsonColumn, line, nullable, parsed } from '../fields.js';
import type { ListWords } from '../list-query.js';
import type { RouteMatchWire, RouteWire } from '../ooder.wire.js';
import type { RecordWords } from '../record-words.js';

/** Most endpoints of a route. */
export const MAX_ENDPOINTS = 32;
const MAX_URL = 512;
const MAX_WEIGHT = 1000;
const URL_RULE = `http(s), ws(s) or mqtt(s) URL, or agent:<id>, of at most ${MAX_URL} characters`;
const SCHEMES = new Set(['http:', 'https:', 'ws:', 'wss:', 'mqtt:', 'mqtts:']);

/** Credentials do not belong into a URL: it is shown to everybody who may read. */
function isEndpoint(url: unknown): boolean {
  if (typeof url !== 'string' || url.length > MAX_URL) return false;
  if (url.startsWith('agent:')) return id.safeParse(url.slice('agent:'.length)).success;
  const { protocol, host, username, password } = URL.parse(url) ?? {};
  return SCHEMES.has(protocol ?? '') && host !== '' && username === '' && password === '';
}

const ENDPOINTS_RULE = `1 to ${MAX_ENDPOINTS} endpoints`;
const ENDPOINT = z.object({
  url: z.custom<string>(isEndpoint, URL_RULE),
  weight: integer(0, MAX_WEIGHT).nullish(),
});

const ROUTE = z.object({
  route_id: nullable(id),
  name: line(255),
  description,
  source: z.object({ agent_type: line(64), filters: jsonColumn }),
  destination: z.object({
    agent_type: line(64),
    endpoints: z.array(ENDPOINT, ENDPOINTS_RULE).min(1, ENDPOINTS_RULE).max(MAX_ENDPOINTS, ENDPOINTS_RULE),
  }),
  priority: integer(-2_147_483_648, 2_147_483_647).nullish(),
  enabled: z.boolean('true or false').nullish(),
});

/** @throws GatewayError INVALID */
function toRouteDraft(body: unknown, strict: boolean): { id: string | undefined; draft: RouteDraft } {
  const { route_id, source, destination, priority, enabled, ...fields } = parsed(ROUTE, body, strict);
  const endpoints = destination.endpoints.map(({ url, weight }) => ({ url, weight: weight ?? 1 }));
  const draft = {
    ...fields,
    source: { agentType: source.agent_type, filters: source.filters },
    destination: { agentType: destination.agent_type, endpoints },
    priority: priority ?? 0,
    enabled: enabled ?? true,
  };
  return { id: route_id ?? undefined, draft };
}

export const ROUTE_WORDS: RecordWords<RouteRecord, RouteWire, RouteDraft> = {
  idField: 'route_id',
  schema: ROUTE,
  read: toRouteDraft,
  show: toRouteWire,
};

const MATCH = z.object({ source_id: id, destination_id: id });

/** @throws GatewayError INVALID */
export const toMatchRequest = (body: unknown) => parsed(MATCH, body);

export function toRouteWire(record: RouteRecord): RouteWire {
  const { source, destination } = record;
  return {
    route_id: record.id,
    name: record.name,
    description: record.description,
    source: { agent_type: source.agentType, filters: source.filters },
    destination: { agent_type: destination.agentType, endpoints: destination.endpoints },
    priority: record.priority,
    enabled: record.enabled,
    created_at: isoTime(record.createdAt),
    updated_at: isoTime(record.updatedAt),
    version: record.version,
  };
}

export const toMatchWire = ({ route, endpoint, considered }: RouteMatch): RouteMatchWire => ({
  route_id: route.id,
  endpoint,
  considered: considered.map((one) => ({ route_id: one.route.id, matches: one.matches, reason: one.reason })),
});

export const ROUTE_LIST: ListWords<RouteFilter, RouteSort> = {
  filters: {
    name: { field: 'name' },
    enabled: { field: 'enabled', words: ['true', 'false'], stored: { true: '1', false: '0' } },
    source_type: { field: 'source_type' },
    destination_type: { field: 'destination_type' },
  },
  sorts: {
    created_at: 'created_at',
    updated_at: 'updated_at',
    name: 'name',
    priority: 'priority',
    id: 'id',
  },
};
