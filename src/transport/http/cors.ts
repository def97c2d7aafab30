import cors from 'cors';
import type { Request, RequestHandler } from 'express';
import { REQUEST_ID } from './request-context.js';

/** Browsers may keep the answer to a preflight this long (seconds). */
const PREFLIGHT_MAX_AGE_S = 600;

/**
 * CORS by configuration: `*`, or an allow-list. Only browsers send Origin, so only they pay for it; a preflight is answered
 * with 204 before anything else looks at it.
 */
export function corsHandler(origins: readonly string[] | '*'): RequestHandler {
  const handle = cors<Request>({
    origin: origins === '*' ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
      REQUEST_ID,
      'retry-after',
      'www-authenticate',
      'ratelimit',
      'ratelimit-policy',
      'etag',
      'a2a-version',
      'a2a-extensions',
      'x-a2a-extensions',
    ],
    maxAge: PREFLIGHT_MAX_AGE_S,
  });
  const varies = origins !== '*';
  return (req, res, next) => {
    if (req.headers.origin !== undefined || req.method === 'OPTIONS') return handle(req, res, next);
    if (varies) res.setHeader('vary', 'Origin');
    next();
  };
}
