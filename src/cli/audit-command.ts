import { existsSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { OUTCOMES, type Outcome } from '../core/audit.js';
import type { AuditEntryWire, AuditFilter } from '../sdk/index.js';
import { adminOf, numberUpTo, withConnection, type ConnectionOptions } from './connection.js';
import { CommandFailed } from './exit-codes.js';
import type { Verdict } from './audit-verify.js';
import { plain, say, sayJson, table } from './output.js';

/** `agent-gateway audit …`. */
export function addAudit(root: Command): void {
  const audit = root
    .command('audit')
    .description('who did what; for admins, and for whoever has the database');
  addList(audit);
  addExport(audit);
  addVerify(audit);
}

type FilterOptions = ConnectionOptions & AuditFilter;

const withFilter = (command: Command): Command =>
  withConnection(command)
    .option('--actor <principal>', 'only what he did')
    .option('--action <word>', 'only this, e.g. task.cancel')
    .option('--object <id>', 'only what was about this')
    .addOption(new Option('--outcome <word>', 'only these').choices(OUTCOMES))
    .option('--from <time>', 'from this moment on, e.g. 2027-01-31T12:00:00Z')
    .option('--to <time>', 'up to this moment');

function filterOf({ actor, action, object, outcome, from, to }: FilterOptions): AuditFilter {
  const given = Object.entries({ actor, action, object, outcome, from, to });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function addList(audit: Command): void {
  withFilter(audit.command('list').description('entries, newest first'))
    .option('--limit <n>', 'at most so many', numberUpTo(500), 50)
    .action(async (options: FilterOptions & { readonly limit: number; readonly outcome?: Outcome }) => {
      const { items } = await adminOf(options).audit({ ...filterOf(options), limit: options.limit });
      if (options.json) return items.forEach(sayJson);
      if (items.length === 0) return say('no entries');
      say(table(items.map(row)));
    });
}

const row = (entry: AuditEntryWire): string[] => [
  entry.at,
  plain(entry.actor ?? '–'),
  entry.outcome,
  plain(entry.action),
  plain(entry.object ?? '–'),
  `${entry.count > 1 ? `${entry.count} times, ` : ''}${plain(entry.detail ?? '')}`,
];

interface ExportOptions extends FilterOptions {
  readonly database?: string;
}

function addExport(audit: Command): void {
  withFilter(audit.command('export').description('entries as JSON lines, oldest first'))
    .option(
      '--database <file>',
      'all logs of this database, of whatever namespace or none, without a gateway',
    )
    .action(async (options: ExportOptions) => {
      if (options.database !== undefined) return exportDatabase(options.database, filterOf(options));
      for await (const entry of adminOf(options).exportAudit(filterOf(options))) sayJson(entry);
    });
}

async function exportDatabase(database: string, filter: AuditFilter): Promise<void> {
  if (Object.keys(filter).length > 0)
    throw new CommandFailed('--database: all of it, filters are for the API');
  const { chainsOfDatabase, toWire } = await import('./audit-file.js');
  for (const { entries } of chainsOfDatabase(existing(database)))
    for await (const entry of entries) sayJson(toWire(entry));
}

interface VerifyOptions {
  readonly database?: string;
  readonly anchor?: string;
  readonly json: boolean;
}

function addVerify(audit: Command): void {
  audit
    .command('verify')
    .description('check the hash chains; exit code 1 if something was changed, removed or put in')
    .argument('[file]', 'an export; without it the database of the configuration', existing)
    .option('--database <file>', 'this database, also while a gateway runs on it', existing)
    .option(
      '--anchor <file>',
      'what --json has printed some time ago: also a log made up anew is found',
      existing,
    )
    .option('--json', 'one JSON value per log; keep them elsewhere as an anchor', false)
    .action(async (file: string | undefined, { database, anchor, json }: VerifyOptions) => {
      const { readAnchors, verifyDatabase, verifyExport } = await import('./audit-verify.js');
      const anchors = anchor === undefined ? [] : readAnchors(anchor);
      const verdicts = await (file === undefined
        ? verifyDatabase(database ?? (await configuredDatabase()), anchors)
        : verifyExport(file, anchors));
      for (const verdict of verdicts)
        if (json) sayJson(verdict);
        else say(sentence(verdict));
      if (verdicts.some(({ fault }) => fault))
        throw new CommandFailed('the audit log is not as it was written');
    });
}

function sentence({ namespace, entries, from, seq, hash, fault }: Verdict): string {
  const name = namespace === null ? '(no namespace)' : plain(namespace);
  if (fault) return `${name}: entry ${fault.seq}: ${fault.fault}`;
  return entries === 0
    ? `${name}: empty`
    : `${name}: ${entries} entries, ${from} to ${seq}, verified; ${hash}`;
}

async function configuredDatabase(): Promise<string> {
  const { loadConfig } = await import('../config/load.js');
  const { url } = loadConfig({ env: process.env, cwd: process.cwd() }).storage;
  const file = /^sqlite:(?!:memory:$)(.+)$/.exec(url)?.[1];
  if (file === undefined || !existsSync(file))
    throw new CommandFailed(`storage.url: ${url} is no database file that exists; see --database`);
  return file;
}

function existing(file: string): string {
  if (!existsSync(file)) throw new InvalidArgumentError(`${file} does not exist`);
  return file;
}
