import {
  age,
  boolean,
  diskSize,
  duration,
  integer,
  type Kind,
  list,
  oneOf,
  orOff,
  port,
  rate,
  secret,
  sharedSecret,
  size,
  text,
} from './kinds.js';

const letters = list(oneOf('a', 'b'));

const RIGHT: [string, Kind<unknown>, unknown, unknown][] = [
  ['duration', duration(), '250ms', 250],
  ['duration', duration(), '10s', 10_000],
  ['duration', duration(), '5m', 300_000],
  ['duration', duration(), '24h', 86_400_000],
  ['duration', duration(), '7d', 604_800_000],
  ['duration', duration(), '1500', 1500],
  ['duration from 0', duration(0), '0', 0],
  ['age', age, '365d', 31_536_000_000],
  ['size', size, '64kb', 65_536],
  ['size', size, '10mb', 10_485_760],
  ['size', size, '1024', 1024],
  ['size', size, '5b', 5],
  ['disk size', diskSize, '10gb', 10_737_418_240],
  ['port', port, '0', 0],
  ['port', port, '65535', 65_535],
  ['integer', integer(1, 10), '10', 10],
  ['rate', rate, '100/s', { requests: 100, windowMs: 1000 }],
  ['rate', rate, '5/m', { requests: 5, windowMs: 60_000 }],
  ['list', letters, 'a, b', ['a', 'b']],
  ['list', letters, ['b'], ['b']],
  ['list', letters, '', []],
  ['list', letters, 'none', []],
  ['off', orOff(port), 'off', undefined],
  ['not off', orOff(port), '1', 1],
  ['text', text, 'grüße', 'grüße'],
  ['secret of 32 bytes', sharedSecret(32), 'é'.repeat(16), 'é'.repeat(16)],
  ...['true', 'on', '1'].map((word): [string, Kind<unknown>, unknown, unknown] => [
    'boolean',
    boolean,
    word,
    true,
  ]),
  ...['false', 'off', '0'].map((word): [string, Kind<unknown>, unknown, unknown] => [
    'boolean',
    boolean,
    word,
    false,
  ]),
];

const WRONG: [string, Kind<unknown>, unknown][] = [
  ['duration', duration(), '0'],
  ['duration', duration(), '25d'],
  ['duration', duration(), '1.5h'],
  ['duration', duration(), '10 s'],
  ['duration', duration(), '-1s'],
  ['duration', duration(), '1w'],
  ['duration', duration(), '10S'],
  ['duration', duration(), ''],
  ['duration', duration(), '9'.repeat(20)],
  ['age', age, '10ms'],
  ['size', size, '0'],
  ['size', size, '257mb'],
  ['size', size, '10 mb'],
  ['port', port, '65536'],
  ['port', port, '-1'],
  ['port', port, '80.0'],
  ['port', port, '0x50'],
  ['port', port, ' 80'],
  ['integer', integer(1, 10), '0'],
  ['integer', integer(1, 10), '11'],
  ['integer', integer(1, 10), '1e1'],
  ['rate', rate, '0/s'],
  ['rate', rate, '100'],
  ['rate', rate, '100/h'],
  ['list', letters, 'a,,b'],
  ['list', letters, 'a,c'],
  ['list', letters, { a: 'b' }],
  ['boolean', boolean, 'yes'],
  ['boolean', boolean, ''],
  ['word', oneOf('a', 'b'), 'A'],
  ['text', text, ''],
  ['text', text, 'a\nb'],
  ['text', text, ['a']],
  ['secret of 31 bytes', sharedSecret(32), 'x'.repeat(31)],
];

describe('kinds of settings', () => {
  it.each(RIGHT)('%s accepts a right value', (_, kind, raw, value) => {
    expect(kind.schema.safeParse(raw)).toEqual({ success: true, data: value });
  });

  it.each(WRONG)('%s refuses a wrong value', (_, kind, raw) => {
    expect(kind.schema.safeParse(raw).success).toBe(false);
  });

  it('says of an optional kind that it can be off, and keeps it secret', () => {
    expect(orOff(secret(port))).toMatchObject({
      secret: true,
      allowed: expect.stringContaining('or off') as string,
    });
  });
});
