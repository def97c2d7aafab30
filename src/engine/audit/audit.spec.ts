import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { MemoryAuditStore } from '../../../test/fakes/memory-audit.store.js';
import { AuditConfig } from '../../config/audit.config.js';
import type { AuditEvent, Chain } from '../../core/audit.js';
import type { Namespace } from '../../core/ids.js';
import { Audit } from './audit.js';
import { AuditRetention } from './audit-retention.js';
import type { StoredEntry } from './audit.store.js';
import { fieldsOf } from './entry-hash.js';
import { ChainVerifier } from './verify-chain.js';

const SHOP = 'shop' as Namespace;
const DAY = 24 * 60 * 60 * 1000;

const anEvent = (more: Partial<AuditEvent> = {}): AuditEvent => ({
  chain: SHOP,
  actor: 'ann',
  credential: null,
  action: 'task.submit',
  object: 't-1',
  outcome: 'ok',
  requestId: null,
  address: '192.0.2.1',
  detail: null,
  ...more,
});
const aDenial = (more: Partial<AuditEvent> = {}): AuditEvent =>
  anEvent({ action: 'auth.authorize', object: 'POST /tasks', outcome: 'denied', ...more });

let clock: FakeClock;
let store: MemoryAuditStore;
let audit: Audit;
beforeEach(async () => {
  clock = new FakeClock();
  store = new MemoryAuditStore();
  audit = new Audit(clock, store);
  await audit.onModuleInit();
});

const log = (chain: Chain = SHOP): Promise<readonly StoredEntry[]> => store.after(chain, 0, 100_000);
const told = async (chain: Chain = SHOP) =>
  (await log(chain)).map(({ body }) => fieldsOf(body)).map(({ object, count }) => [object, count]);

/** What is wrong with a chain as it is stored; undefined: nothing. */
async function faultOf(chain: Chain = SHOP) {
  const verifier = new ChainVerifier(chain, await store.beginning(chain));
  return (await log(chain)).map((entry) => verifier.next(entry)).find((fault) => fault !== undefined);
}

describe('the chain', () => {
  test('each namespace has its own, dense and linked, also over a restart', async () => {
    for (const chain of [SHOP, null, SHOP]) await audit.record(anEvent({ chain }));
    audit = new Audit(clock, store);
    await audit.onModuleInit();
    await audit.record(anEvent());
    expect((await log()).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect((await log(null)).map(({ seq }) => seq)).toEqual([1]);
    expect([await faultOf(), await faultOf(null)]).toEqual([undefined, undefined]);
  });

  test('an entry is in line for the disk when the call returns', () => {
    const appended: StoredEntry[] = [];
    store.append = (entry) => (appended.push(entry), Promise.resolve());
    void audit.record(anEvent());
    expect(appended).toHaveLength(1);
  });

  test('time does not go back, even if the clock of the process before was ahead', async () => {
    await audit.record(anEvent());
    audit = new Audit(new FakeClock(clock.now() - DAY), store);
    await audit.onModuleInit();
    await audit.record(anEvent());
    const [first, second] = (await log()).map(({ body }) => fieldsOf(body).at);
    expect(second).toBe(first);
  });

  test.each<[string, (entries: StoredEntry[]) => StoredEntry[]]>([
    [
      'a changed entry',
      (all) => all.map((e) => (e.seq === 2 ? { ...e, body: e.body.replace('ann', 'bob') } : e)),
    ],
    ['a removed entry', (all) => all.filter(({ seq }) => seq !== 2)],
    ['a removed beginning', (all) => all.slice(1)],
    ['an entry put in', (all) => [...all.slice(0, 2), { ...all[1]!, seq: 3 }, ...all.slice(2)]],
    ['two that changed places', ([a, b, c]) => [a!, { ...c!, seq: 2 }, { ...b!, seq: 3 }]],
    ['another namespace’s entry', (all) => [{ ...all[0]!, hash: 'x'.repeat(43) }, ...all.slice(1)]],
  ])('%s is found', async (_, tamper) => {
    for (const object of ['a', 'b', 'c']) await audit.record(anEvent({ object }));
    const verifier = new ChainVerifier(SHOP, await store.beginning(SHOP));
    const faults = tamper([...(await log())]).map((entry) => verifier.next(entry));
    expect(faults.some((fault) => fault !== undefined)).toBe(true);
  });

  test('what is older than the retention goes, and the rest can be verified', async () => {
    const retention = new AuditRetention(clock, new AuditConfig({ retention: DAY }), store);
    for (let i = 0; i < 250; i++) await audit.record(anEvent());
    clock.advance(DAY + 1);
    await audit.record(anEvent());
    await retention.sweep();
    expect((await log()).map(({ seq }) => seq)).toEqual([251]);
    await audit.record(anEvent());
    expect(await faultOf()).toBeUndefined();
  });
});

describe('denials', () => {
  test('the first is told at once, repeats when the window ends, as one', async () => {
    for (let i = 0; i < 1_000; i++) audit.denied(aDenial());
    expect(await told()).toEqual([['POST /tasks', 1]]);
    clock.advance(10_000);
    expect(await told()).toEqual([
      ['POST /tasks', 1],
      ['POST /tasks', 999],
    ]);
    audit.denied(aDenial());
    expect(await told()).toHaveLength(3);
  });

  test('those of others, from elsewhere, or of another kind are told apart', async () => {
    for (const more of [{}, { actor: 'bob' }, { address: '192.0.2.2' }, { action: 'limits.rate' }])
      audit.denied(aDenial(more));
    expect(await told()).toHaveLength(4);
  });

  test('about twenty things each is told; what is beyond is counted', async () => {
    for (let i = 0; i < 100; i++) audit.denied(aDenial({ object: `GET /tasks/${i}` }));
    expect(await told()).toHaveLength(20);
    await audit.settled();
    expect((await told()).at(-1)).toEqual([null, 80]);
  });

  test('a flood from everywhere is bounded, and every denial is counted', async () => {
    for (let i = 0; i < 5_000; i++)
      audit.denied(aDenial({ chain: null, address: `10.0.${i >> 8}.${i & 255}` }));
    await audit.settled();
    const all = await told(null);
    expect(all.length).toBeLessThanOrEqual(1_002);
    expect(all.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(5_000);
  });
});

test('a storage that takes no writes: what waits is bounded, what is beyond is counted', async () => {
  const { promise: back, resolve: comeBack } = Promise.withResolvers<void>();
  const append = store.append.bind(store);
  store.append = (entry) => back.then(() => append(entry));
  store.available = false;
  for (let i = 0; i < 12_000; i++) void audit.record(anEvent());
  await audit.settled(); // nobody waits for a storage that is down
  comeBack();
  store.append = append;
  store.available = true;
  await audit.record(anEvent());
  await new Promise((resolve) => setImmediate(resolve));
  expect(await log()).toHaveLength(10_000);
  expect((await log(null)).map(({ body }) => fieldsOf(body))).toMatchObject([
    { action: 'audit.lost', outcome: 'failed', count: 2_001 },
  ]);
});
