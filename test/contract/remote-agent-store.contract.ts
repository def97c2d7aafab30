import type { AgentName, AgentRef, Namespace, TaskId } from '../../src/core/ids.js';
import type {
  RemoteAgentRecord,
  RemoteAgentStore,
  RemoteContext,
  RemoteRun,
} from '../../src/engine/registry/remote-agent.store.js';

/** A store of its own for one test. */
export interface OpenRemoteAgentStore {
  readonly store: RemoteAgentStore;
  /** Ends the store and opens it again on the same data. */
  reopen(): Promise<RemoteAgentStore>;
  close(): Promise<void>;
}

const ref = (name: string, namespace = 'production'): AgentRef => ({
  namespace: namespace as Namespace,
  name: name as AgentName,
});

const anAgent = (name: string, more: Partial<RemoteAgentRecord> = {}): RemoteAgentRecord => ({
  ref: ref(name),
  cardUrl: 'https://primes.example.com',
  foundAt: 'https://primes.example.com/.well-known/agent-card.json',
  card: { name, skills: [{ id: 'prime', tags: ['agent'] }] },
  etag: null,
  signature: 'none',
  maxConcurrency: 10,
  streaming: null,
  auth: null,
  createdBy: 'token:gateway-auth:ops',
  createdAt: 1_800_000_000_000,
  updatedAt: 1_800_000_000_000,
  ...more,
});

const aRun = (id: string, name: string): RemoteRun => ({
  taskId: `t-${id.repeat(32)}` as TaskId,
  ref: ref(name),
  remoteTaskId: `remote-${id}`,
  remoteContextId: `context-${id}`,
});

const aContext = (contextId: string, name: string, more: Partial<RemoteContext> = {}): RemoteContext => ({
  namespace: 'production' as Namespace,
  contextId,
  ref: ref(name),
  remoteContextId: `remote of ${contextId}`,
  ...more,
});

/** What every store of remote agents does, whatever it stores in. `outlives`: the data is there when it is opened again. */
export function describeRemoteAgentStore(
  name: string,
  open: () => Promise<OpenRemoteAgentStore>,
  { outlives = true } = {},
): void {
  describe(`remote agent store contract: ${name}`, () => {
    let opened: OpenRemoteAgentStore;
    let store: RemoteAgentStore;

    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
    });
    afterEach(() => opened.close());

    const reopened = async () => {
      if (outlives) store = await opened.reopen();
    };

    test('a registration comes back as it was given, also after a restart', async () => {
      const agents = [
        anAgent('a', { etag: '"1"', signature: 'verified', streaming: false, auth: 'sealed' }),
        anAgent('b', { streaming: true }),
        anAgent('b', { ref: ref('b', 'shop') }),
      ];
      for (const agent of [...agents].reverse()) await store.save(agent);
      expect(await store.all()).toEqual(agents);
      await reopened();
      expect(await store.all()).toEqual(agents);
    });

    test('a registration of the same agent replaces the one before', async () => {
      await store.save(anAgent('a', { auth: 'sealed', etag: '"1"' }));
      const again = anAgent('a', { cardUrl: 'https://other.example.com', updatedAt: 1_800_000_000_001 });
      await store.save(again);
      expect(await store.all()).toEqual([again]);
    });

    test('runs are known over a restart until they are removed', async () => {
      const [one, two] = [aRun('1', 'a'), aRun('2', 'b')];
      await store.saveRun(two, undefined, 1);
      await store.saveRun(one, undefined, 1);
      await reopened();
      expect(await store.runs()).toEqual([one, two]);
      const renamed = { ...one, remoteTaskId: 'another' };
      await store.saveRun(renamed, undefined, 2);
      await store.removeRun(two.taskId);
      expect(await store.runs()).toEqual([renamed]);
    });

    test('a context is one conversation of one tenant with one agent', async () => {
      await store.saveRun(aRun('1', 'a'), aContext('talk', 'a'), 1);
      const production = 'production' as Namespace;
      expect(await store.remoteContext(production, 'talk', ref('a'))).toBe('remote of talk');
      expect(await store.remoteContext(production, 'talk', ref('b'))).toBeUndefined();
      expect(await store.remoteContext(production, 'other', ref('a'))).toBeUndefined();
      expect(await store.remoteContext('shop' as Namespace, 'talk', ref('a'))).toBeUndefined();
      await store.saveRun(aRun('2', 'a'), aContext('talk', 'a', { remoteContextId: 'newer' }), 2);
      expect(await store.remoteContext(production, 'talk', ref('a'))).toBe('newer');
    });

    test('contexts that nobody uses are purged', async () => {
      await store.saveRun(aRun('1', 'a'), aContext('old', 'a'), 10);
      await store.saveRun(aRun('1', 'a'), aContext('used', 'a'), 10);
      await store.saveRun(aRun('1', 'a'), aContext('used', 'a'), 20);
      await store.purgeContexts(20);
      const known = (contextId: string) =>
        store.remoteContext('production' as Namespace, contextId, ref('a'));
      expect([await known('old'), await known('used')]).toEqual([undefined, 'remote of used']);
    });

    test('an agent that is removed takes its runs and contexts with it, and nobody else’s', async () => {
      for (const agent of ['a', 'b']) {
        await store.save(anAgent(agent));
        await store.saveRun(aRun(agent === 'a' ? '1' : '2', agent), aContext('talk', agent), 1);
      }
      await store.remove(ref('a'));
      expect((await store.all()).map((agent) => agent.ref.name)).toEqual(['b']);
      expect(await store.runs()).toEqual([aRun('2', 'b')]);
      const known = (agent: string) => store.remoteContext('production' as Namespace, 'talk', ref(agent));
      expect([await known('a'), await known('b')]).toEqual([undefined, 'remote of talk']);
    });
  });
}
