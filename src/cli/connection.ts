import { InvalidArgumentError, type Command } from 'commander';
import { GatewayAdmin, GatewayClient, type ClientOptions } from '../sdk/index.js';

export interface ConnectionOptions {
  readonly url: string;
  readonly token?: string;
  readonly json: boolean;
}

const DEFAULT_URL = 'http://127.0.0.1:8443';
/** A person waits: better to say soon that nobody answers. */
const TRIES = 3;

/** The options of every command that asks the gateway. */
export const withConnection = (command: Command): Command =>
  command
    .option('--url <url>', 'the orchestrator API', urlOf, process.env['AGENT_GATEWAY_URL'] ?? DEFAULT_URL)
    .option(
      '--token <token>',
      'token or API key; better in AGENT_GATEWAY_TOKEN, where no process list shows it',
    )
    .option('--json', 'one JSON value per line, for programs', false);

export const clientOf = (options: ConnectionOptions): GatewayClient => new GatewayClient(access(options));

export const adminOf = (options: ConnectionOptions): GatewayAdmin => new GatewayAdmin(access(options));

const access = ({ url, token = process.env['AGENT_GATEWAY_TOKEN'] }: ConnectionOptions): ClientOptions => ({
  url,
  tries: TRIES,
  ...(token !== undefined && { token }),
});

function urlOf(value: string): string {
  if (!/^https?:\/\//.test(value) || !URL.canParse(value))
    throw new InvalidArgumentError('allowed: http://… or https://…');
  return value;
}

/** A whole number from 1 to `max`. */
export const numberUpTo =
  (max: number) =>
  (value: string): number => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < 1 || number > max)
      throw new InvalidArgumentError(`allowed: a whole number from 1 to ${max}`);
    return number;
  };

/** A JSON object. */
export function jsonObject(value: string): Record<string, never> {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, never>;
  } catch {
    // said below
  }
  throw new InvalidArgumentError('allowed: a JSON object such as {"max_words":50}');
}
