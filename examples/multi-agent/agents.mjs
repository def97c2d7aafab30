// Three agents: one rolls dice, one knows prime numbers, one delegates to both.
import { randomInt } from 'node:crypto';
import { RemoteA2aAgent } from 'agent-gateway/sdk/a2a';
import { LlmAgent } from 'agent-gateway/sdk/llm';
import { tool } from 'ai';
import { z } from 'zod';
import { modelOr } from './models.mjs';

const numbersIn = (text) => (text.match(/\d+/g) ?? []).map(Number);

const rollDie = tool({
  description: 'Rolls a die',
  inputSchema: z.object({ sides: z.number().int().min(2).describe('how many sides it has') }),
  execute: ({ sides }) => randomInt(1, sides + 1),
});

/** Local: runs in the process of whoever asks it. */
export const rollAgent = LlmAgent.builder('roll_agent')
  .description('Rolls dice of any size')
  .instruction('Roll the die that you are asked for and tell what it shows.')
  .model(
    await modelOr(({ request, results }) =>
      results.roll_die === undefined
        ? { tool: 'roll_die', input: { sides: numbersIn(request)[0] ?? 6 } }
        : { text: `You rolled a ${results.roll_die}.` },
    ),
  )
  .tool('roll_die', rollDie)
  .build();

const isPrime = (n) => {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false;
  return n > 1;
};

const checkPrimes = tool({
  description: 'Tells which of some numbers are prime',
  inputSchema: z.object({ numbers: z.array(z.number().int()) }),
  execute: ({ numbers }) => numbers.filter(isPrime),
});

/** To be served by prime-agent.mjs. */
export const primeAgent = LlmAgent.builder('prime_agent')
  .description('Checks if numbers are prime')
  .instruction('Check the numbers that you are asked about and tell which are prime.')
  .model(
    await modelOr(({ request, results: { check_primes: primes } }) =>
      primes === undefined
        ? { tool: 'check_primes', input: { numbers: numbersIn(request) } }
        : {
            text: numbersIn(request)
              .map((n) => `${n} is ${primes.includes(n) ? '' : 'not '}a prime number.`)
              .join(' '),
          },
    ),
  )
  .tool('check_primes', checkPrimes)
  .build();

/** Orchestrates a local agent and a remote one, which it finds at `primeUrl`. */
export const rootAgent = async (primeUrl) =>
  LlmAgent.builder('root_agent')
    .description('Rolls dice and checks primes')
    .instruction('Delegate dice rolling to roll_agent and prime checking to prime_agent.')
    .model(
      await modelOr(({ request, results: { roll_agent: rolled, prime_agent: checked } }) => {
        if (rolled === undefined) return { tool: 'roll_agent', input: { request } };
        const [number] = numbersIn(rolled);
        if (checked === undefined)
          return { tool: 'prime_agent', input: { request: `Is ${number} a prime number?` } };
        return { text: `${rolled} ${checked}` };
      }),
    )
    .subAgent(rollAgent)
    .subAgent(
      RemoteA2aAgent.builder('prime_agent')
        .description('Checks if numbers are prime')
        .agentUrl(primeUrl)
        .build(),
    )
    .build();
