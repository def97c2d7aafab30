import type { AgentName, Namespace } from './ids.js';

/** `read`: look; `execute`: submit and cancel too; `admin`: everything within the namespace. Each includes the one before. */
export const RIGHTS = ['read', 'execute', 'admin'] as const;
export type Right = (typeof RIGHTS)[number];

/** What a bot may register as; `*` stands for any. */
export interface AgentGrant {
  readonly namespace: Namespace | '*';
  readonly name: AgentName | '*';
}

/** Where a request comes from, for the audit. */
export interface Origin {
  readonly requestId: string | null;
  /** Address of the caller, beyond trusted proxies. */
  readonly address: string | null;
  /** What was asked: method and path, never the query. */
  readonly request: string;
  /** The audit has an entry about it. */
  noted: boolean;
}

/** Who is calling, as established from a token or a certificate. */
export interface Principal {
  /** Stable over renewals of the credential: `anonymous`, `token:<issuer>:<sub>`, `cert:<identity>`, `key:<id>`, `key:agent:<name>`. */
  readonly id: string;
  /** The one credential behind it, where it can be withdrawn at any time: the id of an API key. */
  readonly credential?: string;
  /** The tenant; null only with auth off: no namespace filter. */
  readonly namespace: Namespace | null;
  readonly rights: ReadonlySet<Right>;
  /** When the credential ends, milliseconds since the epoch; streams are cut then. */
  readonly expiresAt?: number;
  /** Agents it may register. */
  readonly grants: readonly AgentGrant[];
  /** The request by which he calls now. */
  readonly origin?: Origin;
}

/** Everybody, while auth is off. */
export const ANONYMOUS: Principal = {
  id: 'anonymous',
  namespace: null,
  rights: new Set(RIGHTS),
  grants: [{ namespace: '*', name: '*' }],
};
