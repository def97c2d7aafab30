import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '../../core/errors.js';
import { AesSecretBox } from './aes-secret-box.js';
import { keyFile } from './key-file.js';

const box = (...keys: Buffer[]): AesSecretBox => new AesSecretBox(() => keys);

describe('AesSecretBox', () => {
  const [old, current] = [randomBytes(32), randomBytes(32)];

  it.each(['', 'geheim', '密钥 🔑', 'x'.repeat(10_000)])('opens what it has sealed: %.20s', (text) => {
    const sealed = box(current).seal(text);
    expect(sealed).toMatch(/^v1\.[0-9a-f]{8}\.[\w-]+$/);
    expect(box(current).open(sealed)).toBe(text);
  });

  it('seals the same text differently each time', () => {
    expect(box(current).seal('a')).not.toBe(box(current).seal('a'));
  });

  it('after a change of keys seals with the first and opens with all', () => {
    const before = box(old).seal('kept');
    const both = box(current, old);
    expect(both.open(before)).toBe('kept');
    expect(box(current).open(both.seal('new'))).toBe('new');
    expect(() => box(current).open(before)).toThrow('a key that GATEWAY_SECRETS_KEY does not have');
  });

  it('opens nothing that was changed', () => {
    const [version, id, content = ''] = box(current).seal('a secret').split('.');
    const bytes = Buffer.from(content, 'base64url');
    for (const i of bytes.keys()) {
      const forged = Buffer.from(bytes);
      forged[i]! ^= 1;
      expect(() => box(current).open(`${version}.${id}.${forged.toString('base64url')}`)).toThrow();
    }
    expect(() => box(current).open(`v2.${id}.${content}`)).toThrow();
    expect(() => box(current).open('')).toThrow();
  });

  it('without a key says what the operator has to do', () => {
    const work = () => box().seal('a');
    expect(work).toThrow(GatewayError);
    expect(work).toThrow('GATEWAY_SECRETS_KEY');
  });
});

describe('keyFile', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'key-file-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes a key once, for its owner only', () => {
    const path = join(folder, 'data', 'gateway.db.key');
    const key = keyFile(path);
    expect(key).toHaveLength(32);
    expect(keyFile(path)).toEqual(key);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(path, 'utf8'), 'base64')).toEqual(key);
  });

  it('takes no other file for a key', () => {
    const path = join(folder, 'key');
    writeFileSync(path, 'too short');
    expect(() => keyFile(path)).toThrow('holds no key');
  });
});
