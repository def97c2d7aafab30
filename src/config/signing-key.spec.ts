import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { A2aConfig } from './a2a.config.js';
import { GatewayConfig } from './gateway.config.js';
import { readSigningKey, signingAlgorithm, wrongSigningKey } from './signing-key.js';

const folder = mkdtempSync(join(tmpdir(), 'signing-key-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const keys: Readonly<Record<string, KeyObject>> = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey,
  EdDSA: generateKeyPairSync('ed25519').privateKey,
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
};
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return name;
}
const problems = (signingKey: string): string[] =>
  wrongSigningKey(new GatewayConfig({ a2a: new A2aConfig({ signingKey }) }), folder);

test.each(Object.entries(keys))('%s: read from PEM and from a JWK', (algorithm, key) => {
  for (const path of [
    file(`${algorithm}.pem`, pem(key)),
    file(`${algorithm}.json`, JSON.stringify(key.export({ format: 'jwk' }))),
  ]) {
    expect(problems(path)).toEqual([]);
    expect(signingAlgorithm(readSigningKey(join(folder, path)))).toBe(algorithm);
  }
});

test('none is no problem', () => {
  expect(wrongSigningKey(new GatewayConfig(), folder)).toEqual([]);
});

test.each([
  ['a file that is not there', 'missing.pem'],
  ['something else', file('text.pem', 'a text')],
  ['broken JSON', file('broken.json', '{"kty"')],
  ['a public key', file('public.pem', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n')],
  ['a short RSA key', file('short.pem', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey))],
  ['another curve', file('x.pem', pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey))],
])('%s stops the start, by name', (_, path) => {
  expect(problems(path)).toEqual([
    expect.stringContaining(
      `GATEWAY_A2A_SIGNING_KEY: got "${path}", allowed: a readable file of a private key`,
    ),
  ]);
});
