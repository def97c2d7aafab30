import { DEFAULT_MAX_CONCURRENCY } from '../../../core/agent.js';
import { invalid } from '../../../core/errors.js';
import type { Namespace } from '../../../core/ids.js';
import { isObject, type Json } from '../../../core/json.js';
import { checkOptionalName } from '../../../core/text.js';
import { type Credentials, toCredentials } from './credentials.js';

const MAX_CONCURRENCY = 10_000;
const MAX_URL = 2048;

/** What somebody wants registered. */
export interface Registration {
  readonly cardUrl: string;
  readonly namespace: Namespace | undefined;
  /** Instead of the card's. */
  readonly name: string | undefined;
  readonly maxConcurrency: number;
  readonly streaming: boolean | null;
  readonly credentials: Credentials | undefined;
}

/** POST /agents. @throws GatewayError INVALID naming the field */
export function toRegistration(body: unknown): Registration {
  if (!isObject(body)) throw invalid('body', body, 'an object with card_url');
  const { card_url: cardUrl, namespace, name, streaming, auth } = body;
  if (typeof cardUrl !== 'string' || cardUrl.length > MAX_URL)
    throw invalid('card_url', cardUrl, `a URL of at most ${MAX_URL} characters`);
  if (streaming !== undefined && streaming !== null && typeof streaming !== 'boolean')
    throw invalid('streaming', streaming, 'true, false, or nothing: as the card says');
  return {
    cardUrl,
    namespace: checkOptionalName('namespace', namespace) as Namespace | undefined,
    name: checkOptionalName('name', name),
    maxConcurrency: toCapacity(body['max_concurrency']),
    streaming: streaming ?? null,
    credentials: toCredentials(auth),
  };
}

function toCapacity(value: Json | undefined): number {
  if (value === undefined || value === null) return DEFAULT_MAX_CONCURRENCY;
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_CONCURRENCY) return Number(value);
  throw invalid('max_concurrency', value, `an integer from 1 to ${MAX_CONCURRENCY}`);
}
