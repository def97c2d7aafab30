import type { Aggregate, DataPoint, PointValue } from '../../src/core/data-point.js';
import type { Namespace } from '../../src/core/ids.js';
import type { ResourceStore } from '../../src/engine/resources/resource.store.js';
import type {
  Kept,
  PointPosition,
  PointQuery,
  TelemetryStore,
} from '../../src/engine/resources/telemetry.store.js';
import { PRODUCTION } from '../support/records.js';
import { aDevice, aSensor, aSpace, aZone, OTHER } from '../support/stored-resources.js';

/** Stores of their own for one test. */
export interface OpenTelemetryStore {
  readonly resources: ResourceStore;
  readonly telemetry: TelemetryStore;
  /** Ends the stores and opens them again on the same data. */
  reopen(): Promise<TelemetryStore>;
  close(): Promise<void>;
}

type Given = Omit<DataPoint, 'seq'>;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const T0 = Date.UTC(2026, 0, 10);

const aPoint = (change: Partial<Given> = {}): Given => ({
  namespace: PRODUCTION,
  id: 'p-1',
  deviceId: 'dev-1',
  sensorId: 'temp-1',
  timestamp: T0,
  value: 21.5,
  unit: '°C',
  quality: 'good',
  metadata: {},
  receivedAt: T0 + 100,
  ...change,
});
/** Points `p-0`, `p-1`, … of these values, a minute apart. */
const series = (values: readonly PointValue[], change: Partial<Given> = {}): Given[] =>
  values.map((value, i) => aPoint({ id: `p-${i}`, timestamp: T0 + i * MINUTE, value, ...change }));

