import { DEFAULT_MAX_CONCURRENCY } from '../../core/agent.js';
import { invalid } from '../../core/errors.js';
import type { AgentName, Namespace } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';
import { checkSigningSecret } from '../../core/signing-secret.js';
import { checkName, checkOptionalName } from '../../core/text.js';
import type { Delivery, MemberCard } from '../../core/member.js';
import type { Registration } from '../../engine/members/members.service.js';
import { bodyObject, integerIn, optionalObject, optionalText } from './fields.js';

const MAX_CAPABILITIES = 256;
const MAX_CONCURRENCY = 10_000;
const MAX_TEXT = 4096;
const MAX_URL = 2048;

/** Whether the gateway may call a URL. @throws GatewayError INVALID */
export type UrlCheck = (url: string, field: string) => void;

/** The body of POST /gateway/register. @throws GatewayError INVALID naming the field */
export function toRegistration(body: unknown, check: UrlCheck): Registration {
  const fields = bodyObject(body);
  const name = checkName('agent_id', fields['agent_id']) as AgentName;
  const delivery = toDelivery(fields['delivery']);
  const secret = fields['webhook_secret'];
  if (delivery === 'pull') refuseWebhook(fields);
  return {
    name,
    namespace: checkOptionalName('namespace', fields['namespace']) as Namespace | undefined,
    card: toCard(name, delivery, fields, check),
    secret: toSecret(secret),
  };
}

function toDelivery(value: unknown): Delivery {
  if (value === undefined || value === null) return 'webhook';
  if (value === 'webhook' || value === 'pull') return value;
  throw invalid('delivery', value, 'webhook or pull');
}

function refuseWebhook(fields: JsonObject): void {
  for (const field of ['webhook_url', 'webhook_secret'])
    if (fields[field] !== undefined && fields[field] !== null)
      throw invalid(field, '(hidden)', 'nothing, for an agent that pulls');
}

function toCard(name: AgentName, delivery: Delivery, fields: JsonObject, check: UrlCheck): MemberCard {
  const capacity = fields['max_concurrency'];
  return {
    displayName: optionalText('agent_name', fields['agent_name'], 256) || name,
    type: checkOptionalName('agent_type', fields['agent_type'] || undefined) ?? null,
    capabilities: toCapabilities(fields['capabilities']),
    description: optionalText('description', fields['description'], MAX_TEXT) ?? '',
    metadata: optionalObject('metadata', fields['metadata']),
    maxConcurrency: integerIn('max_concurrency', capacity, 1, MAX_CONCURRENCY, DEFAULT_MAX_CONCURRENCY),
    delivery,
    webhookUrl: delivery === 'pull' ? null : toUrl('webhook_url', fields['webhook_url'], check),
  };
}

function toCapabilities(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > MAX_CAPABILITIES)
    throw invalid('capabilities', value, `an array of at most ${MAX_CAPABILITIES} names`);
  return [...new Set(value.map((item: unknown, i) => checkName(`capabilities[${i}]`, item)))];
}

/** An absolute URL that the gateway may call. @throws GatewayError INVALID */
export function toUrl(field: string, value: unknown, check: UrlCheck): string {
  if (typeof value !== 'string' || value.length > MAX_URL || !URL.canParse(value))
    throw invalid(field, value, 'an absolute http or https URL');
  check(value, field);
  return value;
}

/** `webhook_secret` in a body. @throws GatewayError INVALID */
export const toSecret = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : checkSigningSecret('webhook_secret', value);

/** `agent_id` in a body. @throws GatewayError INVALID */
export const toAgentId = (body: unknown): AgentName =>
  checkName('agent_id', bodyObject(body)['agent_id']) as AgentName;
