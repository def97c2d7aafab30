import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { lastWords } from './processes.js';
import { machine, toText, verdict, writeMarkdown, type Table } from './report.js';
import { SCENARIOS, type Settings } from './scenarios.js';

const HELP = `npm run bench -- [scenario ...] [options]

scenarios  ${Object.entries(SCENARIOS)
  .map(([name, { about }]) => `${name.padEnd(8)} ${about}`)
  .join('\n           ')}
options    --quick            all scenarios in about a minute, rougher figures
           --self-check       the relay in the gateway's place: ratios near 1 show that the method is sound
           --bots <n>         idle bots (default 10000)
           --json <file>      results as JSON
           --markdown <file>  results into a Markdown file, between its bench markers
           --cpu-prof <dir>   V8 CPU profiles of the gateway, written at its exit`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    'self-check': { type: 'boolean', default: false },
    bots: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'string' },
    'cpu-prof': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (options.help) return console.log(HELP);
  const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS);
  const unknown = names.find((name) => !(name in SCENARIOS));
  if (unknown)
    throw new Error(`unknown scenario "${unknown}", allowed: ${Object.keys(SCENARIOS).join(', ')}`);
  const idleBots = Number(options.bots ?? (options.quick ? 2_000 : 10_000));
  if (!(idleBots > 0)) throw new Error(`--bots: got ${options.bots}, allowed: a positive number`);
  const settings: Settings = {
    quick: options.quick,
    contender: options['self-check'] ? 'relay' : 'gateway',
    idleBots,
    cpuProf: options['cpu-prof'],
  };
  const tables: Table[] = [];
  for (const name of names) {
    const table = await SCENARIOS[name]!.run(settings);
    if (!table) continue;
    tables.push(table);
    console.log(toText(table));
  }
  const over = tables.flatMap((table) => table.rows).filter((row) => verdict(row) === 'over');
  if (!options['self-check'])
    console.log(over.length > 0 ? `\n${over.length} over target` : '\nall targets reached');
  if (options.json) writeFileSync(options.json, JSON.stringify({ machine: machine(), tables }, null, 2));
  if (options.markdown) writeMarkdown(options.markdown, tables, machine());
}

main().then(
  () => process.exit(0),
  async (error: unknown) => {
    await sleep(500); // a server that is just ending says so
    console.error(
      `benchmark failed: ${error instanceof Error ? error.message : String(error)}\n${lastWords()}`,
    );
    process.exit(1);
  },
);
