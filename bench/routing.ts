import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AgentCard } from '../src/core/agent.js';
import type { AgentName, Namespace } from '../src/core/ids.js';
import type { Agent } from '../src/engine/registry/agent.js';
import type { AgentConnection } from '../src/engine/registry/agent-connection.js';
import { median } from './measure.js';
import type { Row, Table } from './report.js';

const COUNTS = [10, 1_000, 10_000] as const;
/** Tasks in hand at any moment, as many as the load scenarios have users. */
const IN_HAND = 64;
const SCOPE = 'production' as Namespace;

/** Loads what was built, so that the figures are those of the code that runs. */
const built = createRequire(join(__dirname, '../dist/main.js'));

/** Registers `count` agents with two skills each; the function it returns makes `decisions` choices. */
function prepare(count: number): (decisions: number) => void {
  const { ANONYMOUS } = built('./core/principal.js') as typeof import('../src/core/principal.js');
  const { Policy } = built('./engine/auth/policy.js') as typeof import('../src/engine/auth/policy.js');
  const { RegistryService } = built(
    './engine/registry/registry.service.js',
  ) as typeof import('../src/engine/registry/registry.service.js');
  const { RoutingService } = built(
    './engine/routing/routing.service.js',
  ) as typeof import('../src/engine/routing/routing.service.js');

  const clock = { now: Date.now, after: () => ({ cancel: () => undefined }) };
  const policy = new Policy({ mode: 'off' } as ConstructorParameters<typeof Policy>[0]);
  const registry = new RegistryService(clock, policy);
  const routing = new RoutingService({ strategy: 'least_load' }, registry, policy);
  const skills = ['summarize', 'translate'].map((id) => ({ id, name: id, description: '', tags: [] }));
  for (let i = 0; i < count; i++) {
    const name = `bench-bot-${i}` as AgentName;
    const card: AgentCard = { name, version: '1.0.0', description: '', skills, maxConcurrency: 10 };
    const connection = { kind: 'bot', principal: ANONYMOUS, paused: false } as AgentConnection;
    registry.admit(connection, card, SCOPE);
  }
  const request = { skill: 'summarize', scope: SCOPE, pinnedAgent: null, contextId: null };
  const inHand = Array.from({ length: IN_HAND }, (): Agent | undefined => undefined);
  let at = 0;
  return (decisions) => {
    for (let i = 0; i < decisions; i++) {
      const done = inHand[at];
      if (done) registry.release(done);
      const { agent } = routing.choose(request);
      if (!agent) throw new Error(`no agent was chosen among ${count}`);
      registry.reserve(agent);
      inHand[at] = agent;
      at = (at + 1) % IN_HAND;
    }
  };
}

/** The CPU clock of a thread moves in steps of 4 ms: a sample takes some hundred of them. */
const DECISIONS = 1_000_000;

/** Nanoseconds of CPU time per decision (choose, reserve, release) for each count, the counts in turn. */
function measure(rounds: number, decisions: number): number[] {
  const subjects = COUNTS.map(prepare);
  const samples = COUNTS.map((): number[] => []);
  for (const decide of subjects) decide(decisions);
  for (let turn = 0; turn < rounds; turn++)
    for (const [i, decide] of subjects.entries()) {
      const begin = process.threadCpuUsage();
      decide(decisions);
      const { user, system } = process.threadCpuUsage(begin);
      samples[i]!.push(((user + system) * 1000) / decisions);
    }
  return samples.map(median);
}

export function routing(quick: boolean): Table {
  const [base, ...larger] = measure(quick ? 5 : 15, DECISIONS);
  const rows = larger.map((value, i): Row => {
    const name = `${COUNTS[i + 1]!.toLocaleString('en')} agents`;
    return { name, unit: 'ns', base: base!, value, target: { of: 'ratio', limit: 1.2 } };
  });
  return { title: 'One routing decision (least_load)', columns: [`${COUNTS[0]} agents`, 'this many'], rows };
}
