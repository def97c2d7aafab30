import type { MessageId } from '../../src/core/agent-message.js';
import type { AgentName, Namespace } from '../../src/core/ids.js';
import type { MessageRecord } from '../../src/core/message-record.js';
import type { MessageStore } from '../../src/engine/mail/message.store.js';
import { refOf } from './member-store.contract.js';

/** Ids carry their time in front, as real ones do. */
export const messageId = (at: number, count = 0): MessageId =>
  `msg-${at.toString(16).padStart(12, '0')}${count.toString(16).padStart(20, '0')}`;

export const aMessage = (at: number, change: Partial<MessageRecord> = {}): MessageRecord => ({
  id: messageId(at),
  namespace: 'default' as Namespace,
  conversationId: 'conv-abc-123',
  from: 'sender-001' as AgentName,
  to: 'receiver-001' as AgentName,
  content: [{ type: 'text', text: '你好' }],
  metadata: { a: { b: [1, null] } },
  at,
  state: 'sent',
  error: null,
  attempts: 0,
  sentBy: null,
  updatedAt: at,
  ...change,
});

const INBOX = refOf('receiver-001');
const ids = (records: readonly { readonly id: string }[]): string[] => records.map(({ id }) => id);

/** What every message store does, whatever it stores in. */
export function describeMessageStore(
  name: string,
  open: () => Promise<{ store: MessageStore; reopen(): Promise<MessageStore>; close(): Promise<void> }>,
): void {
  describe(`message store contract: ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let store: MessageStore;

    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
    });
    afterEach(() => opened.close());

    const waiting = async (now: number, limit = 10) =>
      ids((await store.waiting(INBOX, now, limit)).map(({ message }) => message));
    const lease = (ofIds: readonly string[], until: number) =>
      store.lease({ inbox: INBOX, ids: ofIds, leaseId: 'lease-1', until });

    test('a record comes back as it was, also after a restart', async () => {
      const failed = aMessage(1, { state: 'failed', error: 'the webhook answered 500', sentBy: 'token:a:b' });
      await store.note(failed);
      await store.put(aMessage(2));
      store = await opened.reopen();
      expect(await store.get(failed.id)).toEqual(failed);
      expect(await store.get(messageId(2))).toEqual(aMessage(2));
      expect(await store.get(messageId(3))).toBeUndefined();
      expect(await waiting(9)).toEqual([messageId(2)]);
    });

    test('a change shows', async () => {
      await store.note(aMessage(1, { state: 'queued' }));
      const change = { state: 'dead', error: 'gave up', attempts: 5, updatedAt: 9 } as const;
      await store.change(messageId(1), change);
      expect(await store.get(messageId(1))).toEqual(aMessage(1, change));
    });

    test('a conversation by pages, oldest first, of one namespace or of all', async () => {
      for (const at of [3, 1, 2]) await store.note(aMessage(at));
      await store.note(aMessage(4, { namespace: 'other' as Namespace }));
      await store.note(aMessage(5, { conversationId: 'another' }));
      const own = 'default' as Namespace;
      const first = await store.conversation(own, 'conv-abc-123', '', 2);
      expect([ids(first.messages), first.nextCursor]).toEqual([[messageId(1), messageId(2)], messageId(2)]);
      const second = await store.conversation(own, 'conv-abc-123', first.nextCursor!, 2);
      expect([ids(second.messages), second.nextCursor]).toEqual([[messageId(3)], null]);
      expect((await store.conversation(null, 'conv-abc-123', '', 10)).messages).toHaveLength(4);
      expect((await store.conversation(own, 'nothing', '', 10)).messages).toEqual([]);
    });

    test('leased messages are nobody else’s until the lease ends', async () => {
      for (const at of [2, 1, 3]) await store.put(aMessage(at));
      await store.put(aMessage(4, { to: 'somebody-else' as AgentName }));
      expect(await waiting(10, 2)).toEqual([messageId(1), messageId(2)]);
      await lease([messageId(1), messageId(2)], 100);
      expect(await waiting(99)).toEqual([messageId(3)]);
      expect(await waiting(100)).toEqual([messageId(1), messageId(2), messageId(3)]);
      expect((await store.get(messageId(1)))?.attempts).toBe(1);
      await store.extend(INBOX, [messageId(2), messageId(9)], 200);
      expect(await waiting(150)).toEqual([messageId(1), messageId(3)]);
      store = await opened.reopen();
      expect(await waiting(150)).toEqual([messageId(1), messageId(3)]);
    });

    test('an acknowledged message is gone, and on record as such', async () => {
      for (const at of [1, 2]) await store.put(aMessage(at));
      await lease([messageId(1)], 100);
      expect(await store.held(INBOX, [messageId(1), messageId(7)])).toEqual([messageId(1)]);
      await store.acknowledge(INBOX, [messageId(1)], 50);
      expect(await store.held(INBOX, [messageId(1)])).toEqual([]);
      expect(await waiting(1_000)).toEqual([messageId(2)]);
      expect(await store.get(messageId(1))).toMatchObject({ state: 'acknowledged', updatedAt: 50 });
    });

    test('a backlog is counted up to a number', async () => {
      for (const at of [1, 2, 3]) await store.put(aMessage(at));
      expect([await store.backlog(INBOX, 2), await store.backlog(INBOX, 10)]).toEqual([2, 3]);
      expect(await store.backlog(refOf('nobody'), 10)).toBe(0);
    });

    test('what is old is deleted in portions, but not what is on its way', async () => {
      await store.put(aMessage(1));
      await store.note(aMessage(2));
      await store.note(aMessage(3, { state: 'queued' }));
      await store.put(aMessage(10));
      expect([await store.purge(10, 1), await store.purge(10, 5), await store.purge(10, 5)]).toEqual([
        1, 1, 0,
      ]);
      expect(await waiting(99)).toEqual([messageId(10)]);
      expect((await store.conversation(null, 'conv-abc-123', '', 10)).messages).toHaveLength(2);
    });
  });
}
