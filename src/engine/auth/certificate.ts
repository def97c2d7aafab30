import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { unauthenticated } from './refusal.js';

/** A client certificate that TLS has accepted: DER or PEM; or with the chain it came with, leaf first. */
export type PeerCertificate = Buffer | string | readonly (Buffer | string)[];

/** The certificates of a list, leaf first. @throws GatewayError UNAUTHENTICATED when one is unreadable */
export function parsePeer(peer: PeerCertificate): X509Certificate[] {
  const list = typeof peer === 'string' || Buffer.isBuffer(peer) ? [peer] : peer;
  try {
    return list.map((one) => new X509Certificate(one));
  } catch (error) {
    throw unauthenticated('client certificate: unreadable', error);
  }
}

/** More links than any sensible chain has. */
const MAX_CHAIN = 10;

/**
 * The certificate that the other side of a TLS connection has proved, with its chain as far as it was sent;
 * nothing when TLS did not accept it. A resumed session carries its leaf only.
 */
export function peerCertificate(socket: TLSSocket): Buffer[] | undefined {
  if (!socket.authorized) return undefined;
  const chain: Buffer[] = [];
  // Node ends a complete chain with a certificate that is its own issuer.
  for (
    let one = socket.getPeerCertificate(true);
    one?.raw && chain.length < MAX_CHAIN;
    one = one.issuerCertificate
  ) {
    if (chain.at(-1)?.equals(one.raw)) break;
    chain.push(one.raw);
  }
  return chain.length > 0 ? chain : undefined;
}

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates in a PEM file. @throws Error naming the file when there is none or one is unreadable */
export function readCertificates(file: string): X509Certificate[] {
  const blocks = readFileSync(file, 'utf8').match(CERTIFICATE_BLOCK);
  if (!blocks) throw new Error(`${file}: no PEM certificate in it`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new Error(`${file}: holds an unreadable certificate`, { cause: error });
  }
}

/** Whether `issuer` made `certificate`: decided by the signature, since names can be written in many ways. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    return false; // keys of different kinds
  }
}

/** A serial number as it is compared: lower-case hex without leading zeros. */
export const normalSerial = (hex: string): string =>
  hex
    .toLowerCase()
    .replace(/[^0-9a-f]/g, '')
    .replace(/^0+(?=.)/, '');
