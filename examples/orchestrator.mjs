// Gives the gateway two tasks and follows the second one to its end.
//
//   node examples/mock-nanobot.mjs &
//   node examples/orchestrator.mjs [http://127.0.0.1:8443]
import { GatewayClient } from 'agent-gateway/sdk';

const gateway = new GatewayClient({
  url: process.argv[2] ?? 'http://127.0.0.1:8443',
  ...(process.env.TOKEN && { token: process.env.TOKEN }),
});

for (const { name, load, max_concurrency } of await gateway.agents())
  console.log(`${name}: ${load} of ${max_concurrency} tasks`);

// Submits and waits; a broken connection on the way makes no difference.
const summary = await gateway.run({ skill: 'summarize', instruction: '请摘要:AI正在改变世界...' });
console.log(summary.status, summary.artifact?.text ?? summary.error);

// Or step by step. The stream goes on where it was, whatever happens to the connection.
const { task_id } = await gateway.submit({ skill: 'translate', instruction: 'Translate: 今天天气真好' });
for await (const { seq, data } of gateway.watch(task_id)) console.log(seq, data);
