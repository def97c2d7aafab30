import type { AgentName, AgentRef, Namespace } from '../../src/core/ids.js';
import type { Member } from '../../src/core/member.js';
import type { MemberStore } from '../../src/engine/members/member.store.js';

export const refOf = (name: string, namespace = 'default'): AgentRef => ({
  namespace: namespace as Namespace,
  name: name as AgentName,
});

/** The seed's agent. */
export const aMember = (name: string, change: Partial<Member> = {}): Member => ({
  ref: refOf(name),
  displayName: 'Research Agent',
  type: 'analyst',
  capabilities: ['search', 'analyze', 'summarize'],
  description: '专注于信息检索和分析的 Agent',
  metadata: { version: '1.0.0', owner: 'team-a' },
  maxConcurrency: 10,
  delivery: 'webhook',
  webhookUrl: 'http://agent.local:8080/webhook/a2a-messages',
  owner: { id: 'anonymous', namespace: null },
  secrets: [{ sealed: 'v1.a.b', until: null }],
  state: 'online',
  registeredAt: 1_000,
  lastHeartbeat: 2_000,
  ...change,
});

/** What every member store does, whatever it stores in. */
export function describeMemberStore(
  name: string,
  open: () => Promise<{ store: MemberStore; reopen(): Promise<MemberStore>; close(): Promise<void> }>,
): void {
  describe(`member store contract: ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let store: MemberStore;

    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
    });
    afterEach(() => opened.close());

    /** What the next process finds. */
    const found = async () =>
      [...(await (await opened.reopen()).all())].sort((a, b) => a.ref.name.localeCompare(b.ref.name));

    test('a record comes back as it was, with nothing and with everything in it', async () => {
      const plain = aMember('a', {
        type: null,
        webhookUrl: null,
        delivery: 'pull',
        secrets: [],
        metadata: {},
      });
      const owned = aMember('b', { owner: { id: 'token:x:y', namespace: 'default' as Namespace } });
      await store.save(plain);
      await store.save(owned);
      expect(await found()).toEqual([plain, owned]);
    });

    test('saved again it is replaced, but for the moment of its first registration', async () => {
      await store.save(aMember('a'));
      const again = aMember('a', {
        capabilities: ['dig'],
        secrets: [],
        registeredAt: 9,
        lastHeartbeat: 3_000,
      });
      await store.save(again);
      expect(await found()).toEqual([{ ...again, registeredAt: 1_000 }]);
    });

    test('agents of one name in two namespaces are two', async () => {
      await store.save(aMember('a'));
      await store.save(aMember('a', { ref: refOf('a', 'other') }));
      await store.setState(refOf('a', 'other'), 'offline');
      expect((await found()).map(({ ref, state }) => [ref.namespace, state]).sort()).toEqual([
        ['default', 'online'],
        ['other', 'offline'],
      ]);
    });

    test('state and heartbeat change, the rest stays', async () => {
      await store.save(aMember('a'));
      await store.setState(refOf('a'), 'unregistered');
      await store.heartbeat(refOf('a'), 5_000);
      await store.heartbeat(refOf('nobody'), 5_000);
      expect(await found()).toEqual([aMember('a', { state: 'unregistered', lastHeartbeat: 5_000 })]);
    });

    test('what is removed is gone', async () => {
      await store.save(aMember('a'));
      await store.save(aMember('b'));
      await store.remove(refOf('a'));
      await store.remove(refOf('a'));
      expect(await found()).toEqual([aMember('b')]);
    });
  });
}
