import { isoTime } from '../../core/clock.js';
import { invalid } from '../../core/errors.js';
import type { AgentName, Namespace } from '../../core/ids.js';
import { isObject } from '../../core/json.js';
import { RIGHTS, type Right } from '../../core/principal.js';
import { checkName, checkOptionalName } from '../../core/text.js';
import type { ApiKeyRecord } from '../../engine/auth/api-key.store.js';
import type { NewApiKey } from '../../engine/auth/api-keys.js';
import type { ApiKeyWire } from './admin.wire.js';
import { timeOf } from './times.js';

/** The body of POST /api-keys. Unknown fields are refused: a misspelled limit would make a key without it. */
export function toNewApiKey(body: unknown): NewApiKey {
  if (!isObject(body)) throw invalid('body', body, 'a JSON object');
  const { name, namespace, rights, agent, expires_at, ...others } = body;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid('body', unknown, 'name, namespace, rights, agent, expires_at');
  return {
    name: checkName('name', name),
    namespace: checkOptionalName('namespace', namespace) as Namespace | undefined,
    rights: rightsOf(rights),
    agent: checkOptionalName('agent', agent) as AgentName | undefined,
    expiresAt: timeOf('expires_at', expires_at),
  };
}

function rightsOf(value: unknown): readonly Right[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every((word) => RIGHTS.includes(word as Right)))
    throw invalid('rights', value, `a list of ${RIGHTS.join(', ')}`);
  return value as Right[];
}

const optionalTime = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));

export const toApiKey = (key: ApiKeyRecord): ApiKeyWire => ({
  id: key.id,
  name: key.name,
  namespace: key.namespace,
  agent: key.agent,
  rights: key.rights,
  created_by: key.createdBy,
  created_at: isoTime(key.createdAt),
  expires_at: optionalTime(key.expiresAt),
  last_used_at: optionalTime(key.lastUsedAt),
});
