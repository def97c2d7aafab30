import 'reflect-metadata'; // the x509 library wants it before it loads
import { randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralNames,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509';

const KEY = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };

/** A certificate and its private key. */
export interface Identity {
  readonly certificate: X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

/** From and to when something is valid. */
export interface Validity {
  readonly from: Date;
  readonly to: Date;
}

export interface AuthorityProfile extends Validity {
  readonly name: string;
  /** The authority above; absent: self-signed. */
  readonly issuer?: Identity | undefined;
}

export interface ServerProfile extends Validity {
  /** Host names. */
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

export interface ClientProfile extends Validity {
  readonly subject: JsonName;
  /** Subject alternative names. */
  readonly names?: JsonGeneralNames;
}

/** A certificate that is no longer good. */
export interface Revocation {
  /** Hex. */
  readonly serial: string;
  readonly at: Date;
}

export interface RevocationProfile {
  readonly entries: readonly Revocation[];
  readonly thisUpdate: Date;
  /** When the next list is due. */
  readonly nextUpdate: Date;
}

/** A certificate authority, root or intermediate. */
export async function createAuthority(profile: AuthorityProfile): Promise<Identity> {
  const usage = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature;
  const extensions = [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(usage, true),
  ];
  return certify(profile.issuer, { ...profile, subject: [{ CN: [profile.name] }], extensions });
}

/** A certificate for a listener. */
export function createServer(issuer: Identity, profile: ServerProfile): Promise<Identity> {
  const names: JsonGeneralNames = [
    ...profile.dns.map((value) => ({ type: 'dns' as const, value })),
    ...profile.ip.map((value) => ({ type: 'ip' as const, value })),
  ];
  const subject = [{ CN: [profile.dns[0] ?? profile.ip[0] ?? 'server'] }];
  return certify(issuer, { ...profile, subject, extensions: leaf(ExtendedKeyUsage.serverAuth, names) });
}

/** A certificate for a bot or another client. */
export function createClient(issuer: Identity, profile: ClientProfile): Promise<Identity> {
  return certify(issuer, { ...profile, extensions: leaf(ExtendedKeyUsage.clientAuth, profile.names ?? []) });
}

/** The id by which a certificate names a bot; `name` may be `*`. */
export const spiffeId = (trustDomain: string, namespace: string, name: string): string =>
  `spiffe://${trustDomain}/ns/${namespace}/agent/${name}`;

/** A signed revocation list, PEM. */
export async function createCrl(issuer: Identity, profile: RevocationProfile): Promise<string> {
  const list = await X509CrlGenerator.create({
    issuer: issuer.certificate.subjectName,
    thisUpdate: profile.thisUpdate,
    nextUpdate: profile.nextUpdate,
    entries: profile.entries.map(({ serial, at }) => ({
      serialNumber: serial,
      revocationDate: at,
      reason: X509CrlReason.cessationOfOperation,
    })),
    extensions: [await AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey)],
    signingAlgorithm: SIGNATURE,
    signingKey: issuer.key,
  });
  return pemText(PemConverter.encode(list.rawData, 'X509 CRL')); // RFC 7468 §7; the library would write CRL
}

export const certificatePem = (certificate: X509Certificate): string => pemText(certificate.toString('pem'));

/** PKCS #8. */
export async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return pemText(PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY'));
}

/** Reads what {@link certificatePem} and {@link privateKeyPem} wrote. */
export async function readIdentity(certificate: string, key: string): Promise<Identity> {
  const [pkcs8] = PemConverter.decode(key);
  if (!pkcs8) throw new Error('no private key');
  return {
    certificate: new X509Certificate(certificate),
    key: await webcrypto.subtle.importKey('pkcs8', pkcs8, KEY, true, ['sign']),
  };
}

interface Request extends Validity {
  readonly subject: JsonName;
  readonly extensions: Extension[];
}

async function certify(issuer: Identity | undefined, request: Request): Promise<Identity> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: request.subject,
    issuer: issuer?.certificate.subjectName ?? request.subject,
    notBefore: request.from,
    notAfter: request.to,
    publicKey: keys.publicKey,
    signingKey: issuer?.key ?? keys.privateKey,
    signingAlgorithm: SIGNATURE,
    extensions: [
      ...request.extensions,
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer?.certificate.publicKey ?? keys.publicKey),
    ],
  });
  return { certificate, key: keys.privateKey };
}

function leaf(usage: ExtendedKeyUsage, names: JsonGeneralNames): Extension[] {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage]),
    ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
  ];
}

/** 127 random bits: positive and unguessable (RFC 5280 §4.1.2.2). */
function newSerial(): string {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial.toString('hex');
}

const pemText = (pem: string): string => (pem.endsWith('\n') ? pem : `${pem}\n`);
