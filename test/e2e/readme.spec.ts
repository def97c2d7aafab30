import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayProcess } from '../support/gateway-process.js';

/** The README's five minutes, as they stand there; only the ports are others. */

const ROOT = join(__dirname, '../..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The block after `<!-- example: NAME -->`. */
function example(name: string): string {
  const found = new RegExp(`<!-- example: ${name} -->\n\`\`\`\\w+\n([\\s\\S]*?)\`\`\``).exec(readme);
  if (!found) throw new Error(`README.md has no example ${name}`);
  return found[1]!;
}

test('the first bot', async () => {
  const gateway = await GatewayProcess.start();
  const bot = `readme-bot-${process.pid}.mjs`;
  const local = (text: string): string =>
    text
      .replaceAll('http://127.0.0.1:8443', gateway.httpUrl)
      .replaceAll('ws://127.0.0.1:8080/agent/register', gateway.botUrl)
      .replaceAll('my-bot.mjs', bot);
  writeFileSync(join(ROOT, bot), local(example('my-bot.mjs')));
  const online = `until curl -s ${gateway.httpUrl}/agents | grep -q my-bot; do sleep 0.1; done`;
  const script = local(example('shell')).replace(/^(node .* &)$/m, `$1\n${online}`);
  const env = { ...process.env, AGENT_GATEWAY_URL: gateway.httpUrl };
  const shell = spawn('sh', ['-ec', `${script}\nkill $!`], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  shell.stdout.on('data', (text: Buffer) => (printed += text.toString()));
  try {
    const [code] = (await once(shell, 'close')) as [number];
    expect({ code, printed }).toMatchObject({ code: 0 });
  } finally {
    rmSync(join(ROOT, bot), { force: true });
  }
  expect(printed).toContain('my-bot is online');
  expect(printed).toMatch(/\{"task_id":"t-[0-9a-f]{32}","status":"queued","assigned_agent":"my-bot"\}/);
  expect(printed).toContain('taking a deep breath');
  expect(printed).toMatch(/completed +HELLO AGAIN/);
});
