import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../test/fakes/fake-clock.js';
import { BotsConfig } from '../config/bots.config.js';
import { RevocationList } from '../engine/auth/revocation.js';
import { main } from './certs.js';

describe('npm run certs', () => {
  let out: string;
  let printed: string;
  let complained: string;

  beforeEach(() => {
    out = mkdtempSync(join(tmpdir(), 'agent-gateway-certs-'));
    printed = complained = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((printed += String(text)), true));
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((complained += String(text)), true));
  });
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(out, { recursive: true });
  });

  const run = (...args: string[]) => main(['--out', out, ...args]);
  const read = (...path: string[]) => readFileSync(join(out, ...path), 'utf8');
  const certificate = (...path: string[]) => new X509Certificate(read(...path));

  /** What the gateway makes of the revocation list. */
  async function isRevoked(...path: string[]): Promise<boolean> {
    const config = new BotsConfig({ tlsCa: join(out, 'ca.pem'), tlsCrl: join(out, 'crl.pem') });
    const list = new RevocationList(config, new FakeClock(Date.now()));
    await list.onModuleInit();
    list.onModuleDestroy();
    expect(list.status().alarms).toEqual([]);
    return list.isRevoked([certificate(...path)]);
  }

  it('makes a CA, a server, a bot and an empty revocation list that fit together', async () => {
    expect(await run()).toBe(0);
    const ca = certificate('ca.pem');
    const server = certificate('server.pem');
    const bot = certificate('bots', 'production', 'nanobot-text-001', 'cert.pem');
    expect(ca.ca && ca.verify(ca.publicKey)).toBe(true);
    for (const one of [server, bot])
      expect(one.checkIssued(ca) && one.verify(ca.publicKey) && !one.ca).toBe(true);
    expect(server.checkHost('localhost')).toBe('localhost');
    expect(server.checkIP('127.0.0.1') && server.checkIP('::1')).toBeTruthy();
    expect(bot.subjectAltName).toBe('URI:spiffe://agent-gateway.local/ns/production/agent/nanobot-text-001');
    expect(await isRevoked('bots', 'production', 'nanobot-text-001', 'cert.pem')).toBe(false);
    expect(printed).toContain(`GATEWAY_BOTS_TLS_CA=${join(out, 'ca.pem')}`);
  });

  it('keeps keys to their owner', async () => {
    await run();
    for (const path of ['ca-key.pem', 'server-key.pem', 'bots/production/nanobot-text-001/key.pem']) {
      expect(statSync(join(out, path)).mode & 0o777).toBe(0o600);
      expect(createPrivateKey(read(path)).asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    }
  });

  it('adds what is missing and replaces only by force', async () => {
    await run();
    const before = read('ca.pem');
    expect(
      await run('--bot', '*', '--namespace', 'tenant-2', '--trust-domain', 'acme.example', '--days', '7'),
    ).toBe(0);
    expect(read('ca.pem')).toBe(before);
    const bot = certificate('bots', 'tenant-2', '@any', 'cert.pem');
    expect(bot.subjectAltName).toBe('URI:spiffe://acme.example/ns/tenant-2/agent/*');
    expect(Math.round((bot.validToDate.getTime() - Date.now()) / 86_400_000)).toBe(7);
    await run('--force');
    expect(read('ca.pem')).not.toBe(before);
    expect(certificate('server.pem').verify(certificate('ca.pem').publicKey)).toBe(true);
  });

  it('revokes by file and by serial number, and keeps earlier entries', async () => {
    await run();
    await run('--bot', 'b2');
    await run('--bot', 'b3');
    const path = (bot: string) => ['bots', 'production', bot, 'cert.pem'] as const;
    expect(await run('--revoke', join(out, ...path('nanobot-text-001')))).toBe(0);
    const serial = certificate(...path('b2')).serialNumber;
    expect(await run('--revoke', serial.replace(/..(?=.)/g, '$&:'))).toBe(0);
    expect(await run('--revoke', serial)).toBe(0);
    expect(await run('--renew-crl')).toBe(0);
    expect(printed).toMatch(/2 revoked\n$/);
    expect(await isRevoked(...path('nanobot-text-001'))).toBe(true);
    expect(await isRevoked(...path('b2'))).toBe(true);
    expect(await isRevoked(...path('b3'))).toBe(false);
  });

  it.each([
    [['--bot', '../x'], '--bot: got "../x"'],
    [['--bot', '..'], '--bot: got ".."'],
    [['--namespace', '*'], '--namespace: got "*"'],
    [['--days', '0'], '--days: got "0"'],
    [['--days', '1.5'], '--days: got "1.5"'],
    [['--trust-domain', 'A.example'], '--trust-domain: got'],
    [['--nonsense'], "Unknown option '--nonsense'"],
    [['extra'], 'Unexpected argument'],
    [['--revoke', 'xyz'], 'no usable CA'],
  ])('exits 2 for %j', async (args, message) => {
    expect(await run(...args)).toBe(2);
    expect(complained).toContain(message);
  });

  it('revokes nothing that another CA has made', async () => {
    await run();
    const foreign = mkdtempSync(join(tmpdir(), 'agent-gateway-certs-'));
    await main(['--out', foreign]);
    expect(await run('--revoke', join(foreign, 'server.pem'))).toBe(2);
    expect(await run('--revoke', join(out, 'server-key.pem'))).toBe(2);
    expect(complained).toContain('was not issued by this CA');
    rmSync(foreign, { recursive: true });
  });

  it('explains itself', async () => {
    expect(await run('--help')).toBe(0);
    expect(printed).toContain('--revoke FILE_OR_SERIAL');
  });
});
