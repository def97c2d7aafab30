import { GENESIS, type Chain } from '../../src/core/audit.js';
import type { Namespace } from '../../src/core/ids.js';
import type { AuditFilter, AuditStore, StoredEntry } from '../../src/engine/audit/audit.store.js';
import { bodyOf, hashOf } from '../../src/engine/audit/entry-hash.js';

/** A store of its own for one test. */
export interface OpenAuditStore {
  readonly store: AuditStore;
  /** Ends the store and opens it again on the same data. */
  reopen(): Promise<AuditStore>;
  close(): Promise<void>;
}

export const SHOP = 'shop' as Namespace;
const START = 1_800_000_000_000;

/** A chain of entries, one per second. Odd ones are submissions by ann, even ones are denials of bob. */
export function entries(chain: Chain, count: number): StoredEntry[] {
  const made: StoredEntry[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const odd = seq % 2 === 1;
    const fields = {
      actor: odd ? 'ann' : 'bob',
      credential: null,
      action: odd ? 'task.submit' : 'auth.authorize',
      object: `object "${seq}" of ${chain} ü`,
      outcome: odd ? ('ok' as const) : ('denied' as const),
      requestId: null,
      address: odd ? '192.0.2.1' : null,
      detail: null,
    };
    const body = bodyOf(fields, START + seq * 1_000, 1);
    made.push({ chain, seq, body, hash: hashOf(made.at(-1)?.hash ?? '', chain, seq, body) });
  }
  return made;
}

/** What every store of the audit log does, whatever it stores in. */
export function describeAuditStore(name: string, open: () => Promise<OpenAuditStore>): void {
  describe(`audit store contract: ${name}`, () => {
    let opened: OpenAuditStore;
    let store: AuditStore;

    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
    });
    afterEach(() => opened.close());

    /** In commits of one entry each. */
    const written = async (chain: Chain, count: number): Promise<StoredEntry[]> => {
      const all = entries(chain, count);
      for (const entry of all) await store.append(entry);
      return all;
    };
    const seqs = (found: readonly StoredEntry[]): number[] => found.map(({ seq }) => seq);
    const end = ({ seq, hash }: StoredEntry) => ({ seq, hash, at: START + seq * 1_000 });

    test('entries come back as they were given, in order, also after a restart', async () => {
      const all = await written(SHOP, 5);
      expect(await store.after(SHOP, 0, 10)).toEqual(all);
      store = await opened.reopen();
      expect(await store.after(SHOP, 0, 10)).toEqual(all);
      expect(await store.end(SHOP)).toEqual(end(all[4]!));
      expect(await store.beginning(SHOP)).toEqual(GENESIS);
    });

    test('many at once keep their order', async () => {
      const all = entries(SHOP, 1_200);
      await Promise.all(all.map((entry) => store.append(entry)));
      expect(await store.after(SHOP, 0, 2_000)).toEqual(all);
      expect(await store.after(SHOP, 1_198, 10)).toEqual(all.slice(-2));
    });

    test('chains are apart, and the one of no namespace is one of them', async () => {
      const [shop, none] = [entries(SHOP, 3), entries(null, 2)];
      await Promise.all([...shop, ...none].map((entry) => store.append(entry)));
      expect(new Set(await store.chains())).toEqual(new Set([null, SHOP]));
      expect(await store.after(null, 0, 10)).toEqual(none);
      expect(await store.after(SHOP, 0, 10)).toEqual(shop);
      expect(await store.after('nowhere' as Namespace, 0, 10)).toEqual([]);
      expect(await store.end('nowhere' as Namespace)).toEqual(GENESIS);
    });

    test('pages, newest first', async () => {
      await Promise.all(entries(SHOP, 10).map((entry) => store.append(entry)));
      expect(seqs(await store.list(SHOP, { limit: 3 }))).toEqual([10, 9, 8]);
      expect(seqs(await store.list(SHOP, { limit: 3, before: 8 }))).toEqual([7, 6, 5]);
      expect(seqs(await store.list(SHOP, { limit: 9, before: 3 }))).toEqual([2, 1]);
    });

    test.each<[string, AuditFilter, number[]]>([
      ['actor', { actor: 'ann' }, [9, 7, 5, 3, 1]],
      ['action', { action: 'auth.authorize' }, [10, 8, 6, 4, 2]],
      ['outcome', { outcome: 'denied' }, [10, 8, 6, 4, 2]],
      ['object', { object: 'object "4" of shop ü' }, [4]],
      ['several', { actor: 'ann', outcome: 'denied' }, []],
      ['from, inclusive', { from: START + 9_000 }, [10, 9]],
      ['to, exclusive', { to: START + 3_000 }, [2, 1]],
      ['from and to', { from: START + 3_500, to: START + 6_500, actor: 'bob' }, [6, 4]],
      ['a time to come', { from: START * 2 }, []],
    ])('by %s', async (_, filter, expected) => {
      await written(SHOP, 10);
      expect(seqs(await store.list(SHOP, { ...filter, limit: 20 }))).toEqual(expected);
      expect(seqs(await store.after(SHOP, 0, 20, filter))).toEqual([...expected].reverse());
    });

    test('a purge takes the oldest, and the rest still links to where they ended', async () => {
      const all = await written(SHOP, 10);
      expect(await store.purge(SHOP, START + 5_000, 3)).toBe(3);
      expect(await store.purge(SHOP, START + 5_000, 3)).toBe(1);
      expect(await store.purge(SHOP, START + 5_000, 3)).toBe(0);
      expect(await store.after(SHOP, 0, 20)).toEqual(all.slice(4));
      expect(await store.beginning(SHOP)).toEqual(end(all[3]!));
      expect(seqs(await store.list(SHOP, { limit: 20, to: START + 6_000 }))).toEqual([5]);
    });

    test('a chain that was purged to its end goes on from there', async () => {
      const all = await written(SHOP, 3);
      await store.purge(SHOP, START * 2, 10);
      store = await opened.reopen();
      expect(await store.after(SHOP, 0, 20)).toEqual([]);
      expect(await store.end(SHOP)).toEqual(end(all[2]!));
      expect(await store.chains()).toEqual([SHOP]);
    });
  });
}
