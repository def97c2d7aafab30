import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from './load.js';

/**
 * A caller who does not heed his limit, in a process of his own: `flood.ts PORT TOKEN RATE` sends that many requests per second
 * until it is ended, and says `ready` when the first has been refused.
 */
const [port = '', token = '', rate = ''] = process.argv.slice(2);
const TICK_MS = 10;
const header = `Authorization: Bearer ${token}\r\n`;
const idle = Array.from({ length: 64 }, () => new Client(Number(port)));
let told = false;

async function ask(client: Client): Promise<void> {
  const { status } = await client.get('/tasks', header);
  if (status === 429 && !told) {
    told = true;
    process.send?.({ ready: true });
  }
  idle.push(client);
}

async function flood(): Promise<void> {
  const begin = performance.now();
  for (let sent = 0; ; await sleep(TICK_MS))
    for (; sent < ((performance.now() - begin) / 1_000) * Number(rate); sent++) {
      const client = idle.pop();
      if (client) void ask(client);
    }
}

void flood();
