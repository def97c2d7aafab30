import type { Kind } from './kinds.js';
import {
  baseUrl,
  corsOrigins,
  host,
  isLoopback,
  listenerUrl,
  network,
  storageUrl,
  trustedProxies,
  url,
} from './net.kinds.js';

const KINDS: [string, Kind<unknown>, [raw: string, value: unknown][], string[]][] = [
  [
    'host',
    host,
    ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost', 'gw-1.example.com', 'a_b'].map((h) => [h, h]),
    ['', 'http://a', 'a:80', '[::1]', '127.1', '0', '1.2.3.256', 'a b', '-a', 'a..b', 'a'.repeat(64)],
  ],
  [
    'url',
    url('http', 'https'),
    [['https://id.example.com/jwks?x=1', 'https://id.example.com/jwks?x=1']],
    ['', 'ftp://a', 'http:a', 'http://', 'HTTP //a', 'https://a b', 'javascript:alert(1)', ' http://a'],
  ],
  [
    'base URL',
    baseUrl,
    [
      ['https://gw.example.com/', 'https://gw.example.com'],
      ['http://[::1]:8443/base//', 'http://[::1]:8443/base'],
    ],
    ['https://user:pw@gw', 'https://gw?x', 'https://gw/#x', 'ws://gw'],
  ],
  [
    'storage URL',
    storageUrl,
    [
      'sqlite:./data/gateway.db',
      'sqlite::memory:',
      'sqlite:/abs/x.db',
      'sqlite:///abs/x.db',
      'postgres://u:p@h/d',
    ].map((u) => [u, u]),
    ['', 'sqlite:', 'sqlite://x.db', 'mysql://h/d', './gateway.db', 'postgres:'],
  ],
  [
    'network',
    network,
    ['10.0.0.0/8', '127.0.0.1', 'fc00::/7', '::1/128'].map((n) => [n, n]),
    [
      '',
      '10.0.0.0/33',
      '10.0.0.0/0',
      '10.0.0.0/',
      'fc00::/129',
      'example.com',
      '10.0.0.0/8/8',
      'fe80::1%eth0',
    ],
  ],
  [
    'trusted proxies',
    trustedProxies,
    [
      ['off', false],
      ['0', false],
      ['2', 2],
      ['10.0.0.0/8, ::1', ['10.0.0.0/8', '::1']],
    ],
    ['true', 'on', '', '100', '1.5', '0.0.0.0/0', 'loopback'],
  ],
  [
    'CORS origins',
    corsOrigins,
    [
      ['*', '*'],
      ['none', []],
      ['https://a.example,http://b:81', ['https://a.example', 'http://b:81']],
    ],
    ['https://a.example/', 'a.example', 'https://a,*', 'null', 'https://a:443'],
  ],
];

describe.each(KINDS)('%s', (_, kind, right, wrong) => {
  it.each(right)('accepts %s', (raw, value) => {
    expect(kind.schema.safeParse(raw)).toEqual({ success: true, data: value });
  });

  it.each(wrong)('refuses "%s"', (raw) => {
    expect(kind.schema.safeParse(raw).success).toBe(false);
  });
});

describe('isLoopback', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.255.0.9', '::1', '0:0:0:0:0:0:0:1'])(
    '%s: yes',
    (name) => {
      expect(isLoopback(name)).toBe(true);
    },
  );

  it.each([
    '0.0.0.0',
    '::',
    '128.0.0.1',
    '10.0.0.1',
    '::2',
    '127.0.0.1.example.com',
    'localhost.example.com',
    '',
  ])('%s: no', (name) => {
    expect(isLoopback(name)).toBe(false);
  });
});

describe('listenerUrl', () => {
  it.each([
    [{ host: 'gw', port: 1 }, 'http://gw:1'],
    [{ host: '::1', port: 2, tlsCert: 'c.pem' }, 'https://[::1]:2'],
  ])('%j', (listener, expected) => {
    expect(listenerUrl(listener)).toBe(expected);
  });
});
