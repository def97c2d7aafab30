import { excerpt } from '../../core/errors.js';
import { DEFAULT_NAMESPACE, type AgentName, type Namespace } from '../../core/ids.js';
import type { AgentGrant } from '../../core/principal.js';
import { checkName } from '../../core/text.js';
import { certificateNames, type CertificateNames } from './certificate-names.js';
import { namespaceName } from './claims.js';
import { forbidden, refusing } from './refusal.js';

/** Who a bot is by its certificate, and what it may register. */
export interface PeerIdentity {
  /** The same for a renewed certificate of the same bot. */
  readonly id: string;
  /** The namespace it works in; the first in order when it has several. */
  readonly namespace: Namespace;
  readonly grants: readonly AgentGrant[];
}

/** Path segments as SPIFFE-ID §2.2 allows them; no percent-encoding, so one name has one spelling. */
const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]{1,255})\/ns\/([A-Za-z0-9._-]+)\/agent\/([A-Za-z0-9._-]+|\*)$/;
const DOTS = /^\.{1,2}$/;
/** Names times namespaces that one certificate may cover. */
const MAX_GRANTS = 1_000;

/**
 * The identity in a certificate (seed 000, mTLS): the URI SAN `spiffe://<trust domain>/ns/<namespace>/agent/<name or *>`
 * where there is one; else CN and DNS SANs are the names and O the namespaces (none: "default").
 * Fields are read from the certificate's structure: its printed form can be forged by commas and quotes inside names.
 * @param trustDomain the only one accepted, when given
 * @throws GatewayError FORBIDDEN when the certificate names nobody, or in a way that is not allowed
 */
export function peerIdentity(der: Buffer, trustDomain?: string): PeerIdentity {
  const { uris, dns, commonNames, organizations } = read(der);
  const spiffe = uris.filter((uri) => /^spiffe:/i.test(uri));
  if (spiffe.length > 1) throw forbidden('client certificate: more than one SPIFFE id');
  if (spiffe[0] !== undefined) return spiffeIdentity(spiffe[0], trustDomain);
  return namedIdentity([...commonNames, ...dns], organizations);
}

function read(der: Buffer): CertificateNames {
  try {
    return certificateNames(der);
  } catch {
    throw forbidden('client certificate: its names cannot be read');
  }
}

function spiffeIdentity(uri: string, trustDomain: string | undefined): PeerIdentity {
  const [, domain, namespace, name] = SPIFFE_ID.exec(uri) ?? [];
  if (
    domain === undefined ||
    namespace === undefined ||
    name === undefined ||
    DOTS.test(namespace) ||
    DOTS.test(name)
  )
    throw forbidden(
      `client certificate URI: got ${excerpt(uri)}, allowed: spiffe://<trust domain>/ns/<namespace>/agent/<name or *>`,
    );
  if (trustDomain !== undefined && domain !== trustDomain)
    throw forbidden(
      `client certificate trust domain: got ${excerpt(domain)}, allowed: ${excerpt(trustDomain)}`,
    );
  return refusing(forbidden, () => {
    const where = namespaceName('client certificate namespace', namespace);
    const who = checkName('client certificate agent', name) as AgentName | '*';
    return { id: `cert:${uri}`, namespace: where, grants: [{ namespace: where, name: who }] };
  });
}

function namedIdentity(names: readonly string[], organizations: readonly string[]): PeerIdentity {
  return refusing(forbidden, () => {
    const who = sortedSet(names).filter((name) => name !== '*'); // a grant's `*` is for SPIFFE ids only
    const where = organizations.length > 0 ? sortedSet(organizations) : [DEFAULT_NAMESPACE];
    const namespaces = where.map((name) => namespaceName('client certificate O', name));
    for (const name of who) checkName('client certificate CN or DNS name', name);
    const [namespace] = namespaces;
    if (who.length === 0 || !namespace)
      throw forbidden('client certificate: names no agent (SPIFFE id, CN or DNS name)');
    if (who.length * where.length > MAX_GRANTS) throw forbidden('client certificate: covers too many agents');
    return {
      id: `cert:${JSON.stringify([who, where])}`,
      namespace,
      grants: namespaces.flatMap((one) => who.map((name) => ({ namespace: one, name: name as AgentName }))),
    };
  });
}

const sortedSet = (values: readonly string[]): string[] => [...new Set(values)].sort();
