import type { Delivery, NewDelivery } from '../../src/core/delivery.js';
import type { Follower } from '../../src/core/follower.js';
import type { Namespace, TaskId } from '../../src/core/ids.js';
import type { FollowerStore } from '../../src/engine/messages/follower.store.js';
import type {
  DeliveryFilter,
  NewDeliveryRecord,
  OutboxStore,
  Settlement,
} from '../../src/engine/messages/outbox.store.js';

/** Stores of their own for one test. */
export interface OpenOutbox {
  readonly outbox: OutboxStore;
  readonly followers: FollowerStore;
  close(): Promise<void>;
}

const NOW = Date.UTC(2026, 0, 1);
const OTHER = 'other' as Namespace;
const TASK = `t-${'1'.repeat(32)}` as TaskId;
let count = 0;

const delivery = (given: Partial<NewDelivery> = {}): NewDeliveryRecord => ({
  id: `d-${++count}`,
  kind: 'webhook',
  namespace: 'default' as Namespace,
  endpoint: 'e',
  subject: {},
  request: { url: 'http://127.0.0.1/hook', headers: { 'content-type': 'text/plain' }, body: 'ü' },
  createdAt: NOW,
  expiresAt: NOW + 1000,
  ...given,
});
const failedAt = (at: number, state: Settlement['state'] = 'pending'): Settlement => ({
  state,
  attempt: { at: at - 5, ms: 5, status: 500, error: 'status 500' },
  error: 'status 500',
  at,
});
const taken = (at: number): Settlement => ({
  state: 'delivered',
  attempt: { at, ms: 2, status: 204 },
  error: null,
  at,
});
const follower = (given: Partial<Follower> = {}): Follower => ({
  taskId: TASK,
  id: 'callback',
  namespace: 'default' as Namespace,
  kind: 'callback',
  config: '{"url":"x"}',
  nextSeq: 2,
  done: false,
  createdAt: NOW,
  ...given,
});

