// A bot for trying things out: the skills summarize and translate of seed 000, on the SDK.
//
//   node examples/mock-nanobot.mjs [ws://127.0.0.1:8080/agent/register] [nanobot-text-001]
//
// Environment: BOT_NAMESPACE (default "production"), BOT_TOKEN (bearer token), BOT_CERT_FILE and BOT_KEY_FILE (PEM, for a
// gateway with mTLS; NODE_EXTRA_CA_CERTS names the CA to trust), BOT_STEP_MS (default 400), BOT_SKILLS (comma separated;
// default "summarize,translate"). The same protocol without the SDK: GET /.well-known/skill.md.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBot } from 'agent-gateway/sdk';

const [url = 'ws://127.0.0.1:8080/agent/register', name = 'nanobot-text-001'] = process.argv.slice(2);
const env = process.env;
const stepMs = Number(env.BOT_STEP_MS ?? 400);
const titles = { summarize: 'Text Summarization', translate: 'Translation' };
const skills = (env.BOT_SKILLS ?? 'summarize,translate')
  .split(',')
  .map((id) => ({ id, name: titles[id] ?? id }));
const tls = env.BOT_CERT_FILE
  ? { cert: readFileSync(env.BOT_CERT_FILE), key: readFileSync(env.BOT_KEY_FILE) }
  : undefined;

const bot = connectBot({
  url,
  card: { name, version: '1.0.0', skills, max_concurrency: 3 },
  namespace: env.BOT_NAMESPACE ?? 'production',
  ...(env.BOT_TOKEN && { token: env.BOT_TOKEN }),
  ...(tls && { tls }),
  onEvent: say,
  async onTask(task) {
    for (const pct of [30, 60, 90]) {
      await sleep(stepMs, undefined, { signal: task.signal }); // a cancel ends the work here
      task.progress(pct, 'processing...');
    }
    const short = [...task.instruction].slice(0, 60).join('');
    return task.skill === 'translate' ? `[mock translation] ${short}` : `[mock summary] ${short}`;
  },
});

function say(event) {
  if (event.type === 'registered')
    console.log(`[${name}] registered in ${event.namespace}: ${skills.map(({ id }) => id).join(', ')}`);
  if (event.type === 'disconnected' && event.code !== 1000)
    console.log(`[${name}] ${event.code} ${event.reason}`);
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void bot.close());
const error = await bot.ended;
if (error) {
  console.log(`[${name}] ${error.message}`);
  process.exitCode = 1;
}
