import { Option, type Command } from 'commander';
import { DELIVERY_STATES, type DeliveryState } from '../core/delivery.js';
import type { DeliveryDetailsWire, DeliveryWire } from '../sdk/index.js';
import { clientOf, numberUpTo, withConnection, type ConnectionOptions } from './connection.js';
import { plain, say, sayJson, table } from './output.js';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100_000;

/** `agent-gateway deliveries …`. */
export function addDeliveries(root: Command): void {
  const deliveries = root
    .command('deliveries')
    .description('what goes out by itself: callbacks and push notifications');
  addList(deliveries);
  addShow(deliveries);
  addRedeliver(deliveries);
}

interface ListOptions extends ConnectionOptions {
  readonly status?: DeliveryState;
  readonly kind?: string;
  readonly limit: number;
}

function addList(deliveries: Command): void {
  withConnection(deliveries.command('list').description('deliveries, newest first'))
    .addOption(new Option('--status <word>', 'only these; dead: given up').choices([...DELIVERY_STATES]))
    .option('--kind <word>', 'only these, e.g. callback or push')
    .option('--limit <n>', 'at most so many', numberUpTo(MAX_LIMIT), DEFAULT_LIMIT)
    .action(async ({ status, kind, limit, ...options }: ListOptions) => {
      const filter = { ...(status && { status }), ...(kind !== undefined && { kind }) };
      const found: DeliveryWire[] = [];
      for await (const one of clientOf(options).deliveries(filter)) {
        found.push(one);
        if (found.length >= limit) break;
      }
      if (options.json) return found.forEach(sayJson);
      if (found.length === 0) return say('no deliveries');
      say(table([['ID', 'KIND', 'STATUS', 'TRIES', 'CREATED', 'ABOUT', 'ERROR'], ...found.map(row)]));
    });
}

const row = (one: DeliveryWire): string[] => [
  plain(one.delivery_id),
  plain(one.kind),
  one.status,
  String(one.attempts),
  one.created_at,
  plain(one.task_id ?? one.message_id ?? '–'),
  plain(one.error ?? ''),
];

function addShow(deliveries: Command): void {
  withConnection(
    deliveries.command('show').description('what is sent, and every try').argument('<id>', 'the delivery'),
  ).action(async (id: string, options: ConnectionOptions) => {
    const found = await clientOf(options).delivery(id);
    if (options.json) return sayJson(found);
    tell(found);
  });
}

function addRedeliver(deliveries: Command): void {
  withConnection(
    deliveries
      .command('redeliver')
      .description('start one again that was given up')
      .argument('<id>', 'the delivery'),
  ).action(async (id: string, options: ConnectionOptions) => {
    const started = await clientOf(options).redeliver(id);
    if (options.json) return sayJson(started);
    say(`${plain(started.delivery_id)} is ${started.status}`);
  });
}

function tell(one: DeliveryDetailsWire): void {
  say(
    `${plain(one.delivery_id)}  ${plain(one.kind)}  ${one.status}${one.error ? `: ${plain(one.error)}` : ''}`,
  );
  say(`to ${plain(one.url ?? one.endpoint)}`);
  if (one.due_at !== undefined) say(`next try ${one.due_at}`);
  for (const { at, ms, status, error } of one.attempt_log)
    say(`${at}  ${ms} ms  ${status ?? '–'}  ${plain(error ?? 'taken')}`);
  say(plain(one.body));
}
