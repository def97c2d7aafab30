import { invalid } from '../../../core/errors.js';
import type { Namespace } from '../../../core/ids.js';

/** Which agents a call is for: by its URL, by its `tenant`, or both. */
export interface Target {
  readonly skill?: string;
  readonly agent?: string;
  readonly namespace?: Namespace;
}

const ROUTED = /^(agents|skills)\/(.+)$/;
const ALLOWED = 'agents/<name>, skills/<id> or a namespace';

/**
 * A target narrowed by A2A's `tenant` (1.0 §3.1): what a binding without paths says in place of the URL, or a namespace.
 * @throws GatewayError INVALID when it is of another form, or says something else than the URL
 */
export function aimed(target: Target, tenant: unknown): Target {
  if (tenant === undefined || tenant === null || tenant === '') return target;
  if (typeof tenant !== 'string' || tenant.length > 512) throw invalid('tenant', tenant, ALLOWED);
  const [, kind, name] = ROUTED.exec(tenant) ?? [];
  if (kind === undefined || name === undefined) return inNamespace(target, tenant);
  const field = kind === 'agents' ? 'agent' : 'skill';
  const said = target[field];
  if (said !== undefined && said !== name)
    throw invalid('tenant', tenant, `${kind}/${said}, as the URL says`);
  return { ...target, [field]: name };
}

function inNamespace(target: Target, tenant: string): Target {
  if (tenant.includes('/')) throw invalid('tenant', tenant, ALLOWED);
  return { ...target, namespace: tenant as Namespace };
}
