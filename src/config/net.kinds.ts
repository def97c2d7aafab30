import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import type { Kind } from './kinds.js';
import { list } from './kinds.js';

const LABEL = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/i;

/** A last label of digits would be read as an odd spelling of an address ("127.1", "0"). */
function isHostName(value: string): boolean {
  const labels = value.split('.');
  return (
    value.length <= 253 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '')
  );
}

/** Where a listener binds. */
export const host: Kind<string> = {
  schema: z.string().refine((value) => isIP(value) !== 0 || isHostName(value)),
  allowed: 'a host name or an IP address, without scheme, port or brackets',
};

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a listener on `host` can be reached from this machine only: localhost, 127.0.0.0/8, ::1. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

/** The URL of a listener; an IPv6 address is put in brackets. */
export function listenerUrl(listener: { host: string; port: number; tlsCert?: string | undefined }): string {
  const name = isIP(listener.host) === 6 ? `[${listener.host}]` : listener.host;
  return `${listener.tlsCert === undefined ? 'http' : 'https'}://${name}:${listener.port}`;
}

function hasScheme(value: string, schemes: readonly string[]): boolean {
  if (!/^[a-z]+:\/\/\S+$/.test(value) || !URL.canParse(value)) return false;
  const parsed = new URL(value);
  return parsed.hostname !== '' && schemes.includes(parsed.protocol.slice(0, -1));
}

const listed = (schemes: readonly string[]): string => schemes.map((scheme) => `${scheme}://…`).join(' or ');

export const url = (...schemes: readonly string[]): Kind<string> => ({
  schema: z.string().refine((value) => hasScheme(value, schemes)),
  allowed: `a URL ${listed(schemes)}`,
});

/** A name in the form of a URI: nothing is fetched from it. */
export const uri: Kind<string> = {
  schema: z.string().regex(/^[A-Za-z][A-Za-z0-9+.-]*:[^\s,]{1,500}$/),
  allowed: 'a URI such as https://example.org/extension/v1',
};

/** A URL that others are appended to: no trailing slash is kept. */
export const baseUrl: Kind<string> = {
  schema: z
    .string()
    .refine((value) => hasScheme(value, ['http', 'https']) && isPlain(new URL(value)))
    .transform((value) => value.replace(/\/+$/, '')),
  allowed: 'a URL http://… or https://… without user, query or fragment',
};

const isPlain = ({ username, password, search, hash }: URL): boolean =>
  `${username}${password}${search}${hash}` === '';

/** `sqlite://x` is refused: it looks like a relative path and would be an absolute one. */
const SQLITE = /^sqlite:(?!\/\/[^/])\P{Cc}+$/u;
export const storageUrl: Kind<string> = {
  schema: z.string().refine((value) => SQLITE.test(value) || hasScheme(value, ['postgres', 'postgresql'])),
  allowed: 'sqlite:PATH, sqlite::memory: or postgres://…',
  secret: true,
};

function isNetwork(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

/** One address or a CIDR block; a block of everything (/0) is refused. */
export const network: Kind<string> = {
  schema: z.string().refine(isNetwork),
  allowed: 'an IP address or a CIDR block such as 10.0.0.0/8',
};

const HOPS = /^([1-9]\d?)$/;
/** Whose X-Forwarded-For counts: nobody's, that of the last N hops, or that of these networks. */
export const trustedProxies: Kind<false | number | string[]> = {
  schema: z.union([
    z.enum(['off', 'false', '0']).transform((): false => false),
    z.string().regex(HOPS).transform(Number),
    list(network).schema.refine((networks) => networks.length > 0),
  ]),
  allowed: 'off, a number of hops from 1 to 99, or a comma-separated list of IP addresses and CIDR blocks',
};

const isOrigin = (value: string): boolean =>
  hasScheme(value, ['http', 'https']) && new URL(value).origin === value;

const origins = list<string>({ schema: z.string().refine(isOrigin), allowed: 'an origin' });
export const corsOrigins: Kind<'*' | string[]> = {
  schema: z.union([z.literal('*'), origins.schema]),
  allowed:
    '*, none, or a comma-separated list of origins such as https://app.example.com (no path, no trailing slash)',
};
