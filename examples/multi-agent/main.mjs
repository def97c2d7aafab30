// Asks root_agent, which orchestrates roll_agent (here) and prime_agent (somewhere else).
//
//   node examples/multi-agent/prime-agent.mjs &
//   node examples/multi-agent/main.mjs [http://127.0.0.1:8001] ["Roll a 20-sided die …"]
//
// The same through a gateway: start prime-agent.mjs with the gateway's bot socket, and this with its A2A address:
//
//   node examples/multi-agent/main.mjs http://127.0.0.1:8443/a2a/agents/prime_agent
import { inputOf } from 'agent-gateway/sdk/a2a';
import { rootAgent } from './agents.mjs';

const [
  primeUrl = 'http://127.0.0.1:8001',
  question = 'Roll a 20-sided die and tell me whether the number is prime.',
] = process.argv.slice(2);

const root = await rootAgent(primeUrl);
for await (const event of root.run(inputOf(question)))
  if (event.type === 'text') process.stdout.write(event.text);
  else if (event.type === 'progress') console.log(`[${event.text}]`);
console.log();
