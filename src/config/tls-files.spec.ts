import 'reflect-metadata';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PemConverter, X509CertificateGenerator } from '@peculiar/x509';
import { BotsConfig } from './bots.config.js';
import { GatewayConfig } from './gateway.config.js';
import { HttpConfig } from './http.config.js';
import { wrongTlsFiles } from './tls-files.js';

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
let cwd: string;

async function writePair(name: string): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
  const cert = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: EC,
  });
  writeFileSync(join(cwd, `${name}.pem`), cert.toString('pem'));
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  writeFileSync(join(cwd, `${name}.key`), PemConverter.encode(key, 'PRIVATE KEY'));
}

function writeLockedKey(): void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const locked = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  writeFileSync(join(cwd, 'locked.key'), privateKey.export(locked));
}

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tls-'));
  await writePair('one');
  await writePair('other');
  writeLockedKey();
  writeFileSync(join(cwd, 'list.crl'), '-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----\n');
});
afterAll(() => {
  rmSync(cwd, { recursive: true });
});

const http = (tlsCert: string, tlsKey: string): GatewayConfig =>
  new GatewayConfig({ http: new HttpConfig({ tlsCert, tlsKey }) });
const bots = (tlsCa: string, tlsCrl: string): GatewayConfig =>
  new GatewayConfig({ bots: new BotsConfig({ tlsCa, tlsCrl }) });

describe('TLS files', () => {
  it('accepts files that are what they should be', () => {
    expect(wrongTlsFiles(http('one.pem', join(cwd, 'one.key')), cwd)).toEqual([]);
    expect(wrongTlsFiles(bots('one.pem', 'list.crl'), cwd)).toEqual([]);
    expect(wrongTlsFiles(new GatewayConfig(), cwd)).toEqual([]);
  });

  it.each<[string, () => GatewayConfig, string[]]>([
    [
      'missing',
      () => http('none.pem', 'one.key'),
      ['GATEWAY_HTTP_TLS_CERT: got "none.pem", allowed: a readable PEM file of a certificate (ENOENT)'],
    ],
    [
      'swapped',
      () => http('one.key', 'one.pem'),
      [
        'GATEWAY_HTTP_TLS_CERT: got "one.key", allowed: a readable PEM file of a certificate (it holds something else)',
        'GATEWAY_HTTP_TLS_KEY: got "one.pem", allowed: a readable PEM file of a private key without passphrase (it holds something else)',
      ],
    ],
    [
      'of two pairs',
      () => http('one.pem', 'other.key'),
      ['GATEWAY_HTTP_TLS_KEY: got "other.key", allowed: the private key of GATEWAY_HTTP_TLS_CERT'],
    ],
    [
      'locked',
      () => http('one.pem', 'locked.key'),
      [
        'GATEWAY_HTTP_TLS_KEY: got "locked.key", allowed: a readable PEM file of a private key without passphrase (it holds something else)',
      ],
    ],
    [
      'no list',
      () => bots('list.crl', 'one.pem'),
      [
        'GATEWAY_BOTS_TLS_CA: got "list.crl", allowed: a readable PEM file of a CA certificate (it holds something else)',
        'GATEWAY_BOTS_TLS_CRL: got "one.pem", allowed: a readable PEM file of a revocation list (it holds something else)',
      ],
    ],
  ])('refuses files that are %s', (_, config, expected) => {
    expect(wrongTlsFiles(config(), cwd)).toEqual(expected);
  });
});
