import { readFileSync } from 'node:fs';
import { request as http, type RequestOptions } from 'node:http';
import { request as https } from 'node:https';
import type { HttpConfig } from '../../config/http.config.js';
import { loadConfig } from '../../config/load.js';

/** Milliseconds that the gateway has to answer. */
const PATIENCE_MS = 4_000;

/** Addresses that mean "all of this machine's"; the probe asks where the machine talks to itself. */
const OWN: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Is the gateway of this machine ready? For the HEALTHCHECK of a container, which has no curl: exit code 0 or 1. It reads
 * the same settings as the gateway, so it follows port and TLS. The certificate must be the gateway's own file; its names
 * do not count, as nobody dials a loopback address by them.
 */
function ask({ host, port, tlsCert }: HttpConfig): Promise<string> {
  const options: RequestOptions = {
    host: OWN[host] ?? host,
    port,
    path: '/health/ready',
    timeout: PATIENCE_MS,
  };
  const pinned = (ca: Buffer) => ({ ca, allowPartialTrustChain: true, checkServerIdentity: () => undefined });
  return new Promise((resolve, reject) => {
    const request =
      tlsCert === undefined ? http(options) : https({ ...options, ...pinned(readFileSync(tlsCert)) });
    request.on('timeout', () => request.destroy(new Error(`no answer in ${PATIENCE_MS} ms`)));
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`${response.statusCode} ${text}`)),
      );
      response.on('error', reject);
    });
    request.end();
  });
}

async function main(): Promise<void> {
  const { http: listener } = loadConfig({ env: process.env, cwd: process.cwd() });
  process.stdout.write(`${await ask(listener)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`not ready: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
