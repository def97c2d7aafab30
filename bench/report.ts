import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

export interface Row {
  name: string;
  unit: string;
  base?: number;
  value: number;
  /** Lowest and highest ratio of paired rounds. */
  spread?: readonly [number, number];
  /** Judges the ratio or the value; `wish` is what we are after beyond the limit. */
  target?: { of: 'ratio' | 'value'; limit: number; wish?: number };
}

export interface Table {
  title: string;
  columns: readonly [base: string, value: string];
  rows: Row[];
  note?: string;
}

export interface Machine {
  cpu: string;
  cores: number;
  memoryGb: number;
  system: string;
  node: string;
  date: string;
}

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${type()} ${release()}`,
  node: process.version,
  date: new Date().toISOString().slice(0, 10),
});

const ratioOf = ({ base, value }: Row): number | undefined => (base === undefined ? undefined : value / base);

const format = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3).replace(/\.0+$/, '');

function targetText({ target, unit }: Row): string {
  if (!target) return '';
  const suffix = target.of === 'ratio' ? '×' : ` ${unit}`;
  const wish = target.wish === undefined ? '' : ` (after: ${target.wish}×)`;
  return `≤ ${target.limit}${suffix}${wish}`;
}

/** `ok`, `over`, or nothing where there is no target. */
export function verdict(row: Row): string {
  if (!row.target) return '';
  const judged = row.target.of === 'ratio' ? ratioOf(row) : row.value;
  return judged !== undefined && judged <= row.target.limit ? 'ok' : 'over';
}

function ratioText(row: Row): string {
  const ratio = ratioOf(row);
  if (ratio === undefined) return '';
  const spread = row.spread ? ` (${row.spread[0].toFixed(2)}–${row.spread[1].toFixed(2)})` : '';
  return `${ratio.toFixed(2)}${spread}`;
}

const cells = (row: Row): string[] => [
  `${row.name}, ${row.unit}`,
  row.base === undefined ? '' : format(row.base),
  format(row.value),
  ratioText(row),
  targetText(row),
  verdict(row),
];

const header = ({ columns }: Table): string[] => ['', ...columns, 'ratio (range)', 'target', ''];

export function toText(table: Table): string {
  const lines = [header(table), ...table.rows.map(cells)];
  const widths = header(table).map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const text = lines.map((line) =>
    line
      .map((cell, i) => (i === 1 || i === 2 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  return [`\n${table.title}`, ...text, ...(table.note ? [table.note] : [])].join('\n');
}

function toMarkdown(table: Table): string {
  const line = (row: string[]): string => `| ${row.join(' | ')} |`;
  const rule = '|---|--:|--:|---|---|---|';
  const body = [line(header(table)), rule, ...table.rows.map((row) => line(cells(row)))].join('\n');
  return `### ${table.title}\n\n${body}\n${table.note ? `\n${table.note}\n` : ''}`;
}

const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';

/** Writes the results between the markers of the file; what stands around them stays. */
export function writeMarkdown(file: string, tables: readonly Table[], on: Machine): void {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : METHOD;
  const [before, after] = [text.indexOf(START), text.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`${file} lacks the markers ${START} and ${END}`);
  const where = `${on.cpu}, ${on.cores} cores, ${on.memoryGb} GB; ${on.system}; Node ${on.node}; ${on.date}.`;
  const results = [`Measured on: ${where}`, ...tables.map(toMarkdown)].join('\n\n');
  writeFileSync(file, `${text.slice(0, before)}${START}\n\n${results}\n${text.slice(after)}`);
}

const METHOD = `# Benchmarks

\`npm run bench\` compares the gateway with a bare relay (\`bench/relay.ts\`): node:http and ws, the same wire protocol,
nothing stored, nothing checked. The ratio says what durability, validation and routing cost on top of moving the bytes.

## Results

${START}
${END}

## Method

- Both servers run as plain \`node\` processes with default settings (the gateway: SQLite on a real disk, every commit
  flushed, \`synchronous=FULL\`), at the same time, under load in turn: relay, gateway, gateway, relay, … The figures are
  medians over the rounds; the range is the lowest and highest ratio of a round pair. A warm-up comes first.
- Load: 64 users in a closed loop on raw keep-alive sockets; 16 bots in a process of their own answer each task at once
  with a progress report and a result. Load and bots share the machine with the server, so tasks/s and latencies are
  those of the whole set-up; CPU per task is the server's alone.
- CPU per task is user and system time of all threads of the server process (\`/proc/<pid>/task/*/schedstat\`) over
  the whole window, which ends when the last task has been completed, also where only the submission is requested.
- Every stream is checked (event order, dense ids, its own result); after submission-only rounds the bots' count, the
  agents' loads and the newest 500 tasks are. Any error ends the benchmark.
- Memory per idle bot: growth of resident memory by that many registered bots with two skills each, after a rest that
  includes heartbeats. Garbage that V8 has not collected counts.
- A routing decision (choose, reserve, release) is timed in-process on the built engine, in CPU time of the thread;
  64 tasks are in hand at any moment, and ties are spread (decision 6).
- Stored tasks: two gateways, one with few, one with many ended tasks in its file, under the same load in turn.
- A2A: the baseline is the official SDK's own server (\`bench/sdk-server.ts\`) with its agent in the same process and its store in
  memory; the gateway sends every task to a bot and every step to the disk. Each answer is checked: finished, with its own
  result.
- Start: from spawn until both listeners answer \`/health\`, on a new file, migrations included.

\`npm run bench -- --help\` shows scenarios and options; \`--self-check\` runs the relay against itself: all ratios near 1.
`;
