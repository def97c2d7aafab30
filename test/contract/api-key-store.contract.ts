import type { AgentName, Namespace } from '../../src/core/ids.js';
import type { ApiKeyRecord, ApiKeyStore } from '../../src/engine/auth/api-key.store.js';

/** A store of its own for one test. */
export interface OpenApiKeyStore {
  readonly store: ApiKeyStore;
  /** Ends the store and opens it again on the same data. */
  reopen(): Promise<ApiKeyStore>;
  close(): Promise<void>;
}

const PRODUCTION = 'production' as Namespace;

const aKey = (id: string, more: Partial<ApiKeyRecord> = {}): ApiKeyRecord => ({
  id,
  name: `key ${id}`,
  namespace: PRODUCTION,
  agent: null,
  rights: ['read', 'execute'],
  hash: `hash of ${id}`,
  createdBy: 'token:gateway-auth:ops',
  createdAt: 1_800_000_000_000,
  expiresAt: null,
  lastUsedAt: null,
  ...more,
});

/** What every store of API keys does, whatever it stores in. */
export function describeApiKeyStore(name: string, open: () => Promise<OpenApiKeyStore>): void {
  describe(`API key store contract: ${name}`, () => {
    let opened: OpenApiKeyStore;
    let store: ApiKeyStore;

    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
    });
    afterEach(() => opened.close());

    const ids = async (namespace: Namespace | null) => (await store.list(namespace)).map(({ id }) => id);

    test('a key comes back as it was given, also after a restart', async () => {
      const keys = [
        aKey('a', { agent: 'translator' as AgentName, rights: [], expiresAt: 1_900_000_000_000 }),
        aKey('b'),
      ];
      for (const key of keys) await store.insert(key);
      for (const key of keys) expect(await store.get(key.id)).toEqual(key);
      store = await opened.reopen();
      for (const key of keys) expect(await store.get(key.id)).toEqual(key);
      expect(await store.get('c')).toBeUndefined();
    });

    test('an id is taken once', async () => {
      await store.insert(aKey('a'));
      await expect(store.insert(aKey('a', { name: 'another' }))).rejects.toMatchObject({ code: 'CONFLICT' });
      expect((await store.get('a'))?.name).toBe('key a');
    });

    test('lists: of a namespace or of all, oldest first', async () => {
      await store.insert(aKey('z', { createdAt: 1 }));
      await store.insert(aKey('b', { createdAt: 2 }));
      await store.insert(aKey('a', { createdAt: 2 }));
      await store.insert(aKey('m', { createdAt: 3, namespace: 'shop' as Namespace }));
      expect(await ids(PRODUCTION)).toEqual(['z', 'a', 'b']);
      expect(await ids(null)).toEqual(['z', 'a', 'b', 'm']);
      expect(await ids('nowhere' as Namespace)).toEqual([]);
    });

    test('a deleted key is gone, and can be deleted once', async () => {
      await store.insert(aKey('a'));
      await store.insert(aKey('b'));
      await store.delete('a');
      expect(await store.get('a')).toBeUndefined();
      await expect(store.delete('a')).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await ids(PRODUCTION)).toEqual(['b']);
    });

    test('its last use is noted; a key that is gone does not come back by it', async () => {
      await store.insert(aKey('a'));
      await store.touch('a', 42);
      expect(await store.get('a')).toEqual(aKey('a', { lastUsedAt: 42 }));
      await store.delete('a');
      await store.touch('a', 43);
      expect(await store.get('a')).toBeUndefined();
    });
  });
}
