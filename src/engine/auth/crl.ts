import { constants, verify, type KeyObject, type X509Certificate } from 'node:crypto';
import { normalSerial } from './certificate.js';
import { contentOf, derValues, type DerValue, inside, isTime, oidText, TAG, timeOf } from './der.js';

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

/**
 * Reads one or several certificate revocation lists (RFC 5280 §5), PEM or DER. The x509 library would do, but takes two seconds
 * and hundreds of megabytes for 20,000 entries, in the event loop.
 * @param authorities only lists signed by one of these count
 * @throws Error saying what is wrong when any list is unreadable, not signed by an authority or of an unsupported kind
 */
export function readRevocations(data: Buffer, authorities: readonly X509Certificate[]): Revocations {
  const revoked = new Map<string, Set<string>>();
  const dates: number[] = [];
  let entries = 0;
  for (const der of listsIn(data)) {
    const list = parse(der);
    const signer = authorities.find((authority) => isSignedBy(list, authority.publicKey));
    if (!signer)
      throw new Error('holds a revocation list that none of the configured authorities has signed');
    const key = authorityKey(signer);
    revoked.set(key, new Set([...(revoked.get(key) ?? []), ...list.serials]));
    entries += list.serials.length;
    if (list.nextUpdate !== undefined) dates.push(list.nextUpdate);
  }
  return { revoked, nextUpdate: dates.length > 0 ? Math.min(...dates) : undefined, entries };
}

const CRL_BEGIN = /-----BEGIN X509 CRL-----/g;
const CRL_BLOCK = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g;

function listsIn(data: Buffer): Buffer[] {
  if (data[0] === TAG.sequence) return [data]; // PEM never begins with "0"
  const text = data.toString('latin1');
  const begins = text.match(CRL_BEGIN)?.length ?? 0;
  const blocks = [...text.matchAll(CRL_BLOCK)].map((match) => Buffer.from(match[1] ?? '', 'base64'));
  if (blocks.length === 0 || blocks.length !== begins)
    throw new Error('holds no complete PEM or DER revocation list');
  return blocks;
}

interface CertificateList {
  /** The part that is signed. */
  readonly signed: Buffer;
  readonly algorithm: DerValue;
  readonly signature: Buffer;
  readonly nextUpdate: number | undefined;
  readonly serials: readonly string[];
}

function parse(der: Buffer): CertificateList {
  let list: CertificateList;
  let extensions: DerValue | undefined;
  try {
    const [outer, ...more] = derValues(der);
    if (more.length > 0) throw new Error('something follows the list');
    const [tbs, algorithm, signature] = inside(outer, TAG.sequence);
    if (!tbs || !algorithm) throw new Error('incomplete');
    const { own, nextUpdate, serials, ...rest } = toBeSigned(tbs);
    extensions = rest.extensions;
    if (!own?.whole.equals(algorithm.whole)) throw new Error('two signature algorithms'); // RFC 5280 §5.1.1.2
    const bits = contentOf(signature, TAG.bitString).subarray(1); // the first byte counts unused bits: none
    list = { signed: tbs.whole, algorithm, signature: bits, nextUpdate, serials };
  } catch (error) {
    throw new Error('holds an unreadable revocation list', { cause: error });
  }
  refuseUnknown(extensions);
  return list;
}

/** TBSCertList, RFC 5280 §5.1.2. */
function toBeSigned(tbs: DerValue) {
  const fields = inside(tbs, TAG.sequence);
  if (fields[0]?.tag === TAG.integer) fields.shift(); // version
  const [own, , thisUpdate, ...rest] = fields;
  if (!thisUpdate) throw new Error('incomplete');
  timeOf(thisUpdate);
  const nextUpdate = isTime(rest[0]?.tag) ? rest.shift() : undefined;
  const entries = rest[0]?.tag === TAG.sequence ? inside(rest.shift(), TAG.sequence) : [];
  return {
    own,
    nextUpdate: nextUpdate && timeOf(nextUpdate),
    serials: entries.map((entry) =>
      normalSerial(contentOf(inside(entry, TAG.sequence)[0], TAG.integer).toString('hex')),
    ),
    extensions: rest[0],
  };
}

/** Extensions of a list that this code understands (RFC 5280 §5.2): key id, issuer's other names, number, where fresh lists are. */
const KNOWN_EXTENSIONS = new Set(['2.5.29.35', '2.5.29.18', '2.5.29.20', '2.5.29.46']);
const TRUE = Buffer.from([0x01, 0x01, 0xff]);

/** A critical extension changes what a list means: it may be a delta, or speak for some certificates only. */
function refuseUnknown(extensions: DerValue | undefined): void {
  if (!extensions) return;
  const [list] = inside(extensions, TAG.explicit0);
  for (const extension of inside(list, TAG.sequence)) {
    const [id, critical] = inside(extension, TAG.sequence);
    const name = oidText(contentOf(id, TAG.oid));
    if (critical?.whole.equals(TRUE) && !KNOWN_EXTENSIONS.has(name))
      throw new Error(`holds a delta, indirect or partial revocation list (critical extension ${name})`);
  }
}

interface Scheme {
  /** Kind of key. */
  readonly key: 'rsa' | 'ec' | 'ed25519' | 'ed448';
  readonly hash: string | null;
}

const SCHEMES: Readonly<Record<string, Scheme>> = {
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
  '1.3.101.112': { key: 'ed25519', hash: null },
  '1.3.101.113': { key: 'ed448', hash: null },
};
const RSA_PSS = '1.2.840.113549.1.1.10';
const HASHES: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Whether this key has made the list's signature; algorithms that are not listed here (SHA-1, DSA) do not count. */
function isSignedBy({ signed, algorithm, signature }: CertificateList, key: KeyObject): boolean {
  const [id, parameters] = inside(algorithm, TAG.sequence);
  const name = oidText(contentOf(id, TAG.oid));
  if (name === RSA_PSS) return isPssSignedBy(signed, parameters, signature, key);
  const scheme = SCHEMES[name];
  if (!scheme || scheme.key !== key.asymmetricKeyType) return false;
  return verify(scheme.hash, signed, key, signature);
}

/** RFC 4055 §3.1: the hash is named in the parameters; without them it would be SHA-1. */
function isPssSignedBy(
  signed: Buffer,
  parameters: DerValue | undefined,
  signature: Buffer,
  key: KeyObject,
): boolean {
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'rsa-pss') return false;
  const [first] = inside(parameters, TAG.sequence);
  const [hashAlgorithm] = inside(first, TAG.explicit0);
  const hash = HASHES[oidText(contentOf(inside(hashAlgorithm, TAG.sequence)[0], TAG.oid))];
  if (hash === undefined) return false;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify(hash, signed, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, signature);
}
