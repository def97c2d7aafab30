// Serves prime_agent: as an A2A agent of its own, or as a bot of a gateway, which makes it one.
//
//   node examples/multi-agent/prime-agent.mjs [8001]
//   node examples/multi-agent/prime-agent.mjs ws://127.0.0.1:8080/agent/register
import { connectBot } from 'agent-gateway/sdk';
import { botOf, createA2aApp, SecurityConfig } from 'agent-gateway/sdk/a2a';
import { primeAgent } from './agents.mjs';

const [where = '8001'] = process.argv.slice(2);
if (where.startsWith('ws')) {
  const bot = connectBot({ url: where, ...botOf(primeAgent) });
  await bot.ready;
  console.log(`prime_agent is online at ${where}`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void bot.close());
} else {
  const app = createA2aApp(primeAgent, { security: SecurityConfig.development() });
  console.log(`prime_agent is online at ${await app.listen(Number(where))}`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void app.close());
}
