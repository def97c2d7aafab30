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
  if (method !== 'GET' && method !== 'HEAD') return nothingHere(path);
  if (path === '/health') return health.report();
  if (path === '/health/live') return health.live();
  if (path === '/health/ready') return health.ready();
  return nothingHere(path);
}

const nothingHere = (path = ''): HealthReport => ({
  status: 404,
  body: { error: 'Not Found', detail: `this port answers /health and WebSocket upgrades, not ${path.slice(0, 80)}`, code: 'NOT_FOUND' },
});
