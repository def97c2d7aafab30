import 'reflect-metadata'; // the x509 library wants it before it loads
import type { X509Certificate } from 'node:crypto';
import { PublicKey, X509Crl } from '@peculiar/x509';
import { normalSerial } from './certificate.js';

/** What the revocation lists of one file say; every list has been verified. */
export interface Revocations {
  /** Serial numbers that each authority has revoked, by {@link authorityKey}. */
  readonly revoked: ReadonlyMap<string, ReadonlySet<string>>;
  /** When the first of the lists is due to be replaced, milliseconds since the epoch; undefined: never said. */
  readonly nextUpdate: number | undefined;
  readonly entries: number;
}

/** Identifies a certificate authority by its key: its name can be written in many ways. */
export const authorityKey = (authority: X509Certificate): string =>
  authority.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

/** About 700,000 entries; the library's own limit stops at a thousand. */
const MAX_NODES = 5_000_000;

const CRL_BEGIN = /-----BEGIN X509 CRL-----/g;
const CRL_BLOCK = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g;

/** Extensions of a list that this code understands (RFC 5280 §5.2): key id, number, where fresh lists are. */
const KNOWN_EXTENSIONS = new Set(['2.5.29.35', '2.5.29.20', '2.5.29.46', '2.5.29.18']);

/**
 * Reads one or several certificate revocation lists (RFC 5280 §5), PEM or DER.
 * @param authorities only lists signed by one of these count
 * @throws Error saying what is wrong when any list is unreadable, not signed by an authority or of an unsupported kind
 */
export async function readRevocations(
  data: Buffer,
  authorities: readonly X509Certificate[],
): Promise<Revocations> {
  const revoked = new Map<string, Set<string>>();
  let nextUpdate: number | undefined;
  let entries = 0;
  for (const der of listsIn(data)) {
    const list = parse(der);
    const authority = await signerOf(list, authorities);
    const serials = list.entries.map((entry) => normalSerial(entry.serialNumber));
    const before = revoked.get(authorityKey(authority));
    revoked.set(authorityKey(authority), new Set([...(before ?? []), ...serials]));
    entries += serials.length;
    if (list.nextUpdate) nextUpdate = Math.min(nextUpdate ?? Infinity, list.nextUpdate.getTime());
  }
  return { revoked, nextUpdate, entries };
}

function listsIn(data: Buffer): Buffer[] {
  const text = data.toString('latin1');
  const begins = text.match(CRL_BEGIN)?.length ?? 0;
  if (begins === 0 && data[0] === 0x30) return [data]; // a DER SEQUENCE
  const blocks = [...text.matchAll(CRL_BLOCK)].map((match) => Buffer.from(match[1] ?? '', 'base64'));
  if (blocks.length === 0 || blocks.length !== begins)
    throw new Error('holds no complete PEM or DER revocation list');
  return blocks;
}

function parse(der: Buffer): X509Crl {
  let list: X509Crl;
  try {
    list = new X509Crl(der, { berOptions: { maxNodes: MAX_NODES, maxContentLength: der.length } });
    void list.thisUpdate;
  } catch (error) {
    throw new Error('holds an unreadable revocation list', { cause: error });
  }
  const strange = list.extensions.find((one) => one.critical && !KNOWN_EXTENSIONS.has(one.type));
  if (strange)
    throw new Error(
      `holds a delta, indirect or partial revocation list (critical extension ${strange.type})`,
    );
  return list;
}

async function signerOf(list: X509Crl, authorities: readonly X509Certificate[]): Promise<X509Certificate> {
  for (const authority of authorities) {
    const key = new PublicKey(authority.publicKey.export({ type: 'spki', format: 'der' }));
    // A key of another kind makes verify() throw: then this authority is not the signer.
    if (await list.verify({ publicKey: key }).catch(() => false)) return authority;
  }
  throw new Error('holds a revocation list that none of the configured authorities has signed');
}