/** What every telemetry store does, whatever it stores in. */
export function describeTelemetryStore(name: string, open: () => Promise<OpenTelemetryStore>): void {
  describe(`telemetry store contract: ${name}`, () => {
    let opened: OpenTelemetryStore;
    let resources: ResourceStore;
    let store: TelemetryStore;

    beforeEach(async () => {
      opened = await open();
      ({ resources, telemetry: store } = opened);
      for (const namespace of [PRODUCTION, OTHER]) {
        for (const record of [aSpace, aZone, aDevice])
          await resources.addResource(record({ namespace }), 'f');
        await resources.addSensor(aSensor({ namespace }), 'f');
        await resources.addSensor(aSensor({ namespace, id: 'hum-1' }), 'f');
      }
    });
    afterEach(() => opened.close());

    async function add(...points: Given[]): Promise<readonly Kept[]> {
      const states = points.map(({ namespace, sensorId }) => store.sensorState(namespace, sensorId));
      const sensors = await Promise.all(states);
      return store.add(points.map((point, i) => ({ point, sensor: sensors[i]! })));
    }
    const idsOf = (points: readonly { readonly id: string }[]) => points.map(({ id }) => id);
    const ids = async (query: Partial<PointQuery> = {}, namespace: Namespace = PRODUCTION) =>
      idsOf((await store.points(namespace, { descending: true, limit: 500, ...query })).items);

    it('knows a sensor with its device', async () => {
      expect(await store.sensorState(PRODUCTION, 'temp-1')).toMatchObject({
        deviceId: 'dev-1',
        rangeMin: -20.5,
        rangeMax: 60,
        status: 'active',
        deviceStatus: 'inactive',
        deviceLastSeen: null,
      });
      expect(await store.sensorState(PRODUCTION, 'nope')).toBeUndefined();
    });

    it.each<[string, PointValue]>([
      ['a number', -0.25],
      ['a large integer', 9_007_199_254_740_991],
      ['a text', 'zu – 关'],
      ['a truth', false],
      ['an object', { a: [1, null, { b: 'x' }] }],
    ])('keeps every field of a point with %s, over a restart too', async (_, value) => {
      const given = aPoint({ value, unit: null, metadata: { key: { deep: true } } });
      const [kept] = await add(given);
      expect(kept).toEqual({ stored: { ...given, seq: 1 } });
      const again = await opened.reopen();
      expect(await again.point(PRODUCTION, 'p-1')).toEqual({ ...given, seq: 1 });
      expect(await again.latest(PRODUCTION, 'temp-1')).toEqual({ ...given, seq: 1 });
      expect(await again.lastSeq()).toBe(1);
    });

    describe('ids', () => {
      it('are taken once in a namespace, also within one report', async () => {
        const kept = await add(aPoint(), aPoint({ value: 1 }), aPoint({ id: 'p-2' }));
        expect(kept.map((one) => (one === 'gone' ? one : Object.keys(one)[0]))).toEqual([
          'stored',
          'taken',
          'stored',
        ]);
        const again = await add(aPoint({ value: 2 }));
        expect(again).toEqual([{ taken: { ...aPoint(), seq: 1 } }]);
        expect(await store.point(PRODUCTION, 'p-1')).toMatchObject({ value: 21.5 });
        expect(await add(aPoint({ namespace: OTHER }))).toMatchObject([{ stored: {} }]);
      });

      it('are taken once however many come at the same time', async () => {
        const all = await Promise.all(Array.from({ length: 20 }, (_, i) => add(aPoint({ value: i }))));
        const kept = all.flat();
        const stored = kept.filter((one) => one !== 'gone' && 'stored' in one);
        expect(stored).toHaveLength(1);
        expect(kept.filter((one) => one !== 'gone' && 'taken' in one)).toHaveLength(19);
      });
    });

    it('numbers points in the order of their arrival, after a restart too', async () => {
      await Promise.all(['a', 'b', 'c'].map((id) => add(aPoint({ id }), aPoint({ id: `${id}2` }))));
      const { points } = await store.arrivedAfter(PRODUCTION, 0, {}, 100);
      expect(idsOf(points)).toEqual(['a', 'a2', 'b', 'b2', 'c', 'c2']);
      const seqs = points.map(({ seq }) => seq);
      expect(seqs.toSorted((a, b) => a - b)).toEqual(seqs);
      store = await opened.reopen();
      await add(aPoint({ id: 'd' }));
      expect((await store.point(PRODUCTION, 'd'))!.seq).toBe(seqs.at(-1)! + 1);
    });

    describe('the latest value', () => {
      const latest = async () => (await store.latest(PRODUCTION, 'temp-1'))?.id;

      it('moves forward only', async () => {
        expect(await latest()).toBeUndefined();
        await add(aPoint({ id: 'new', timestamp: T0 + 10 }));
        await add(aPoint({ id: 'old', timestamp: T0 }));
        expect(await latest()).toBe('new');
        await add(aPoint({ id: 'same-time', timestamp: T0 + 10 }));
        expect(await latest()).toBe('same-time');
        await add(aPoint({ id: 'a', timestamp: T0 + 30 }), aPoint({ id: 'b', timestamp: T0 + 20 }));
        expect(await latest()).toBe('a');
      });

      it('is not moved by a repeated id, whatever it says', async () => {
        await add(aPoint({ id: 'x' }), aPoint({ id: 'y', timestamp: T0 + 1 }));
        await add(aPoint({ id: 'x', timestamp: T0 + 99 }), aPoint({ id: 'z', timestamp: T0 + 2 }));
        expect(await latest()).toBe('z');
      });

      it('is not moved by what was held back', async () => {
        await add(aPoint({ id: 'live' }));
        await add(aPoint({ id: 'held', timestamp: T0 + 50, metadata: { backfill: true } }));
        expect(await latest()).toBe('live');
        expect(await ids()).toEqual(['held', 'live']);
      });

      it('of all sensors, by sensor', async () => {
        await add(aPoint(), aPoint({ id: 'h', sensorId: 'hum-1' }), aPoint({ id: 'o', namespace: OTHER }));
        const all = (filter = {}, limit = 9, after?: string) =>
          store.allLatest(PRODUCTION, filter, limit, after).then(idsOf);
        expect(await all()).toEqual(['h', 'p-1']);
        expect(await all({}, 1)).toEqual(['h']);
        expect(await all({}, 1, 'hum-1')).toEqual(['p-1']);
        expect(await all({ sensorId: 'temp-1' })).toEqual(['p-1']);
        expect(await all({ deviceId: 'dev-2' })).toEqual([]);
      });
    });

    it('notes when a device was seen, which is no change of it', async () => {
      await add(aPoint({ receivedAt: T0 }));
      await add(aPoint({ id: 'held', receivedAt: T0 + DAY, metadata: { backfill: true } }));
      const record = (await resources.resource(PRODUCTION, 'dev-1'))!.record;
      expect(record).toEqual(aDevice({ device: { ...aDevice().device!, lastSeen: T0 } }));
      expect((await resources.resource(OTHER, 'dev-1'))!.record.device!.lastSeen).toBeNull();
    });

    describe('lists', () => {
      it('by time, both ways, page by page, of one sensor or of all', async () => {
        await add(...series([0, 1, 2, 3, 4]));
        await add(aPoint({ id: 'h', sensorId: 'hum-1', timestamp: T0 + 2 * MINUTE }));
        const expected = ['p-4', 'p-3', 'h', 'p-2', 'p-1', 'p-0'];
        for (const descending of [true, false])
          for (const limit of [1, 2, 3, 6]) {
            const found: string[] = [];
            for (let after: PointPosition | undefined; ;) {
              const page = await store.points(PRODUCTION, { descending, limit, after });
              expect(page.total).toBe(6);
              found.push(...idsOf(page.items));
              if (!page.next) break;
              after = page.next;
            }
            expect(found).toEqual(descending ? expected : expected.toReversed());
          }
        expect(await ids({ sensorId: 'temp-1' })).toEqual(['p-4', 'p-3', 'p-2', 'p-1', 'p-0']);
        expect(await ids({ deviceId: 'dev-1' })).toHaveLength(6);
      });

      it('within a time: the first moment counts, the last does not', async () => {
        await add(...series([0, 1, 2, 3, 4]));
        expect(await ids({ from: T0 + MINUTE, to: T0 + 3 * MINUTE })).toEqual(['p-2', 'p-1']);
        expect(await ids({ from: T0 + 4 * MINUTE })).toEqual(['p-4']);
        expect(await ids({ to: T0 })).toEqual([]);
      });

      it('by quality, and of nobody else', async () => {
        await add(aPoint(), aPoint({ id: 'bad', quality: 'bad' }));
        expect(await ids({ quality: 'bad' })).toEqual(['bad']);
        expect(await ids({}, OTHER)).toEqual([]);
        expect(await ids({ sensorId: 'nope' })).toEqual([]);
      });

      it('of many sensors', async () => {
        for (let i = 0; i < 450; i++) await resources.addSensor(aSensor({ id: `s-${i}` }), 'f');
        await add(
          ...Array.from({ length: 450 }, (_, i) =>
            aPoint({ id: `m-${i}`, sensorId: `s-${i}`, timestamp: T0 + ((i * 7) % 450) }),
          ),
        );
        const page = await store.points(PRODUCTION, { descending: true, limit: 500 });
        expect(page.items.map(({ timestamp }) => timestamp - T0)).toEqual(
          Array.from({ length: 450 }, (_, i) => 449 - i),
        );
      });
    });

    describe('buckets', () => {
      const buckets = async (aggregate: Aggregate, more = {}) =>
        (await store.buckets(PRODUCTION, { aggregate, bucketMs: 2 * MINUTE, limit: 100, ...more })).map(
          ({ at, value, count }) => [(at - T0) / MINUTE, value, count],
        );

      it.each<[Aggregate, unknown]>([
        [
          'avg',
          [
            [0, 2, 2],
            [2, 15, 2],
            [4, 5, 1],
          ],
        ],
        [
          'min',
          [
            [0, 1, 2],
            [2, 10, 2],
            [4, 5, 1],
          ],
        ],
        [
          'max',
          [
            [0, 3, 2],
            [2, 20, 2],
            [4, 5, 1],
          ],
        ],
        [
          'sum',
          [
            [0, 4, 2],
            [2, 30, 2],
            [4, 5, 1],
          ],
        ],
        [
          'count',
          [
            [0, 2, 2],
            [2, 2, 2],
            [4, 1, 1],
          ],
        ],
        [
          'last',
          [
            [0, 3, 2],
            [2, 20, 2],
            [4, 5, 1],
          ],
        ],
      ])('%s', async (aggregate, expected) => {
        await add(...series([1, 3, 10, 20, 5]));
        expect(await buckets(aggregate)).toEqual(expected);
      });

      it('only numbers are reckoned with; anything counts and can be the last', async () => {
        await add(...series(['on', 3, true, 'off']));
        expect(await buckets('avg')).toEqual([[0, 3, 1]]);
        expect(await buckets('count')).toEqual([
          [0, 2, 2],
          [2, 2, 2],
        ]);
        expect(await buckets('last')).toEqual([
          [0, 3, 2],
          [2, 'off', 2],
        ]);
      });

      it('of one moment the last to arrive is the last', async () => {
        await add(aPoint({ id: 'a', value: 1 }), aPoint({ id: 'b', value: 2 }));
        expect(await buckets('last')).toEqual([[0, 2, 2]]);
      });

      it('all as one, filtered, and no more than asked for', async () => {
        await add(...series([1, 3, 10, 20, 5]));
        await add(aPoint({ id: 'h', sensorId: 'hum-1', value: 100, timestamp: T0 + MINUTE }));
        expect(await buckets('sum', { bucketMs: undefined, sensorId: 'temp-1' })).toEqual([[0, 39, 5]]);
        expect(await buckets('max', { bucketMs: undefined, from: T0 + MINUTE })).toEqual([[1, 100, 5]]);
        expect(await buckets('last', { bucketMs: undefined, to: T0 + MINUTE })).toEqual([[0, 1, 1]]);
        expect(await buckets('count', { limit: 2 })).toHaveLength(2);
        expect(await buckets('avg', { bucketMs: undefined, sensorId: 'nope' })).toEqual([]);
      });
    });

    it('tells what arrived after a number, filtered, and whether there is more', async () => {
      await add(...series([0, 1, 2]), aPoint({ id: 'bad', quality: 'bad' }));
      await add(aPoint({ id: 'h', sensorId: 'hum-1' }), aPoint({ id: 'h2', sensorId: 'hum-1' }));
      await add(aPoint({ namespace: OTHER }));
      const after = async (seq: number, filter = {}, limit = 9) => {
        const { points, isFull } = await store.arrivedAfter(PRODUCTION, seq, filter, limit);
        return [idsOf(points), isFull];
      };
      expect(await after(0)).toEqual([['p-0', 'p-1', 'p-2', 'bad', 'h', 'h2'], false]);
      expect(await after(2, {}, 2)).toEqual([['p-2', 'bad'], true]);
      expect(await after(0, { sensorId: 'hum-1' })).toEqual([['h', 'h2'], false]);
      expect(await after(0, { deviceId: 'dev-1', quality: 'bad' })).toEqual([['bad'], false]);
      expect(await after(7)).toEqual([[], false]);
    });

    describe('upkeep', () => {
      const now = T0 + 10 * DAY;

      it('deletes what is too old, but never the latest', async () => {
        await add(...series([0, 1, 2]), aPoint({ id: 'new', timestamp: now - 5 * DAY }));
        await add(aPoint({ id: 'h', sensorId: 'hum-1' }));
        expect(await store.purge(now, 6 * DAY, 2)).toBe(2);
        expect(await store.purge(now, 6 * DAY, 10)).toBe(1);
        expect(await store.purge(now, 6 * DAY, 10)).toBe(0);
        expect(await ids()).toEqual(['new', 'h']);
        expect((await store.latest(PRODUCTION, 'hum-1'))?.id).toBe('h');
      });

      it('keeps as its sensor says: days, or how many', async () => {
        await resources.addSensor(aSensor({ id: 'long', retentionDays: 100 }), 'f');
        await resources.addSensor(aSensor({ id: 'few', retentionRows: 2 }), 'f');
        const of = (sensorId: string) =>
          series([0, 1, 2], { sensorId }).map((point) => ({ ...point, id: `${sensorId}-${point.id}` }));
        await add(
          ...of('long'),
          ...of('few').map((point) => ({ ...point, timestamp: point.timestamp + 9 * DAY })),
        );
        expect(await store.purge(now, 6 * DAY, 100)).toBe(1);
        expect(await ids({ sensorId: 'long' })).toHaveLength(3);
        expect(await ids({ sensorId: 'few' })).toEqual(['few-p-2', 'few-p-1']);
      });

      it('the data of a removed sensor are gone at once, and deleted by and by', async () => {
        await add(...series([0, 1, 2]), aPoint({ id: 'h', sensorId: 'hum-1' }));
        await resources.removeSensor(aSensor());
        expect(await ids()).toEqual(['h']);
        expect(await store.point(PRODUCTION, 'p-1')).toBeUndefined();
        expect(await store.latest(PRODUCTION, 'temp-1')).toBeUndefined();
        expect(await store.purge(T0, 6 * DAY, 2)).toBe(2);
        expect(await store.purge(T0, 6 * DAY, 2)).toBe(1);
        expect(await store.purge(T0, 6 * DAY, 2)).toBe(0);
        await resources.addSensor(aSensor(), 'f');
        expect(await add(...series([7]))).toMatchObject([{ stored: { value: 7 } }]);
        expect(await ids()).toEqual(['p-0', 'h']);
      });

      it('data for a sensor that is removed meanwhile are refused', async () => {
        const sensor = (await store.sensorState(PRODUCTION, 'temp-1'))!;
        await resources.removeSensor(aSensor());
        expect(await store.add([{ point: aPoint(), sensor }])).toEqual(['gone']);
      });

      it('a silent sensor becomes inactive, and active again with its next data', async () => {
        const stale = aSensor({ id: 'stale', staleAfter: MINUTE, createdAt: T0 });
        await resources.addSensor(stale, 'f');
        const status = async () => (await resources.sensor(PRODUCTION, 'stale'))!.record.status;
        expect(await store.markStale(T0 + MINUTE)).toBe(0);
        expect(await store.markStale(T0 + MINUTE + 1)).toBe(1);
        expect(await status()).toBe('inactive');
        await add(aPoint({ sensorId: 'stale', receivedAt: T0 + 2 * MINUTE }));
        expect(await status()).toBe('active');
        expect(await store.markStale(T0 + 3 * MINUTE)).toBe(0);
        expect(await store.markStale(T0 + 3 * MINUTE + 1)).toBe(1);
      });
    });
  });
}
