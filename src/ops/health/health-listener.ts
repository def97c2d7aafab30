import { randomUUID } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { HealthReport, HealthService } from './health.service.js';

/** Answers /health, /health/live and /health/ready on a port that has no other HTTP API. */
export const healthListener =
  (health: HealthService): RequestListener =>
  (req, res) => {
    const path = (req.url ?? '').split('?')[0];
    void answer(health, path, req.method).then(({ status, body }) => {
      const text = JSON.stringify(body);
      res.writeHead(status, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(text),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      res.end(req.method === 'HEAD' ? '' : text);
    });
  };

async function answer(health: HealthService, path: string | undefined, method = ''): Promise<HealthReport> {
  if (method !== 'GET' && method !== 'HEAD') return nothingHere();
  if (path === '/health') return health.report();
  if (path === '/health/live') return health.live();
  if (path === '/health/ready') return health.ready();
  return nothingHere();
}

/** In the words of every other refusal; what was asked for is not repeated. */
const nothingHere = (): HealthReport => ({
  status: 404,
  body: {
    error: 'not found',
    detail: 'this port answers GET /health and the WebSocket upgrades of bots',
    code: 'NOT_FOUND',
    request_id: randomUUID(),
  },
});
