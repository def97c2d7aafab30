// A bot whose results come in pieces, as a language model's do. Watch it: a stream shows every piece as it comes.
//
//   node examples/streaming-bot.mjs [ws://127.0.0.1:8080/agent/register]
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBot } from 'agent-gateway/sdk';

const bot = connectBot({
  url: process.argv[2] ?? 'ws://127.0.0.1:8080/agent/register',
  card: {
    name: 'storyteller',
    skills: [{ id: 'story', name: 'Storytelling', description: 'Tells a story about what it is asked for' }],
    max_concurrency: 5,
  },
  async onTask(task) {
    const words =
      `Once upon a time there was ${task.instruction}. And they all lived happily ever after.`.split(' ');
    for (const [i, word] of words.entries()) {
      await sleep(50, undefined, { signal: task.signal });
      await task.append(`${i === 0 ? '' : ' '}${word}`);
    }
  },
});
process.on('SIGINT', () => void bot.close());
await bot.ready;
console.log('storyteller is online');
await bot.ended;
