import type { Artifact } from '../../core/task.js';
import { ArtifactBuilder, jsonBytes } from './artifact-builder.js';

const built = (...chunks: Artifact[]): Artifact => {
  const builder = new ArtifactBuilder();
  for (const chunk of chunks) builder.add(chunk);
  return builder.build();
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
  const builder = new ArtifactBuilder();
  expect(builder.add({ text: 'abc' })).toBe(14);
  expect(builder.add({ text: 'ü漢' })).toBe(14 + 11 + 5);
  expect(jsonBytes({ text: 'ü漢' })).toBe(16);
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
