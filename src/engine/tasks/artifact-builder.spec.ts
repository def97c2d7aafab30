import type { Artifact } from '../../core/task.js';
import { Artifacts } from './artifact-builder.js';

const built = (...chunks: Artifact[]): Artifact => {
  const artifacts = new Artifacts();
  for (const chunk of chunks) artifacts.add(chunk, true);
  return artifacts.build()[0]!;
};

it('joins texts, appends parts, and lets the newest of other fields win', () => {
  expect(
    built(
      { text: 'a', parts: [{ text: '1' }], mime: 'old', only: 'here' },
      { text: 'b' },
      { parts: [{ text: '2' }, { text: '3' }], mime: 'new' },
    ),
  ).toEqual({ text: 'ab', parts: [{ text: '1' }, { text: '2' }, { text: '3' }], mime: 'new', only: 'here' });
});

it('invents neither text nor parts', () => {
  expect(built({ mime: 'a/b' })).toEqual({ mime: 'a/b' });
  expect(built({ text: '' }, { parts: [] })).toEqual({ text: '' });
});

it('says how large it has become, in bytes', () => {
  const artifacts = new Artifacts();
  expect(artifacts.add({ text: 'abc' }, true)).toBe(14);
  expect(artifacts.add({ text: 'ü漢' }, true)).toBe(14 + 11 + 5);
  expect(artifacts.add({ artifact_id: 'b' }, true)).toBe(14 + 11 + 5 + 19);
  expect(artifacts.add({ text: 'abc' }, false)).toBe(14 + 19);
});

it('keeps several apart by their ids, in the order in which they began; one without an id is the main one', () => {
  const artifacts = new Artifacts();
  artifacts.add({ artifact_id: 'a', name: 'A', text: '1' }, true);
  artifacts.add({ text: 'main' }, false);
  artifacts.add({ artifact_id: 'a', text: '2' }, true);
  artifacts.add({ artifact_id: 'b', text: 'old' }, false);
  artifacts.add({ artifact_id: 'b', text: 'new' }, false);
  artifacts.add({ artifact_id: 'result', text: ' more' }, true);
  expect(artifacts.build()).toEqual([
    { artifact_id: 'a', name: 'A', text: '12' },
    { artifact_id: 'result', text: 'main more' },
    { artifact_id: 'b', text: 'new' },
  ]);
});

it('treats hostile names like any other', () => {
  const artifact = built(JSON.parse('{"__proto__":{"polluted":1},"constructor":2}') as Artifact, {
    text: 'x',
  });
  expect(Object.keys(artifact).sort()).toEqual(['__proto__', 'constructor', 'text']);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

it('takes a chunk of hundreds of thousands of parts', () => {
  const parts = Array.from({ length: 300_000 }, () => ({}));
  expect(built({ parts }, { parts }).parts).toHaveLength(600_000);
});

/** Milliseconds for so many chunks. */
function cost(chunks: number, chunk: (i: number) => Artifact): number {
  const start = performance.now();
  built(...Array.from({ length: chunks }, (_, i) => chunk(i)));
  return performance.now() - start;
}

it.each<[string, (i: number) => Artifact]>([
  ['texts', () => ({ text: 'some text' })],
  ['parts', () => ({ parts: [{ text: 'x' }] })],
  ['fields of its own', (i) => ({ [`field ${i}`]: i })],
])('grows in linear time: %s', (_, chunk) => {
  expect(cost(100_000, chunk)).toBeLessThan(10_000); // copying what is there each time would take minutes
});
