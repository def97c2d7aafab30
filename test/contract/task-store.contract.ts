import type { TaskId } from '../../src/core/ids.js';
import type { JsonObject } from '../../src/core/json.js';
import type { Message, TaskEventBody, TaskRecord } from '../../src/core/task.js';
import type { NewTaskRecord, TaskFilter, TaskStore } from '../../src/engine/tasks/task.store.js';
import { BOT, PRODUCTION } from '../support/records.js';
import {
  agentNamed,
  completed,
  inNamespace,
  newTask,
  ROUTING,
  running,
  START,
  step,
  textInput,
} from '../support/stored-tasks.js';

/** A store of its own for one test. */
export interface OpenStore {
  readonly store: TaskStore;
  /** Ends the store and opens it again on the same data. */
  reopen(): Promise<TaskStore>;
  close(): Promise<void>;
}

/** What every task store does, whatever it stores in. `outlives`: the data is there when the store is opened again. */
export function describeTaskStore(
  name: string,
  open: () => Promise<OpenStore>,
  { outlives = true } = {},
): void {
  describe(`task store contract: ${name}`, () => {
    let opened: OpenStore;
    let store: TaskStore;

    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
    });
    afterEach(() => opened.close());

    const submitted = async (...tasks: NewTaskRecord[]) => {
      await Promise.all(tasks.map((task) => store.submit(task)));
      return tasks.map(({ record }) => record);
    };
    const oneSubmitted = async (task = newTask()) => (await submitted(task))[0]!;
    /** Every page of a list. */
    const pages = async (namespace: TaskRecord['namespace'] | null, filter: TaskFilter) => {
      const found: TaskRecord[][] = [];
      for (let cursor: string | null | undefined; cursor !== null;) {
        const page = await store.list(namespace, { ...filter, cursor });
        found.push([...page.tasks]);
        cursor = page.nextCursor;
      }
      return found;
    };
    const listed = async (namespace: TaskRecord['namespace'] | null, filter: Partial<TaskFilter> = {}) =>
      (await pages(namespace, { limit: 200, ...filter })).flat().map((task) => task.id);

    describe('submit', () => {
      it('keeps the record, the input and the first event', async () => {
        const task = newTask({
          contextId: 'c-1',
          createdBy: 'token:x:y',
          routing: ROUTING,
          idempotent: true,
        });
        await store.submit(task);
        expect(await store.get(task.record.id)).toEqual(task.record);
        expect(await store.input(task.record.id)).toEqual(task.input);
        expect(await store.eventsSince(task.record.id, 0, 10)).toEqual([task.event]);
        expect(await store.lastEvent(task.record.id)).toEqual(task.event);
        expect(await store.conversation(task.record.id)).toEqual([task.event]);
      });

      it('knows nothing of tasks that were never submitted', async () => {
        const { id } = newTask().record;
        expect(await store.get(id)).toBeUndefined();
        expect(await store.input(id)).toBeUndefined();
        expect(await store.eventsSince(id, 0, 10)).toEqual([]);
        expect(await store.lastEvent(id)).toBeUndefined();
        expect(await store.conversation(id)).toEqual([]);
      });

      it('refuses an id that exists and changes nothing of it', async () => {
        const record = await oneSubmitted();
        await expect(store.submit(newTask({ id: record.id, skill: 'other' }))).rejects.toMatchObject({
          code: 'CONFLICT',
        });
        expect(await store.get(record.id)).toEqual(record);
      });

      it('accepts one of fifty submissions with the same key, and leaves nothing of the others', async () => {
        const submission = { key: 'k', fingerprint: 'f' };
        const tasks = Array.from({ length: 50 }, () => newTask({ submission }));
        const results = await Promise.allSettled(tasks.map((task) => store.submit(task)));
        const won = tasks.filter((_, i) => results[i]!.status === 'fulfilled').map(({ record }) => record.id);
        expect(won).toHaveLength(1);
        for (const result of results)
          if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'CONFLICT' });
        expect(await listed(null)).toEqual(won);
        expect(await store.findSubmission(PRODUCTION, 'k')).toEqual({ taskId: won[0], fingerprint: 'f' });
        for (const { record } of tasks.filter(({ record }) => record.id !== won[0])) {
          expect(await store.input(record.id)).toBeUndefined();
          expect(await store.eventsSince(record.id, 0, 10)).toEqual([]);
        }
      });

      it('keeps the keys of namespaces apart', async () => {
        const submission = { key: 'k', fingerprint: 'f' };
        const [first, second] = await submitted(
          newTask({ ...inNamespace('a'), submission }),
          newTask({ ...inNamespace('b'), submission }),
        );
        expect(await store.findSubmission(first!.namespace, 'k')).toMatchObject({ taskId: first!.id });
        expect(await store.findSubmission(second!.namespace, 'k')).toMatchObject({ taskId: second!.id });
        expect(await store.findSubmission(PRODUCTION, 'k')).toBeUndefined();
      });
    });

    describe('append', () => {
      it('moves the record and adds the event in one step', async () => {
        const { id } = await oneSubmitted();
        await store.append(id, step(2, { event: 'progress', pct: 40 }));
        expect(await store.get(id)).toMatchObject({
          state: 'running',
          seq: 2,
          progress: { pct: 40 },
          updatedAt: START + 2,
        });
        await store.append(id, step(3, { event: 'failed', error: 'no' }));
        expect(await store.get(id)).toMatchObject({
          state: 'failed',
          seq: 3,
          error: { code: 'AGENT_FAILED', message: 'no' },
          endedAt: START + 3,
          deadlineAt: null,
        });
        expect((await store.eventsSince(id, 0, 10)).map(({ seq, body }) => [seq, body.event])).toEqual([
          [1, 'queued'],
          [2, 'progress'],
          [3, 'failed'],
        ]);
      });

      it.each([
        ['a sequence that is taken', 2],
        ['a sequence after a gap', 4],
      ])('refuses %s, and loses nothing else of the batch', async (_, wrong) => {
        const [a, b] = await submitted(newTask(), newTask());
        await store.append(a!.id, running(2));
        const results = await Promise.allSettled([
          store.append(b!.id, running(2)),
          store.append(a!.id, step(wrong, { event: 'progress', pct: 1 })),
          store.append(a!.id, step(3, { event: 'progress', pct: 2 })),
          store.append(b!.id, completed(3)),
        ]);
        expect(results.map(({ status }) => status)).toEqual([
          'fulfilled',
          'rejected',
          'fulfilled',
          'fulfilled',
        ]);
        expect(results[1]).toMatchObject({ reason: { code: 'CONFLICT' } });
        expect(await store.get(a!.id)).toMatchObject({ seq: 3, progress: { pct: 2 } });
        expect(await store.get(b!.id)).toMatchObject({ seq: 3, state: 'completed' });
        expect(await store.eventsSince(a!.id, 1, 10)).toHaveLength(2);
      });

      it('refuses everything after the end', async () => {
        const { id } = await oneSubmitted();
        await store.append(id, completed(2));
        const ended = await store.get(id);
        await expect(store.append(id, running(3))).rejects.toMatchObject({ code: 'CONFLICT' });
        await store.assign(id, {
          agent: null,
          agentPrincipal: null,
          attempt: 9,
          routing: ROUTING,
          updatedAt: 1,
          deadlineAt: 1,
        });
        await store.postpone(id, 1);
        expect(await store.get(id)).toEqual(ended);
        expect(await store.eventsSince(id, 2, 10)).toEqual([]);
      });

      it('refuses unknown tasks', async () => {
        await expect(store.append(newTask().record.id, running(2))).rejects.toMatchObject({
          code: 'CONFLICT',
        });
      });
    });

    describe('the other steps', () => {
      it('assigns, and takes away again', async () => {
        const { id } = await oneSubmitted(newTask({ agent: null, attempt: 0 }));
        const agent = agentNamed('bot-2');
        await store.assign(id, {
          agent,
          agentPrincipal: 'token:bot-2',
          attempt: 1,
          routing: ROUTING,
          updatedAt: START + 1,
          deadlineAt: START + 2,
        });
        const assigned = {
          agent,
          agentPrincipal: 'token:bot-2',
          attempt: 1,
          routing: ROUTING,
          updatedAt: START + 1,
          deadlineAt: START + 2,
          seq: 1,
        };
        expect(await store.get(id)).toMatchObject(assigned);
        await store.assign(id, {
          agent: null,
          agentPrincipal: null,
          attempt: 1,
          routing: ROUTING,
          updatedAt: START + 3,
          deadlineAt: START + 4,
        });
        expect(await store.get(id)).toMatchObject({
          agent: null,
          agentPrincipal: null,
          attempt: 1,
          updatedAt: START + 3,
          state: 'queued',
        });
      });

      it('postpones the deadline and nothing else', async () => {
        const record = await oneSubmitted();
        await store.postpone(record.id, START + 99);
        expect(await store.get(record.id)).toEqual({ ...record, deadlineAt: START + 99 });
      });

      it('keeps the first late result only', async () => {
        const { id } = await oneSubmitted();
        await store.append(id, step(2, { event: 'failed', error: 'late' }));
        const first = { status: 'completed', at: START + 5, artifact: { text: 'kept' } } as const;
        await store.keepLate(id, first);
        await store.keepLate(id, { status: 'failed', at: START + 6, error: 'not kept' });
        expect(await store.get(id)).toMatchObject({ state: 'failed', lateResult: first });
      });

      it('knows the newest entry of a log', async () => {
        const { id } = await oneSubmitted();
        const artifact = { text: 'x', parts: [{ text: 'y' }], mime: 'a/b' };
        await store.append(id, running(2));
        const end = step(3, { event: 'completed', artifact, artifacts: [artifact, { artifact_id: 'z' }] });
        await store.append(id, end);
        expect(await store.lastEvent(id)).toEqual(end.event);
      });

      it('knows the entries that a message can come with', async () => {
        const { id } = await oneSubmitted();
        const asks: Message = { role: 'agent', parts: [{ text: 'which one?' }], messageId: 'm-1' };
        const answers: Message = { role: 'user', parts: [{ text: '{"event":"progress",' }] };
        const bodies: TaskEventBody[] = [
          { event: 'running' },
          { event: 'progress', pct: 1, message: 'on the way' },
          { event: 'artifact', artifact: { text: 'a' }, append: true, last_chunk: false },
          { event: 'input_required', message: asks },
          { event: 'queued', agent_id: BOT, message: answers },
          { event: 'completed', artifact: null, message: asks },
        ];
        const steps = bodies.map((body, i) => step(i + 2, body));
        await Promise.all(steps.map((one) => store.append(id, one)));
        const said = (await store.conversation(id)).map(({ seq }) => seq);
        expect(said).toEqual([1, 2, 5, 6, 7]);
        expect((await store.conversation(id))[2]).toEqual(steps[3]!.event);
      });

      it('keeps with which answer of its caller a task goes on', async () => {
        const { id } = await oneSubmitted();
        const message: Message = { role: 'user', parts: [{ text: 'go on' }] };
        await store.append(id, step(2, { event: 'input_required' }));
        expect(await store.get(id)).toMatchObject({ state: 'input_required', turn: null });
        await store.append(id, step(3, { event: 'queued', agent_id: BOT, message }));
        expect(await store.get(id)).toMatchObject({ state: 'queued', turn: 3 });
        await store.append(id, step(4, { event: 'queued', agent_id: null }));
        expect(await store.get(id)).toMatchObject({ state: 'queued', turn: null });
      });

      it.each(['input_required', 'auth_required', 'rejected'] as const)(
        'keeps a task that is %s',
        async (event) => {
          const { id } = await oneSubmitted();
          await store.append(id, step(2, event === 'rejected' ? { event, error: 'no' } : { event }));
          expect(await store.get(id)).toMatchObject({
            state: event,
            endedAt: event === 'rejected' ? START + 2 : null,
          });
          expect((await store.open()).map((task) => task.id)).toEqual(event === 'rejected' ? [] : [id]);
        },
      );
    });

    describe('order', () => {
      it('does writes in the order of the calls, however many share a batch', async () => {
        const tasks = Array.from({ length: 1300 }, () => newTask());
        const done: string[] = [];
        const expected: string[] = [];
        const follow = (label: string, write: Promise<void>) => {
          expected.push(label);
          return write.then(() => done.push(label));
        };
        const writes = tasks.flatMap((task) => [
          follow(`${task.record.id} submit`, store.submit(task)),
          follow(`${task.record.id} 2`, store.append(task.record.id, running(2))),
        ]);
        for (const { record } of tasks)
          writes.push(follow(`${record.id} 3`, store.append(record.id, completed(3))));
        await Promise.all(writes);
        expect(done).toEqual(expected);
        expect(await listed(null, { status: 'completed' })).toHaveLength(tasks.length);
      });

      it('reads events after a sequence, in order, page by page', async () => {
        const { id } = await oneSubmitted();
        await Promise.all(
          Array.from({ length: 24 }, (_, i) => store.append(id, step(i + 2, { event: 'progress', pct: i }))),
        );
        const seqs = async (after: number, limit: number) =>
          (await store.eventsSince(id, after, limit)).map(({ seq }) => seq);
        expect(await seqs(0, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        expect(await seqs(10, 10)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
        expect(await seqs(20, 10)).toEqual([21, 22, 23, 24, 25]);
        expect(await seqs(25, 10)).toEqual([]);
        expect(await seqs(99, 10)).toEqual([]);
      });
    });

    describe('list', () => {
      it('shows the newest first, in pages without gap or duplicate', async () => {
        const records = await submitted(
          ...Array.from({ length: 25 }, (_, i) => newTask({ createdAt: START + i })),
        );
        const newestFirst = records.map(({ id }) => id).toReversed();
        const found = await pages(PRODUCTION, { limit: 10 });
        expect(found.map((page) => page.length)).toEqual([10, 10, 5]);
        expect(found.flat().map(({ id }) => id)).toEqual(newestFirst);
        expect((await pages(PRODUCTION, { limit: 25 })).map((page) => page.length)).toEqual([25]);
      });

      it('gives whole records', async () => {
        const record = await oneSubmitted(
          newTask({ contextId: 'c-1', routing: ROUTING, progress: { pct: 3, message: 'm' } }),
        );
        expect((await store.list(PRODUCTION, { limit: 1 })).tasks).toEqual([record]);
      });

      it('keeps namespaces apart; without one it shows all', async () => {
        const [a, b] = await submitted(newTask(inNamespace('a')), newTask(inNamespace('b')));
        expect(await listed(a!.namespace)).toEqual([a!.id]);
        expect(await listed(b!.namespace)).toEqual([b!.id]);
        expect(await listed(PRODUCTION)).toEqual([]);
        expect(await listed(null)).toEqual([b!.id, a!.id]);
      });

      it.each<[string, Partial<TaskFilter>]>([
        ['status', { status: 'completed' }],
        ['skill', { skill: 'translate' }],
        ['agent', { agent: 'bot-2' }],
        ['context', { contextId: 'c-2' }],
        ['several', { status: 'completed', skill: 'translate', agent: 'bot-2', contextId: 'c-2' }],
        ['several without a context', { status: 'completed', skill: 'translate', agent: 'bot-2' }],
      ])('filters by %s', async (_, filter) => {
        const other = { skill: 'translate', agent: agentNamed('bot-2'), contextId: 'c-2' };
        const records = await submitted(
          newTask({ contextId: 'c-1' }),
          newTask(other),
          newTask(),
          newTask(other),
        );
        const wanted = [records[3]!.id, records[1]!.id];
        await Promise.all(wanted.map((id) => store.append(id, completed(2))));
        expect(await listed(PRODUCTION, filter)).toEqual(wanted);
        expect(await listed(null, filter)).toEqual(wanted);
        expect((await pages(PRODUCTION, { ...filter, limit: 1 })).flat().map(({ id }) => id)).toEqual(wanted);
        expect(await listed(inNamespace('other').namespace, filter)).toEqual([]);
      });

      it('finds what is rare among many', async () => {
        const many = Array.from({ length: 11_000 }, (_, i) =>
          newTask({ skill: i % 4999 === 0 ? 'rare' : 'common' }),
        );
        const rare = (await submitted(...many)).filter(({ skill }) => skill === 'rare').map(({ id }) => id);
        expect(rare).toHaveLength(3);
        expect(await listed(PRODUCTION, { skill: 'rare' })).toEqual(rare.toReversed());
        expect(await listed(null, { skill: 'rare', limit: 1 })).toEqual(rare.toReversed());
        expect(await listed(PRODUCTION, { skill: 'never' })).toEqual([]);
      });
    });

    describe('list by change', () => {
      const byChange = (filter: Partial<TaskFilter> = {}) =>
        ({ limit: 200, order: 'updated', ...filter }) as const;
      const changed = async (...names: string[]) =>
        submitted(...names.map((name, i) => newTask({ createdAt: START + i, skill: name })));
      const skills = (found: readonly TaskRecord[]) => found.map(({ skill }) => skill).join(' ');

      /** a ended last of all, d is open and changed in between, b ended first, c never changed. */
      const four = async () => {
        const [a, b, , d] = await changed('a', 'b', 'c', 'd');
        await store.append(b!.id, completed(2, START + 50));
        await store.append(d!.id, running(2, START + 60));
        await store.append(a!.id, completed(2, START + 70));
      };

      it('shows what changed last first, ended or open, in pages without gap or duplicate', async () => {
        await four();
        for (const namespace of [PRODUCTION, null]) {
          expect(skills((await pages(namespace, byChange())).flat())).toBe('a d b c');
          expect((await pages(namespace, byChange({ limit: 1 }))).map(skills)).toEqual(['a', 'd', 'b', 'c']);
          expect((await pages(namespace, byChange({ limit: 3 }))).map(skills)).toEqual(['a d b', 'c']);
        }
      });

      it('tells tasks of the same moment apart', async () => {
        const records = await changed('a', 'b', 'c', 'd', 'e');
        await Promise.all(records.map(({ id }) => store.append(id, completed(2, START + 9))));
        expect((await pages(PRODUCTION, byChange({ limit: 2 }))).map(skills)).toEqual(['e d', 'c b', 'a']);
      });

      it('keeps namespaces apart; without one it shows all', async () => {
        const [one, two, three] = await submitted(
          newTask(inNamespace('a')),
          newTask(inNamespace('b')),
          newTask(inNamespace('a')),
        );
        await store.append(two!.id, completed(2, START + 5));
        await store.append(one!.id, completed(2, START + 6));
        expect((await store.list(one!.namespace, byChange())).tasks.map(({ id }) => id)).toEqual([
          one!.id,
          three!.id,
        ]);
        const all = (await pages(null, byChange({ limit: 1 }))).flat();
        expect(all.map(({ id }) => id)).toEqual([one!.id, two!.id, three!.id]);
      });

      it.each<[string, Partial<TaskFilter>, string]>([
        ['an open state', { status: 'running' }, 'd'],
        ['a terminal state', { status: 'completed' }, 'a b'],
        ['a skill', { skill: 'b' }, 'b'],
        ['a moment', { updatedAfter: START + 60 }, 'a d'],
        ['a moment, newest created first', { updatedAfter: START + 60, order: 'created' }, 'd a'],
      ])('filters by %s, and counts', async (_, filter, expected) => {
        await four();
        const page = await store.list(PRODUCTION, byChange({ ...filter, limit: 1, counted: true }));
        expect(page.total).toBe(expected.split(' ').length);
        expect(skills((await pages(PRODUCTION, byChange({ ...filter, limit: 1 }))).flat())).toBe(expected);
        expect((await store.list(PRODUCTION, byChange(filter))).total).toBeUndefined();
      });

      it('finds and counts what is rare among many', async () => {
        const many = Array.from({ length: 11_000 }, (_, i) =>
          newTask({ skill: i % 4999 === 0 ? 'rare' : 'common' }),
        );
        const all = await submitted(...many);
        await Promise.all(all.map(({ id }, i) => store.append(id, completed(2, START + 1 + i))));
        const rare = all.filter(({ skill }) => skill === 'rare').map(({ id }) => id);
        for (const namespace of [PRODUCTION, null]) {
          const page = await store.list(namespace, byChange({ skill: 'rare', counted: true }));
          expect(page.tasks.map(({ id }) => id)).toEqual(rare.toReversed());
          expect(page.total).toBe(3);
          expect((await store.list(namespace, byChange({ limit: 1, counted: true }))).total).toBe(11_000);
        }
      });
    });

    it('opens with every task that has not ended, oldest first', async () => {
      const records = await submitted(
        ...Array.from({ length: 5 }, (_, i) => newTask({ createdAt: START + i })),
      );
      await store.append(records[1]!.id, completed(2));
      await store.append(records[3]!.id, running(2));
      expect((await store.open()).map(({ id, state }) => [id, state])).toEqual([
        [records[0]!.id, 'queued'],
        [records[2]!.id, 'queued'],
        [records[3]!.id, 'running'],
        [records[4]!.id, 'queued'],
      ]);
    });

    describe('purge', () => {
      const HOUR = 3_600_000;

      it('deletes what ended before the moment, with all that belongs to it', async () => {
        const submission = { key: 'k', fingerprint: 'f' };
        const { id } = await oneSubmitted(newTask({ submission }));
        await store.append(id, completed(2));
        expect(await store.purge(START + HOUR, 10)).toBe(1);
        expect(await store.get(id)).toBeUndefined();
        expect(await store.input(id)).toBeUndefined();
        expect(await store.eventsSince(id, 0, 10)).toEqual([]);
        expect(await store.findSubmission(PRODUCTION, 'k')).toBeUndefined();
        expect(await listed(null)).toEqual([]);
        await store.submit(newTask({ submission }));
        expect(await store.purge(START + HOUR, 10)).toBe(0);
      });

      it('leaves what is open, however old, and what ended later', async () => {
        const [open, late, old] = await submitted(newTask(), newTask(), newTask());
        await store.append(late!.id, completed(2, START + HOUR));
        await store.append(old!.id, completed(2, START + HOUR - 1));
        expect(await store.purge(START + HOUR, 10)).toBe(1);
        expect(await listed(null)).toEqual([late!.id, open!.id]);
        expect(await store.input(late!.id)).toBeDefined();
      });

      it('deletes at most as many as it is told, the oldest first', async () => {
        const records = await submitted(
          ...Array.from({ length: 5 }, (_, i) => newTask({ createdAt: START + i })),
        );
        await Promise.all(records.map(({ id }) => store.append(id, completed(2))));
        expect(await store.purge(START + HOUR, 2)).toBe(2);
        expect(await listed(null)).toEqual([4, 3, 2].map((i) => records[i]!.id));
        expect(await store.purge(START + HOUR, 10)).toBe(3);
      });
    });

    describe('bytes', () => {
      const HOSTILE = '\u0000\n\r\u2028 "\\\' 漢字 🦊 \u202e \ud800 %s ? $1 --';
      const NUMBERS: JsonObject = {
        big: 9007199254740991,
        small: -1e-300,
        huge: 1.7976931348623157e308,
        zero: 0,
        exact: 0.1,
      };
      const hostileTask = () =>
        newTask({
          contextId: '漢字 🦊 "\'; drop table tasks; --',
          createdBy: 'token:https://x/?a=b:ü',
          routing: { ...ROUTING, reason: HOSTILE },
          progress: { pct: 33.333333333333336, message: HOSTILE },
          timeoutMs: 2_147_483_647,
          input: {
            message: {
              role: 'user',
              parts: [{ text: HOSTILE }, { type: 'data', data: { [HOSTILE]: [HOSTILE, null, true] } }],
            },
            constraints: NUMBERS,
            metadata: { nested: [[[{}]]], empty: '' },
          },
          submission: { key: 'key with ü and "quotes"', fingerprint: 'sha256:00' },
        });
      const artifact = { text: HOSTILE, parts: [{ text: HOSTILE }], numbers: NUMBERS };

      const write = async (task: NewTaskRecord) => {
        await store.submit(task);
        await store.append(task.record.id, step(2, { event: 'progress', pct: 0.5, message: HOSTILE }));
        await store.append(task.record.id, step(3, { event: 'completed', artifact }));
        await store.keepLate(task.record.id, { status: 'completed', at: START, artifact });
      };
      const everythingOf = async (from: TaskStore, id: TaskId) => ({
        record: await from.get(id),
        input: await from.input(id),
        events: await from.eventsSince(id, 0, 10),
        last: await from.lastEvent(id),
        submission: await from.findSubmission(PRODUCTION, 'key with ü and "quotes"'),
      });

      it('come back as they went in', async () => {
        const task = hostileTask();
        const { id } = task.record;
        await write(task);
        const stored = await everythingOf(store, id);
        expect(stored.record).toMatchObject({
          contextId: task.record.contextId,
          routing: task.record.routing,
          timeoutMs: 2_147_483_647,
        });
        expect(stored.input).toEqual(task.input);
        expect(stored.events).toEqual([
          task.event,
          step(2, { event: 'progress', pct: 0.5, message: HOSTILE }).event,
          step(3, { event: 'completed', artifact }).event,
        ]);
        expect(stored.last).toEqual(stored.events[2]);
        expect(stored.record?.lateResult).toEqual({ status: 'completed', at: START, artifact });
        expect(stored.submission).toEqual({ taskId: id, fingerprint: 'sha256:00' });
      });

      it('come back when there are many: an input of 10 MB', async () => {
        const task = newTask({ input: textInput('漢字🦊\u0000'.repeat(1_000_000)) });
        await store.submit(task);
        expect(
          (await store.input(task.record.id))?.message.parts[0]?.text === task.input.message.parts[0]?.text,
        ).toBe(true);
      });

      const itOutlives = outlives ? it : it.skip;
      itOutlives('are the same after the store was opened again', async () => {
        const tasks = [hostileTask(), newTask({ input: textInput('x'.repeat(10_000_000)) })];
        await write(tasks[0]!);
        await store.submit(tasks[1]!);
        const before = await Promise.all(tasks.map(({ record }) => everythingOf(store, record.id)));
        const list = await store.list(null, { limit: 10 });
        const again = await opened.reopen();
        const after = await Promise.all(tasks.map(({ record }) => everythingOf(again, record.id)));
        expect(JSON.stringify(after) === JSON.stringify(before)).toBe(true);
        expect(await again.list(null, { limit: 10 })).toEqual(list);
        expect((await again.open()).map(({ id }) => id)).toEqual([tasks[1]!.record.id]);
      });
    });

    it('is available', () => {
      expect(store.available).toBe(true);
    });
  });
}
