import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { reason, wrong } from './config.error.js';
import type { GatewayConfig } from './gateway.config.js';

/** Checks that every configured PEM file can be read and holds what its setting says; paths are relative to `cwd`. */
export function wrongTlsFiles({ http, bots }: GatewayConfig, cwd: string): string[] {
  const problems: string[] = [];
  const load = <T>(variable: string, path: string | undefined, what: string, parse: (pem: Buffer) => T) =>
    path === undefined ? undefined : loadPem({ variable, path, what, parse }, cwd, problems);
  for (const [prefix, { tlsCert, tlsKey }] of [
    ['GATEWAY_HTTP_TLS', http],
    ['GATEWAY_BOTS_TLS', bots],
  ] as const) {
    const cert = load(`${prefix}_CERT`, tlsCert, 'certificate', (pem) => new X509Certificate(pem));
    const key = load(`${prefix}_KEY`, tlsKey, 'private key without passphrase', createPrivateKey);
    if (cert && key && tlsKey !== undefined) problems.push(...mismatch(prefix, tlsKey, cert, key));
  }
  load('GATEWAY_BOTS_TLS_CA', bots.tlsCa, 'CA certificate', (pem) => new X509Certificate(pem));
  load('GATEWAY_BOTS_TLS_CRL', bots.tlsCrl, 'revocation list', checkCrl);
  return problems;
}

interface PemFile<T> {
  readonly variable: string;
  readonly path: string;
  readonly what: string;
  readonly parse: (pem: Buffer) => T;
}

function loadPem<T>(
  { variable, path, what, parse }: PemFile<T>,
  cwd: string,
  problems: string[],
): T | undefined {
  const allowed = `a readable PEM file of a ${what}`;
  let pem: Buffer;
  try {
    pem = readFileSync(resolve(cwd, path));
  } catch (error) {
    problems.push(`${wrong(variable, path, allowed)} (${reason(error)})`);
    return undefined;
  }
  try {
    return parse(pem);
  } catch {
    problems.push(`${wrong(variable, path, allowed)} (it holds something else)`);
    return undefined;
  }
}

function checkCrl(pem: Buffer): void {
  if (!pem.includes('-----BEGIN X509 CRL-----')) throw new Error('no revocation list');
}

function mismatch(prefix: string, path: string, cert: X509Certificate, key: KeyObject): string[] {
  return cert.checkPrivateKey(key) ? [] : [wrong(`${prefix}_KEY`, path, `the private key of ${prefix}_CERT`)];
}
