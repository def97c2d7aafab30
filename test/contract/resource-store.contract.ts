import type { Namespace } from '../../src/core/ids.js';
import type { PagePosition } from '../../src/core/page.js';
import type { ResourceRecord } from '../../src/core/resource.js';
import type { ResourceQuery, ResourceStore } from '../../src/engine/resources/resource.store.js';
import { PRODUCTION } from '../support/records.js';
import { aDevice, aSensor, aSpace, aZone, OTHER } from '../support/stored-resources.js';

/** A store of its own for one test. */
export interface OpenResourceStore {
  readonly store: ResourceStore;
  /** Ends the store and opens it again on the same data. */
  reopen(): Promise<ResourceStore>;
  close(): Promise<void>;
}

const NEWEST: ResourceQuery = { filters: {}, sort: { field: 'created_at', descending: true }, limit: 500 };
const CONFLICT = { code: 'CONFLICT' };
const after = <R extends { readonly version: number }>(record: R, change: Partial<R>): R => ({
  ...record,
  ...change,
  version: record.version + 1,
});

/** What every resource store does, whatever it stores in. */
export function describeResourceStore(name: string, open: () => Promise<OpenResourceStore>): void {
  describe(`resource store contract: ${name}`, () => {
    let opened: OpenResourceStore;
    let store: ResourceStore;

    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
    });
    afterEach(() => opened.close());

    const added = async (...records: ResourceRecord[]) => {
      for (const record of records) await store.addResource(record, 'f');
    };
    const plant = () => added(aSpace(), aZone(), aDevice());
    const ids = async (query: Partial<ResourceQuery> = {}, namespace: Namespace = PRODUCTION) =>
      (await store.listResources(namespace, { ...NEWEST, ...query })).items.map(({ id }) => id);

    describe('resources', () => {
      it('keeps every field, over a restart too', async () => {
        await plant();
        const again = await opened.reopen();
        for (const record of [aSpace(), aZone(), aDevice()])
          expect(await again.resource(PRODUCTION, record.id)).toEqual({ record, fingerprint: 'f' });
      });

      it('has an id once in a namespace, and again in another', async () => {
        await added(aSpace());
        await expect(store.addResource(aSpace({ name: 'other' }), 'g')).rejects.toMatchObject(CONFLICT);
        await added(aSpace({ namespace: OTHER, name: 'other' }));
        expect((await store.resource(PRODUCTION, 'space-1'))?.record.name).toBe('Plant');
        expect((await store.resource(OTHER, 'space-1'))?.record.name).toBe('other');
        expect(await store.resource(OTHER, 'zone-1')).toBeUndefined();
      });

      it('takes no parent that does not exist in the namespace', async () => {
        await added(aSpace({ namespace: OTHER }));
        await expect(store.addResource(aZone(), 'f')).rejects.toMatchObject(CONFLICT);
        await added(aSpace(), aZone());
        await expect(store.replaceResource(after(aZone(), { parentId: 'nowhere' }))).rejects.toMatchObject(
          CONFLICT,
        );
        expect(await ids()).toEqual(['zone-1', 'space-1']);
      });

      it('changes a record from the version that was seen, and from no other', async () => {
        await plant();
        const changed = after(aDevice(), { name: 'New', device: { ...aDevice().device!, status: 'online' } });
        await store.replaceResource(changed);
        expect((await store.resource(PRODUCTION, 'dev-1'))?.record).toEqual(changed);
        await expect(store.replaceResource(changed)).rejects.toMatchObject(CONFLICT);
        const foreign = after(changed, { namespace: OTHER });
        await expect(store.replaceResource(foreign)).rejects.toMatchObject(CONFLICT);
      });

      it('of two changes of one version one is made', async () => {
        await added(aSpace());
        const both = ['a', 'b'].map((name) => store.replaceResource(after(aSpace(), { name })));
        const results = (await Promise.allSettled(both)).map(({ status }) => status);
        expect(results.sort()).toEqual(['fulfilled', 'rejected']);
      });

      it('never makes a cycle, also when two moves come at once', async () => {
        const [a, b] = [aSpace({ id: 'a' }), aSpace({ id: 'b' })];
        await added(a, b);
        const moves = [
          store.replaceResource(after(a, { parentId: 'b' })),
          store.replaceResource(after(b, { parentId: 'a' })),
        ];
        const results = (await Promise.allSettled(moves)).map(({ status }) => status);
        expect(results.sort()).toEqual(['fulfilled', 'rejected']);
        await expect(
          store.replaceResource(after((await store.resource(PRODUCTION, 'b'))!.record, { parentId: 'b' })),
        ).rejects.toMatchObject(CONFLICT);
      });

      it('moves to the root and back', async () => {
        await added(aSpace(), aSpace({ id: 'inner', parentId: 'space-1' }));
        const inner = aSpace({ id: 'inner', parentId: 'space-1' });
        await store.replaceResource(after(inner, { parentId: null }));
        await store.replaceResource({ ...inner, version: 3 });
        expect((await store.resource(PRODUCTION, 'inner'))?.record.parentId).toBe('space-1');
      });
    });

    describe('removal', () => {
      it('refuses while something stands below', async () => {
        await plant();
        await store.addSensor(aSensor(), 'f');
        for (const record of [aSpace(), aZone(), aDevice()])
          await expect(store.removeResource(record, false)).rejects.toMatchObject(CONFLICT);
        expect(await ids()).toHaveLength(3);
      });

      it('from the leaves to the root', async () => {
        await plant();
        await store.addSensor(aSensor(), 'f');
        await store.removeSensor(aSensor());
        for (const record of [aDevice(), aZone(), aSpace()]) await store.removeResource(record, false);
        expect(await ids()).toEqual([]);
      });

      it('with all that stands below, and nothing else', async () => {
        await plant();
        await added(aSpace({ id: 'beside' }), aSpace({ namespace: OTHER }), aZone({ namespace: OTHER }));
        await store.addSensor(aSensor(), 'f');
        const twin = { desired: {}, reported: {}, version: 1, updatedAt: 1 };
        await store.saveTwin({ namespace: PRODUCTION, deviceId: 'dev-1', ...twin });
        await store.removeResource(aSpace(), true);
        expect(await ids()).toEqual(['beside']);
        expect(await ids({}, OTHER)).toHaveLength(2);
        expect(await store.sensor(PRODUCTION, 'temp-1')).toBeUndefined();
        expect(await store.twin(PRODUCTION, 'dev-1')).toBeUndefined();
      });

      it('only of the version that was seen', async () => {
        await added(aSpace());
        await store.replaceResource(after(aSpace(), { name: 'newer' }));
        for (const cascade of [true, false])
          await expect(store.removeResource(aSpace(), cascade)).rejects.toMatchObject(CONFLICT);
        expect(await ids()).toEqual(['space-1']);
      });
    });

    describe('the tree', () => {
      it('knows children, sensors among them', async () => {
        await plant();
        expect(await store.hasChildren(PRODUCTION, 'zone-1')).toBe(true);
        expect(await store.hasChildren(PRODUCTION, 'dev-1')).toBe(false);
        expect(await store.hasChildren(OTHER, 'zone-1')).toBe(false);
        await store.addSensor(aSensor(), 'f');
        expect(await store.hasChildren(PRODUCTION, 'dev-1')).toBe(true);
      });

      it('lists what stands below, nearest first, up to a limit', async () => {
        await plant();
        await added(aZone({ id: 'a-zone', name: 'Another' }), aSpace({ id: 'beside' }));
        const below = async (id: string, limit = 100) =>
          (await store.below(PRODUCTION, id, limit)).map((record) => record.id);
        expect(await below('space-1')).toEqual(['a-zone', 'zone-1', 'dev-1']);
        expect(await below('space-1', 2)).toEqual(['a-zone', 'zone-1']);
        expect(await below('dev-1')).toEqual([]);
      });

      it('knows what a place stands below', async () => {
        await plant();
        const above = async (id: string, namespace = PRODUCTION) =>
          (await store.above(namespace, id)).toSorted();
        expect(await above('dev-1')).toEqual(['dev-1', 'space-1', 'zone-1']);
        expect(await above('space-1')).toEqual(['space-1']);
        expect(await above('nowhere')).toEqual([]);
        expect(await above('dev-1', OTHER)).toEqual([]);
      });

      it('knows what is within what', async () => {
        await plant();
        const within = (id: string, ancestor: string) => store.isWithin(PRODUCTION, id, ancestor);
        expect(await within('dev-1', 'space-1')).toBe(true);
        expect(await within('dev-1', 'dev-1')).toBe(true);
        expect(await within('space-1', 'dev-1')).toBe(false);
        expect(await store.isWithin(OTHER, 'dev-1', 'space-1')).toBe(false);
      });
    });

    describe('lists', () => {
      const many = () =>
        added(
          ...['c', 'a', 'b', 'e', 'd'].map((id, i) =>
            aSpace({
              id,
              name: `n${i % 2}`,
              createdAt: 1000 + Math.floor(i / 2),
              status: i < 3 ? 'active' : 'disabled',
            }),
          ),
        );

      it.each([
        ['created_at', true, ['d', 'e', 'b', 'c', 'a']],
        ['created_at', false, ['a', 'c', 'b', 'e', 'd']],
        ['name', false, ['b', 'c', 'd', 'a', 'e']],
        ['id', true, ['e', 'd', 'c', 'b', 'a']],
      ] as const)('by %s (descending: %s), page by page', async (field, descending, expected) => {
        await many();
        for (const limit of [1, 2, 5]) {
          const found: string[] = [];
          let next: PagePosition | null | undefined;
          do {
            const query = { filters: {}, sort: { field, descending }, limit, after: next ?? undefined };
            const page = await store.listResources(PRODUCTION, query);
            expect(page.total).toBe(5);
            found.push(...page.items.map(({ id }) => id));
            next = page.next;
          } while (next);
          expect(found).toEqual(expected);
        }
      });

      it('by filters, all of which must hold', async () => {
        await many();
        await added(aZone({ id: 'z', parentId: 'a', createdAt: 2000 }));
        expect(await ids({ filters: { status: 'disabled' } })).toEqual(['d', 'e']);
        expect(await ids({ filters: { status: 'disabled', name: 'n0' } })).toEqual(['d']);
        expect(await ids({ filters: { parent_id: 'a' } })).toEqual(['z']);
        expect(await ids({ filters: { parent_id: null } })).toHaveLength(5);
        expect(await ids({ filters: { type: 'zone' } })).toEqual(['z']);
        expect(await ids({}, OTHER)).toEqual([]);
      });

      it('of devices, by what only they have', async () => {
        await plant();
        expect(await ids({ filters: { device_type: 'thermostat', device_status: 'inactive' } })).toEqual([
          'dev-1',
        ]);
        expect(await ids({ filters: { agent_id: 'end-2' } })).toEqual([]);
      });
    });

    describe('sensors', () => {
      beforeEach(plant);

      it('keeps every field, over a restart too', async () => {
        const full = aSensor({ id: 'full', staleAfter: 60_000, retentionDays: 7, retentionRows: 100 });
        const bare = aSensor({ unit: null, rangeMin: null, rangeMax: null, precision: null });
        for (const record of [full, bare]) await store.addSensor(record, 'f');
        const again = await opened.reopen();
        for (const record of [full, bare])
          expect(await again.sensor(PRODUCTION, record.id)).toEqual({ record, fingerprint: 'f' });
      });

      it('belongs to a device of its namespace, and has its id once there', async () => {
        await expect(store.addSensor(aSensor({ deviceId: 'nope' }), 'f')).rejects.toMatchObject(CONFLICT);
        await expect(store.addSensor(aSensor({ namespace: OTHER }), 'f')).rejects.toMatchObject(CONFLICT);
        await store.addSensor(aSensor(), 'f');
        await expect(store.addSensor(aSensor({ name: 'x' }), 'g')).rejects.toMatchObject(CONFLICT);
      });

      it('is changed and removed from the version that was seen', async () => {
        await store.addSensor(aSensor(), 'f');
        const changed = after(aSensor(), { rangeMax: 100, status: 'fault' });
        await store.replaceSensor(changed);
        expect((await store.sensor(PRODUCTION, 'temp-1'))?.record).toEqual(changed);
        await expect(store.replaceSensor(changed)).rejects.toMatchObject(CONFLICT);
        await expect(store.removeSensor(aSensor())).rejects.toMatchObject(CONFLICT);
        await store.removeSensor(changed);
        expect(await store.sensor(PRODUCTION, 'temp-1')).toBeUndefined();
      });

      it('is listed', async () => {
        await store.addSensor(aSensor(), 'f');
        await store.addSensor(aSensor({ id: 'hum-1', type: 'humidity', createdAt: 0 }), 'f');
        const sort = { field: 'created_at', descending: true } as const;
        const page = await store.listSensors(PRODUCTION, {
          filters: { device_id: 'dev-1' },
          sort,
          limit: 1,
        });
        expect([page.items.map(({ id }) => id), page.total]).toEqual([['temp-1'], 2]);
        const rest = await store.listSensors(PRODUCTION, {
          filters: {},
          sort,
          limit: 5,
          after: page.next ?? undefined,
        });
        expect([rest.items.map(({ id }) => id), rest.next]).toEqual([['hum-1'], null]);
      });
    });

    describe('twins', () => {
      beforeEach(plant);
      const twin = {
        namespace: PRODUCTION,
        deviceId: 'dev-1',
        desired: { t: 20 },
        reported: {},
        version: 1,
        updatedAt: 5,
      };

      it('is kept from version to version', async () => {
        expect(await store.twin(PRODUCTION, 'dev-1')).toBeUndefined();
        await store.saveTwin(twin);
        await store.saveTwin({ ...twin, version: 2, reported: { t: 19 } });
        const again = await opened.reopen();
        expect(await again.twin(PRODUCTION, 'dev-1')).toEqual({ ...twin, version: 2, reported: { t: 19 } });
        expect(await again.twin(OTHER, 'dev-1')).toBeUndefined();
      });

      it('is written from the version that was seen, and of devices that exist', async () => {
        await store.saveTwin(twin);
        await expect(store.saveTwin(twin)).rejects.toMatchObject(CONFLICT);
        await expect(store.saveTwin({ ...twin, version: 3 })).rejects.toMatchObject(CONFLICT);
        await expect(store.saveTwin({ ...twin, deviceId: 'nope' })).rejects.toMatchObject(CONFLICT);
        await expect(store.saveTwin({ ...twin, deviceId: 'nope', version: 2 })).rejects.toMatchObject(
          CONFLICT,
        );
      });
    });
  });
}
