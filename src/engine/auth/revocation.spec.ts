import { X509Certificate } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { DAY, der, pem, TestPki } from '../../../test/support/pki.js';
import { createCrl, type Identity } from '../../cli/pki.js';
import { BotsConfig } from '../../config/bots.config.js';
import { RevocationList } from './revocation.js';

const NOW = Date.UTC(2026, 0, 1);
const chain = (...identities: Identity[]) => identities.map((one) => new X509Certificate(der(one)));

describe('RevocationList', () => {
  let pki: TestPki;
  let clock: FakeClock;
  let list: RevocationList;
  let bot: Identity;
  let log: jest.SpyInstance;

  beforeAll(async () => {
    pki = await TestPki.create(NOW);
    bot = await pki.bot();
  });
  afterAll(() => pki.dispose());
  beforeEach(() => {
    clock = new FakeClock(NOW);
    jest.spyOn(Logger.prototype, 'log').mockReturnValue(undefined);
    log = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
  });
  afterEach(() => {
    list.onModuleDestroy();
    jest.restoreAllMocks();
  });

  /** A started list over a file with this content. */
  async function start(content: string | Buffer, ca = pem(pki.root, pki.intermediate)): Promise<string> {
    const tlsCrl = pki.file(content);
    list = new RevocationList(new BotsConfig({ tlsCa: pki.file(ca), tlsCrl }), clock);
    await list.onModuleInit();
    return tlsCrl;
  }

  /** The next look at the file. */
  async function look(): Promise<void> {
    clock.advance(2_000);
    await list.settled();
  }

  it('knows revoked certificates and no others', async () => {
    await start(await pki.crl([bot]));
    expect(list.isRevoked(chain(bot))).toBe(true);
    expect(list.isRevoked(chain(await pki.bot()))).toBe(false);
    expect(list.status()).toEqual({ configured: true, entries: 1, nextUpdate: NOW + 30 * DAY, alarms: [] });
  });

  it('reads DER, and several PEM lists with text between them', async () => {
    const [, base64 = ''] = /CRL-----([\s\S]+)-----END/.exec(await pki.crl([bot])) ?? [];
    await start(Buffer.from(base64, 'base64'));
    expect(list.isRevoked(chain(bot))).toBe(true);
    list.onModuleDestroy();
    const second = await pki.bot({ issuer: pki.intermediate });
    const lists = [
      await pki.crl([bot]),
      await pki.crl([second], { issuer: pki.intermediate, nextUpdate: NOW + DAY }),
    ];
    await start(lists.join('\nsome text\n'));
    expect(list.isRevoked(chain(bot))).toBe(true);
    expect(list.isRevoked(chain(second))).toBe(true);
    expect(list.status()).toMatchObject({ entries: 2, nextUpdate: NOW + DAY });
  });

  it('does not mix up equal serial numbers of different authorities', async () => {
    const profile = { thisUpdate: new Date(NOW), nextUpdate: new Date(NOW + DAY) };
    const entries = [{ serial: bot.certificate.serialNumber, at: new Date(NOW) }];
    await start(await createCrl(pki.intermediate, { ...profile, entries }));
    expect(list.isRevoked(chain(bot))).toBe(false);
  });

  it('compares serial numbers whatever their leading zeros', async () => {
    const entries = [{ serial: `0000${bot.certificate.serialNumber.toUpperCase()}`, at: new Date(NOW) }];
    await start(
      await createCrl(pki.root, { entries, thisUpdate: new Date(NOW), nextUpdate: new Date(NOW + DAY) }),
    );
    expect(list.isRevoked(chain(bot))).toBe(true);
  });

  it('refuses what a revoked intermediate has issued, with or without the chain at hand', async () => {
    const below = await pki.bot({ issuer: pki.intermediate });
    await start(await pki.crl([pki.intermediate]));
    expect(list.isRevoked(chain(below))).toBe(true);
    list.onModuleDestroy();
    await start(await pki.crl([pki.intermediate]), pem(pki.root));
    expect(list.isRevoked(chain(below, pki.intermediate, pki.root))).toBe(true);
    expect(list.status().alarms).toEqual([]);
  });

  it('knows the chain of a bot that comes back with its leaf only', async () => {
    const below = await pki.bot({ issuer: pki.intermediate });
    const file = await start(await pki.crl([]), pem(pki.root));
    expect(list.isRevoked(chain(below, pki.intermediate))).toBe(false);
    writeFileSync(file, await pki.crl([pki.intermediate]));
    await look();
    expect(list.isRevoked(chain(below))).toBe(true);
    expect(list.status().alarms).toEqual([]);
  });

  it('takes no bot for an authority', async () => {
    await start(await pki.crl([]));
    const below = await pki.bot({ issuer: bot });
    expect(list.isRevoked(chain(below, bot))).toBe(false);
    expect(list.status().alarms).toHaveLength(1);
  });

  it('tells every listener, even after one that fails', async () => {
    const file = await start(await pki.crl([]));
    const heard = jest.fn();
    list.onChange(() => {
      throw new Error('broken listener');
    });
    list.onChange(heard);
    writeFileSync(file, await pki.crl([bot]));
    await look();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(list.status().alarms).toEqual([]);
  });

  it('alarms once when it cannot see whether an intermediate is revoked', async () => {
    await start(await pki.crl([pki.intermediate]), pem(pki.root));
    const below = chain(await pki.bot({ issuer: pki.intermediate }));
    expect(list.isRevoked(below)).toBe(false);
    expect(list.isRevoked(below)).toBe(false);
    expect(list.status().alarms).toHaveLength(1);
    await look();
    expect(log).toHaveBeenCalledTimes(1);
  });

  it('sees a new list within 2 s and tells its listeners', async () => {
    const file = await start(await pki.crl([]));
    const heard = jest.fn();
    const stop = list.onChange(heard);
    await look();
    expect(heard).not.toHaveBeenCalled();
    writeFileSync(file, await pki.crl([bot]));
    await look();
    await look();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(list.isRevoked(chain(bot))).toBe(true);
    stop();
    writeFileSync(file, await pki.crl([]));
    await look();
    expect(list.isRevoked(chain(bot))).toBe(false);
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it.each<[string, () => Promise<string>]>([
    ['a forged one', () => pki.forgedCrl([])],
    ['one of another authority', () => pki.crl([], { issuer: pki.other })],
    ['half of one', async () => (await pki.crl([])).slice(0, 200)],
    ['a good and a forged one', async () => (await pki.crl([])) + (await pki.forgedCrl([]))],
    ['an empty file', () => Promise.resolve('')],
    ['a certificate', () => Promise.resolve(pem(pki.root))],
    [
      'rubbish between the markers',
      () => Promise.resolve('-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n'),
    ],
  ])('keeps the old list when the new one is %s, and alarms once', async (_, replacement) => {
    const file = await start(await pki.crl([bot]));
    const heard = jest.fn();
    list.onChange(heard);
    writeFileSync(file, await replacement());
    await look();
    await look();
    expect(list.isRevoked(chain(bot))).toBe(true);
    expect(list.status().alarms).toHaveLength(1);
    expect(log).toHaveBeenCalledTimes(1);
    expect(heard).not.toHaveBeenCalled();
    writeFileSync(file, await pki.crl([]));
    await look();
    expect(list.status().alarms).toEqual([]);
    expect(list.isRevoked(chain(bot))).toBe(false);
  });

  it('keeps the old list when the file goes away', async () => {
    const file = await start(await pki.crl([bot]));
    rmSync(file);
    await look();
    expect(list.isRevoked(chain(bot))).toBe(true);
    expect(list.status().alarms[0]).toContain('file not readable (ENOENT)');
    expect(list.status().alarms[0]).not.toContain(file);
  });

  it('goes on with an expired list, alarms once and calms down when it is replaced', async () => {
    const file = await start(await pki.crl([bot], { nextUpdate: NOW + 3_000 }));
    await look();
    expect(list.status().alarms).toEqual([]);
    await look();
    await look();
    expect(list.isRevoked(chain(bot))).toBe(true);
    expect(list.isRevoked(chain(await pki.bot()))).toBe(false);
    expect(list.status().alarms).toEqual([
      'the revocation list has expired; it is still applied, replace it',
    ]);
    expect(log).toHaveBeenCalledTimes(1);
    writeFileSync(file, await pki.crl([bot]));
    await look();
    expect(list.status().alarms).toEqual([]);
  });

  it('starts with an expired list, under alarm', async () => {
    await start(await pki.crl([bot], { nextUpdate: NOW - 1 }));
    expect(list.isRevoked(chain(bot))).toBe(true);
    expect(log).toHaveBeenCalledTimes(1);
  });

  it.each<[string, () => Promise<string>]>([
    ['forged', () => pki.forgedCrl([])],
    ['rubbish', () => Promise.resolve('rubbish')],
  ])('does not start with a list that is %s', async (_, content) => {
    await expect(start(await content())).rejects.toThrow(/\.pem: holds/);
  });

  it('is silent without a list', async () => {
    list = new RevocationList(new BotsConfig({ tlsCa: pki.file(pem(pki.root)) }), clock);
    await list.onModuleInit();
    expect(list.isRevoked(chain(bot))).toBe(false);
    expect(list.status().configured).toBe(false);
    expect(clock.timers).toBe(0);
  });

  it('stops looking when the gateway stops', async () => {
    await start(await pki.crl([]));
    list.onModuleDestroy();
    expect(clock.timers).toBe(0);
  });
});
