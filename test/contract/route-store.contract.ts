import type { RouteQuery, RouteStore } from '../../src/engine/routes/route.store.js';
import { PRODUCTION } from '../support/records.js';
import { OTHER } from '../support/stored-resources.js';
import { aRoute } from '../support/stored-routes.js';

/** A store of its own for one test. */
export interface OpenRouteStore {
  readonly store: RouteStore;
  /** Ends the store and opens it again on the same data. */
  reopen(): Promise<RouteStore>;
  close(): Promise<void>;
}

const CONFLICT = { code: 'CONFLICT' };

/** What every route store does, whatever it stores in. */
export function describeRouteStore(name: string, open: () => Promise<OpenRouteStore>): void {
  describe(`route store contract: ${name}`, () => {
    let opened: OpenRouteStore;
    let store: RouteStore;

    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
    });
    afterEach(() => opened.close());

    it('keeps every field, over a restart too', async () => {
      const bare = aRoute({ id: 'bare', description: null, enabled: false, priority: -3 });
      for (const record of [aRoute(), bare]) await store.add(record, 'f');
      const again = await opened.reopen();
      for (const record of [aRoute(), bare])
        expect(await again.find(PRODUCTION, record.id)).toEqual({ record, fingerprint: 'f' });
    });

    it('has an id once in a namespace, and again in another', async () => {
      await store.add(aRoute(), 'f');
      await expect(store.add(aRoute({ name: 'x' }), 'g')).rejects.toMatchObject(CONFLICT);
      await store.add(aRoute({ namespace: OTHER, name: 'other' }), 'f');
      expect((await store.find(PRODUCTION, 'route-1'))?.record.name).toBe('To the center');
      expect(await store.find(OTHER, 'route-2')).toBeUndefined();
    });

    it('changes and removes from the version that was seen, and from no other', async () => {
      await store.add(aRoute(), 'f');
      const changed = aRoute({ version: 2, enabled: false, source: { agentType: '*', filters: {} } });
      await store.replace(changed);
      expect((await store.find(PRODUCTION, 'route-1'))?.record).toEqual(changed);
      await expect(store.replace(changed)).rejects.toMatchObject(CONFLICT);
      await expect(store.replace({ ...changed, namespace: OTHER, version: 3 })).rejects.toMatchObject(
        CONFLICT,
      );
      await expect(store.remove(aRoute())).rejects.toMatchObject(CONFLICT);
      await store.remove(changed);
      expect(await store.find(PRODUCTION, 'route-1')).toBeUndefined();
    });

    it('lists by what is asked for, and knows the enabled ones', async () => {
      await store.add(aRoute({ id: 'a', priority: 10, createdAt: 1 }), 'f');
      await store.add(aRoute({ id: 'b', priority: 2, createdAt: 2, enabled: false }), 'f');
      await store.add(
        aRoute({ id: 'c', priority: 1, createdAt: 3, source: { agentType: '*', filters: {} } }),
        'f',
      );
      await store.add(aRoute({ id: 'd', namespace: OTHER }), 'f');
      const list = async (query: Partial<RouteQuery>) => {
        const sort = { field: 'created_at', descending: true } as const;
        const page = await store.list(PRODUCTION, { filters: {}, sort, limit: 10, ...query });
        return page.items.map(({ id }) => id);
      };
      expect(await list({})).toEqual(['c', 'b', 'a']);
      expect(await list({ sort: { field: 'priority', descending: true } })).toEqual(['a', 'b', 'c']);
      expect(await list({ filters: { enabled: '1' } })).toEqual(['c', 'a']);
      expect(await list({ filters: { enabled: '0' } })).toEqual(['b']);
      expect(await list({ filters: { source_type: '*' } })).toEqual(['c']);
      expect(await list({ filters: { destination_type: 'mcp_agent', name: 'To the center' } })).toHaveLength(
        3,
      );
      const enabled = await store.enabled(PRODUCTION);
      expect(enabled.map(({ id }) => id).sort()).toEqual(['a', 'c']);
    });
  });
}
