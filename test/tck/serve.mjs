// npm run tck:serve [-- all|none|extension [1.0|0.3]]: a built gateway and the agent that the A2A Technology Compatibility Kits expect,
// until Ctrl-C. The kits themselves (a2aproject/a2a-tck, branches 1.0-dev and 0.3.x) are run from elsewhere.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectTckAgent } from './agent.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PROFILES = {
  all: {},
  none: { GATEWAY_A2A_STREAMING: 'false', GATEWAY_A2A_PUSH_NOTIFICATIONS: 'false' },
  extension: { GATEWAY_A2A_REQUIRED_EXTENSIONS: 'https://example.com/extensions/tck/v1' },
};

const profile = process.argv[2] ?? 'all';
const kit = process.argv[3] ?? '1.0';
if (!(profile in PROFILES) || !['1.0', '0.3'].includes(kit)) {
  console.error(`usage: tck:serve [${Object.keys(PROFILES).join('|')} [1.0|0.3]]`);
  process.exit(64);
}

const gateway = spawn(process.execPath, ['dist/main.js'], {
  cwd: root,
  env: {
    GATEWAY_HTTP_PORT: '9999',
    GATEWAY_BOTS_PORT: '9998',
    GATEWAY_GRPC_PORT: '9997',
    GATEWAY_STORAGE_URL: 'sqlite::memory:',
    GATEWAY_LOG_LEVEL: 'warn',
    // The kits' schemas take no fields of another version.
    GATEWAY_A2A_CARD_VERSION: kit,
    ...PROFILES[profile],
    ...process.env,
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => gateway.kill('SIGTERM'));
gateway.once('exit', (code) => process.exit(code ?? 1));

for await (const line of createInterface({ input: gateway.stdout })) {
  const ready = /agent-gateway ready: orchestrators (\S+), bots (\S+)/.exec(line);
  console.log(line);
  if (!ready) continue;
  const [, http, bots] = ready;
  const socket = await connectTckAgent(bots, kit);
  console.log(
    `profile ${profile}, kit of ${kit}: the system under test is ${http}${kit === '0.3' ? '/a2a' : ''}`,
  );
  await once(socket, 'close');
}
