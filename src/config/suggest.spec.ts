import { mistakes, nearest } from './suggest.js';

describe('mistakes', () => {
  it.each([
    ['', '', 0],
    ['port', 'port', 0],
    ['port', 'prot', 1],
    ['port', 'por', 1],
    ['port', 'sport', 1],
    ['port', 'part', 1],
    ['', 'port', 4],
    ['kitten', 'sitting', 3],
  ])('"%s" and "%s": %i', (a, b, count) => {
    expect(mistakes(a, b)).toBe(count);
    expect(mistakes(b, a)).toBe(count);
  });
});

describe('nearest', () => {
  const known = ['http.port', 'http.host', 'bots.port'];

  it.each([
    ['http.prot', 'http.port'],
    ['htp.host', 'http.host'],
    ['bot.port', 'bots.port'],
    ['something', undefined],
    ['ht', undefined],
    ['x'.repeat(1_000_000), undefined],
  ])('%.20s → %s', (name, expected) => {
    expect(nearest(name, known)).toBe(expected);
  });
});
