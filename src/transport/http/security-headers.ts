import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet, { type HelmetOptions } from 'helmet';

/**
 * Nothing that this listener answers is a page, so the policy allows nothing; a module that serves one sets its own.
 * What only pages can use is left out: headers are most of a small answer's cost.
 */
const OPTIONS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"] as string[], frameAncestors: ["'none'"] as string[] },
  },
  frameguard: { action: 'deny' },
  referrerPolicy: { policy: 'no-referrer' },
  crossOriginOpenerPolicy: false,
  crossOriginResourcePolicy: false,
  originAgentCluster: false,
  dnsPrefetchControl: false,
  ieNoOpen: false,
  permittedCrossDomainPolicies: false,
  xssFilter: false,
  hidePoweredBy: false,
} as const satisfies HelmetOptions;

/** Name and value of each security header; the same on every answer (seed 002: security headers). */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Runs helmet once, on a recorder, since its headers depend on nothing in the request. */
export function securityHeaders(https: boolean): HeaderList {
  const seen = new Map<string, string>();
  const recorder = {
    setHeader: (name: string, value: string) => seen.set(name.toLowerCase(), value),
    removeHeader: (name: string) => seen.delete(name.toLowerCase()),
  };
  const run = helmet(OPTIONS);
  run({} as IncomingMessage, recorder as unknown as ServerResponse, () => undefined);
  if (!https) seen.delete('strict-transport-security');
  seen.set('x-xss-protection', '1; mode=block');
  return [...seen];
}
