import { InvalidArgumentError, Option, type Command } from 'commander';
import { age } from '../config/kinds.js';
import { RIGHTS, type Right } from '../core/principal.js';
import type { ApiKeyWire } from '../sdk/index.js';
import { adminOf, withConnection, type ConnectionOptions } from './connection.js';
import { plain, say, sayJson, table } from './output.js';

/** `agent-gateway key …`. */
export function addKey(root: Command): void {
  const key = root.command('key').description('make, list and withdraw API keys; for admins');
  addCreate(key);
  addList(key);
  addRevoke(key);
}

interface CreateOptions extends ConnectionOptions {
  readonly namespace?: string;
  readonly rights?: Right[];
  readonly agent?: string;
  readonly ttl?: number;
}

function addCreate(key: Command): void {
  withConnection(
    key
      .command('create')
      .description('make a key; it is printed once, and the gateway keeps only its hash')
      .argument('<name>', 'what it is for'),
  )
    .option('--namespace <name>', 'the tenant; by default that of the token')
    .addOption(new Option('--rights <word...>', 'by default read and execute').choices(RIGHTS))
    .option('--agent <name>', 'the only agent that it may register')
    .option('--ttl <duration>', 'how long it is good, e.g. 90d; by default for ever', durationOf)
    .action(async (name: string, { namespace, rights, agent, ttl, ...options }: CreateOptions) => {
      const created = await adminOf(options).createKey({
        name,
        ...(namespace !== undefined && { namespace }),
        ...(rights && { rights }),
        ...(agent !== undefined && { agent }),
        ...(ttl !== undefined && { expires_at: new Date(Date.now() + ttl).toISOString() }),
      });
      if (options.json) return sayJson(created);
      process.stderr.write(`key ${created.id}, ${about(created)}; keep it, it is not shown again:\n`);
      say(created.key);
    });
}

function durationOf(value: string): number {
  const result = age.schema.safeParse(value);
  if (!result.success) throw new InvalidArgumentError(`allowed: ${age.allowed}`);
  return result.data;
}

const about = ({ namespace, agent, rights, expires_at }: ApiKeyWire): string =>
  [
    `namespace ${plain(namespace)}`,
    `rights ${rights.join(' ') || 'none'}`,
    agent === null ? 'any agent' : `agent ${plain(agent)}`,
    expires_at === null ? 'does not expire' : `expires ${expires_at}`,
  ].join(', ');

function addList(key: Command): void {
  withConnection(key.command('list').description('the keys of the namespace, without their secrets')).action(
    async (options: ConnectionOptions) => {
      const keys = await adminOf(options).keys();
      if (options.json) return keys.forEach(sayJson);
      if (keys.length === 0) return say('no keys');
      const rows = keys.map((one) => [
        one.id,
        plain(one.namespace),
        plain(one.agent ?? '*'),
        one.rights.join(' ') || '–',
        one.expires_at ?? 'never',
        one.last_used_at ?? 'never',
        plain(one.name),
      ]);
      say(table([['ID', 'NAMESPACE', 'AGENT', 'RIGHTS', 'EXPIRES', 'LAST USED', 'NAME'], ...rows]));
    },
  );
}

function addRevoke(key: Command): void {
  withConnection(
    key.command('revoke').description('withdraw a key; what it has open is closed').argument('<id>'),
  ).action(async (id: string, options: ConnectionOptions) => {
    await adminOf(options).revokeKey(id);
    if (options.json) sayJson({ id, revoked: true });
    else say(`${plain(id)}  revoked`);
  });
}
