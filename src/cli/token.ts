import { randomBytes, scryptSync } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { SignJWT } from 'jose';
import type { AuthConfig } from '../config/auth.config.js';
import { ConfigError } from '../config/config.error.js';
import { age } from '../config/kinds.js';
import { loadConfig } from '../config/load.js';
import { GatewayError, invalid } from '../core/errors.js';
import { RIGHTS } from '../core/principal.js';
import { checkName } from '../core/text.js';

const HELP = `Prints an access token, signed with the configured secret (GATEWAY_AUTH_JWT_SECRET).

  npm run --silent token -- --sub tenant-001 --namespace production --ttl 1h
  npm run --silent token -- --hash-secret < secret.txt

  --sub NAME         whom the token speaks for         (required)
  --namespace NAME   the tenant                        (default)
  --ttl DURATION     30s, 15m, 1h, 7d ...              (auth.token_ttl)
  --scope WORDS      ${RIGHTS.join(', ')}; without it: read execute
  --hash-secret      reads a client secret from standard input and prints its hash for auth.clients
  --help`;

/** Wrong use of the command, or a configuration that cannot sign. */
class UsageError extends Error {}

function readOptions(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        sub: { type: 'string' },
        namespace: { type: 'string', default: 'default' },
        ttl: { type: 'string' },
        scope: { type: 'string' },
        'hash-secret': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

type Options = ReturnType<typeof readOptions>;

async function mint(options: Options): Promise<string> {
  const { auth } = loadConfig({ env: process.env, cwd: process.cwd() });
  if (auth.jwtSecret === undefined)
    throw new UsageError(
      'GATEWAY_AUTH_JWT_SECRET: got nothing, allowed: a secret of at least 32 bytes to sign with',
    );
  const now = Math.floor(Date.now() / 1000);
  const ttlMs = options.ttl === undefined ? auth.tokenTtl : duration(options.ttl);
  return sign(auth, auth.jwtSecret, {
    sub: checkName('--sub', options.sub),
    namespace: namespaceName(options.namespace),
    ...(options.scope !== undefined && { scope: scope(options.scope) }),
    iat: now,
    exp: now + Math.floor(ttlMs / 1000),
  });
}

function sign(auth: AuthConfig, secret: string, claims: Record<string, string | number>): Promise<string> {
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).setIssuer(auth.issuer);
  if (auth.audience !== undefined) token.setAudience(auth.audience);
  return token.sign(Buffer.from(secret, 'utf8'));
}

function namespaceName(value: string): string {
  if (value === '*') throw invalid('--namespace', value, 'the name of one namespace');
  return checkName('--namespace', value);
}

function duration(value: string): number {
  const result = age.schema.safeParse(value);
  if (!result.success) throw invalid('--ttl', value, age.allowed);
  return result.data;
}

function scope(value: string): string {
  const words = value.split(/[\s,]+/).filter((word) => word !== '');
  const wrong = words.find((word) => !RIGHTS.some((right) => right === word));
  if (wrong !== undefined || words.length === 0) throw invalid('--scope', wrong ?? value, RIGHTS.join(', '));
  return words.join(' ');
}

/** About 40 ms and 16 MiB per check: client secrets are random, not passwords that people can remember. */
const COST = { N: 16_384, r: 8, p: 1 };

/** `scrypt$N$r$p$salt$hash`, as `auth.clients` wants it. */
export function hashSecret(secret: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(secret, salt, 32, { ...COST, maxmem: 64 * 1024 * 1024 });
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64'), hash.toString('base64')].join('$');
}

async function hashFromInput(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('client secret, then Enter and Ctrl-D:\n');
  const secret = (await text(process.stdin)).replace(/\r?\n$/, '');
  if (secret.length < 16)
    throw new UsageError('client secret: got fewer than 16 characters, allowed: 16 or more');
  return hashSecret(secret);
}

/** @returns the exit code: 0, or 2 for wrong use or configuration */
export async function main(args: string[]): Promise<number> {
  try {
    const options = readOptions(args);
    const output = options.help ? HELP : options['hash-secret'] ? await hashFromInput() : await mint(options);
    process.stdout.write(`${output}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof ConfigError || error instanceof GatewayError))
      throw error;
    process.stderr.write(`${error.message}\n${error instanceof UsageError ? `\n${HELP}\n` : ''}`);
    return 2;
  }
}

if (require.main === module) void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