/** What every outbox does, whatever it stores in. */
export function describeOutboxStore(name: string, open: () => Promise<OpenOutbox>): void {
  describe(`outbox store contract: ${name}`, () => {
    let opened: OpenOutbox;
    let outbox: OutboxStore;

    beforeEach(async () => {
      opened = await open();
      ({ outbox } = opened);
    });
    afterEach(() => opened.close());

    const put = async (...given: Partial<NewDelivery>[]) => {
      const all = given.map((one) => delivery(one));
      await outbox.enqueue(all);
      return all;
    };
    const states = async (all: readonly NewDelivery[]) =>
      Promise.all(all.map(async ({ id }) => (await outbox.get(id))?.state));
    const idsOf = (all: readonly Pick<Delivery, 'id'>[]) => all.map(({ id }) => id);
    const pending = async (endpoint = 'e', limit = 100) => idsOf(await outbox.pending(endpoint, limit));
    const listed = async (namespace: Namespace | null, filter: Partial<DeliveryFilter> = {}) =>
      idsOf((await outbox.list(namespace, { limit: 100, ...filter })).deliveries);

    it('keeps everything of a delivery', async () => {
      const [first] = await put({
        subject: { taskId: TASK, messageId: 'm' },
        order: 'o',
        policy: { attempts: 3 },
        extra: { follower: 'callback' },
      });
      const kept = {
        ...first!,
        state: 'pending',
        attempts: 0,
        error: null,
        dueAt: NOW,
        endedAt: null,
      };
      expect(await outbox.get(first!.id)).toEqual(kept);
      const summary = { ...kept, request: undefined };
      expect(await outbox.pending('e', 1)).toEqual([summary]);
      expect(await outbox.get('unknown')).toBeUndefined();
    });

    it('takes all in or none', async () => {
      const [first] = await put({});
      const fresh = delivery();
      await expect(outbox.enqueue([fresh, first as NewDeliveryRecord])).rejects.toMatchObject({
        code: 'CONFLICT',
      });
      expect(await outbox.get(fresh.id)).toBeUndefined();
    });

    it('hands out what is due first, per endpoint, in the order of putting in', async () => {
      const [a, b, c] = await put({}, {}, { endpoint: 'elsewhere' });
      expect(await pending()).toEqual([a!.id, b!.id]);
      await outbox.settle(a!, failedAt(NOW + 50));
      expect(await pending()).toEqual([b!.id, a!.id]);
      expect(await pending('e', 1)).toEqual([b!.id]);
      expect(await pending('elsewhere')).toEqual([c!.id]);
      expect([...(await outbox.endpoints())].sort()).toEqual(['e', 'elsewhere']);
    });

    it('records every try, and an end once', async () => {
      const [one] = await put({});
      await outbox.settle(one!, failedAt(NOW + 10));
      await outbox.settle(one!, taken(NOW + 20));
      await outbox.settle(one!, failedAt(NOW + 30));
      expect(await outbox.get(one!.id)).toMatchObject({
        state: 'delivered',
        attempts: 2,
        error: null,
        endedAt: NOW + 20,
      });
      expect((await outbox.attempts(one!.id)).slice(0, 2)).toEqual([
        failedAt(NOW + 10).attempt,
        taken(NOW + 20).attempt,
      ]);
      expect(await pending()).toEqual([]);
      expect(await outbox.endpoints()).toEqual([]);
    });

    it('gives up without a try', async () => {
      const [one] = await put({});
      await outbox.settle(one!, { state: 'dead', attempt: null, error: 'too old', at: NOW + 1 });
      expect(await outbox.get(one!.id)).toMatchObject({ state: 'dead', attempts: 0, error: 'too old' });
      expect(await outbox.attempts(one!.id)).toEqual([]);
    });

    it('holds back what is behind another one of its order, until that has ended', async () => {
      const all = await put({ order: 'o' }, { order: 'o' }, { order: 'o' }, { order: 'p' });
      expect(await states(all)).toEqual(['pending', 'waiting', 'waiting', 'pending']);
      await outbox.settle(all[0]!, failedAt(NOW + 10));
      expect(await states(all)).toEqual(['pending', 'waiting', 'waiting', 'pending']);
      await outbox.settle(all[0]!, taken(NOW + 20));
      expect(await states(all)).toEqual(['delivered', 'pending', 'waiting', 'pending']);
      await outbox.settle(all[1]!, failedAt(NOW + 30, 'dead'));
      expect(await states(all)).toEqual(['delivered', 'dead', 'pending', 'pending']);
    });

    it('starts a dead one again, behind what of its order is on the way', async () => {
      const all = await put({ order: 'o' }, { order: 'o' });
      await outbox.settle(all[0]!, failedAt(NOW + 10, 'dead'));
      await outbox.redeliver(all[0]!, NOW + 20, NOW + 5000);
      expect(await states(all)).toEqual(['waiting', 'pending']);
      await outbox.settle(all[1]!, taken(NOW + 30));
      expect(await outbox.get(all[0]!.id)).toMatchObject({
        state: 'pending',
        attempts: 0,
        dueAt: NOW + 20,
        expiresAt: NOW + 5000,
        endedAt: null,
      });
      expect(await outbox.attempts(all[0]!.id)).toHaveLength(1);
    });

    it.each(['pending', 'delivered'] as const)('does not start one again that is %s', async (state) => {
      const [one] = await put({});
      await outbox.settle(one!, state === 'pending' ? failedAt(NOW + 1) : taken(NOW + 1));
      await expect(outbox.redeliver(one!, NOW, NOW)).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await states([one!])).toEqual([state]);
    });

    it('abandons what is open of an order or an endpoint, and nothing else', async () => {
      const all = await put({ order: 'o' }, { order: 'o' }, { order: 'p', endpoint: 'f' }, { endpoint: 'f' });
      await outbox.settle(all[0]!, taken(NOW + 1));
      await outbox.abandon({ order: 'o' }, 'gone', NOW + 2);
      expect(await states(all)).toEqual(['delivered', 'dead', 'pending', 'pending']);
      await outbox.abandon({ endpoint: 'f' }, 'gone', NOW + 3);
      expect(await states(all)).toEqual(['delivered', 'dead', 'dead', 'dead']);
      expect(await outbox.get(all[3]!.id)).toMatchObject({ error: 'gone', endedAt: NOW + 3 });
      // The result of a try that was under way comes too late.
      await outbox.settle(all[3]!, taken(NOW + 4));
      expect(await states(all)).toEqual(['delivered', 'dead', 'dead', 'dead']);
    });

    it('discards what is open of an order', async () => {
      const all = await put({ order: 'o' }, { order: 'o' }, {});
      await outbox.settle(all[0]!, taken(NOW + 1));
      await outbox.discard('o');
      expect(await states(all)).toEqual(['delivered', undefined, 'pending']);
      await outbox.settle(all[1]!, failedAt(NOW + 2));
      expect(await outbox.attempts(all[1]!.id)).toEqual([]);
    });

    it('lists newest first, page by page, by namespace, state and kind', async () => {
      const all = await put({}, { kind: 'push' }, { namespace: OTHER }, {});
      const [a, b, c, d] = idsOf(all);
      await outbox.settle(all[0]!, failedAt(NOW + 1, 'dead'));
      expect(await listed(null)).toEqual([d, c, b, a]);
      expect(await listed('default' as Namespace)).toEqual([d, b, a]);
      expect(await listed(OTHER)).toEqual([c]);
      expect(await listed(null, { status: 'dead' })).toEqual([a]);
      expect(await listed(OTHER, { status: 'dead' })).toEqual([]);
      expect(await listed(null, { kind: 'push' })).toEqual([b]);
      expect(await listed(null, { cursor: c! })).toEqual([b, a]);
      const page = await outbox.list(null, { limit: 2 });
      expect(page.nextCursor).toBe(c);
      expect((await outbox.list(null, { limit: 2, cursor: page.nextCursor! })).nextCursor).toBeNull();
    });

    it('counts what is open and what is dead', async () => {
      const all = await put({ order: 'o' }, { order: 'o' }, {}, {});
      await outbox.settle(all[2]!, failedAt(NOW + 1, 'dead'));
      await outbox.settle(all[3]!, taken(NOW + 1));
      expect(await outbox.counts()).toEqual({ pending: 1, waiting: 1, dead: 1 });
    });

    it('purges what ended before a moment, and nothing that is open', async () => {
      const all = await put({}, {}, {});
      await outbox.settle(all[0]!, taken(NOW + 10));
      await outbox.settle(all[1]!, failedAt(NOW + 20, 'dead'));
      expect(await outbox.purge(NOW + 20, 10)).toBe(1);
      expect(await states(all)).toEqual([undefined, 'dead', 'pending']);
      expect(await outbox.attempts(all[0]!.id)).toEqual([]);
      expect(await outbox.purge(NOW + 100, 10)).toBe(1);
      expect(await outbox.purge(NOW + 100, 10)).toBe(0);
    });

    describe('followers', () => {
      it('keeps them, by task', async () => {
        const { followers } = opened;
        const push = follower({ id: 'push:a', kind: 'push' });
        await followers.put(push);
        await followers.put(follower());
        expect(await followers.of(TASK)).toEqual([follower(), push]);
        expect(await followers.get(TASK, 'push:a')).toEqual(push);
        expect(await followers.get(TASK, 'push:b')).toBeUndefined();
        await followers.remove(TASK, 'push:a');
        await followers.remove(TASK, 'push:a');
        expect(await followers.of(TASK)).toEqual([follower()]);
      });

      it('replaces the config and keeps the place', async () => {
        const { followers } = opened;
        await followers.put(follower());
        await followers.advance({ taskId: TASK, id: 'callback', nextSeq: 5, done: false }, []);
        await followers.put(follower({ config: '{"url":"y"}', nextSeq: 3 }));
        expect(await followers.get(TASK, 'callback')).toMatchObject({ config: '{"url":"y"}', nextSeq: 5 });
      });

      it('begins anew with one that was done', async () => {
        const { followers } = opened;
        await followers.put(follower());
        await followers.advance({ taskId: TASK, id: 'callback', nextSeq: 9, done: true }, []);
        await followers.put(follower({ nextSeq: 8 }));
        expect(await followers.get(TASK, 'callback')).toMatchObject({ nextSeq: 8, done: false });
      });

      it('moves on together with its deliveries, and only forward', async () => {
        const { followers } = opened;
        await followers.put(follower());
        const [one, two] = [delivery(), delivery()];
        const step = { taskId: TASK, id: 'callback', nextSeq: 3, done: false };
        await followers.advance(step, [one]);
        await expect(followers.advance(step, [two])).rejects.toMatchObject({ code: 'CONFLICT' });
        expect(await states([one, two])).toEqual(['pending', undefined]);
        await expect(followers.advance({ ...step, nextSeq: 4 }, [one])).rejects.toMatchObject({
          code: 'CONFLICT',
        });
        expect(await followers.get(TASK, 'callback')).toMatchObject({ nextSeq: 3, done: false });
      });

      it('knows who is not done', async () => {
        const { followers } = opened;
        await followers.put(follower());
        await followers.put(follower({ id: 'push:a' }));
        await followers.advance({ taskId: TASK, id: 'callback', nextSeq: 9, done: true }, []);
        expect(idsOf(await followers.open())).toEqual(['push:a']);
        await followers.finish(TASK, 'push:a');
        expect(await followers.open()).toEqual([]);
        const late = { taskId: TASK, id: 'push:a', nextSeq: 9, done: false };
        await expect(followers.advance(late, [])).rejects.toMatchObject({ code: 'CONFLICT' });
        const gone = { taskId: TASK, id: 'none', nextSeq: 9, done: false };
        await expect(followers.advance(gone, [])).rejects.toMatchObject({ code: 'CONFLICT' });
      });
    });
  });
}
