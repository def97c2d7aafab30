import 'reflect-metadata'; // the x509 library wants it before it loads
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { X509Certificate, X509Crl } from '@peculiar/x509';
import {
  certificatePem,
  createAuthority,
  createClient,
  createCrl,
  createServer,
  type Identity,
  privateKeyPem,
  readIdentity,
  type Revocation,
  spiffeId,
  type Validity,
} from './pki.js';

const HELP = `Makes certificates for development: a CA, a server certificate, a bot certificate, a revocation list.

  npm run certs                             what is missing in certs/dev
  npm run certs -- --bot NAME               one more bot
  npm run certs -- --revoke FILE_OR_SERIAL  put a bot's certificate on the revocation list
  npm run certs -- --renew-crl              the same revocation list with new dates

  --out DIR             where the files are                       (certs/dev)
  --namespace NAME      what the bot may register: its namespace  (production)
  --bot NAME            ... and its name; * is any name           (nanobot-text-001)
  --trust-domain NAME   first part of the bot's SPIFFE id         (agent-gateway.local)
  --days N              validity of everything that is made       (365)
  --force               makes everything anew, the CA too
  --help`;

const DAY = 24 * 60 * 60 * 1000;
/** A new certificate is good a little before now, for machines whose clocks are behind. */
const BACKDATED = 5 * 60 * 1000;

/** Wrong use of the command; the message says what is allowed. */
class UsageError extends Error {}

interface Options {
  readonly out: string;
  readonly namespace: string;
  readonly bot: string;
  readonly trustDomain: string;
  readonly days: number;
  readonly force: boolean;
  readonly revoke: string | undefined;
  readonly renewCrl: boolean;
  readonly help: boolean;
}

function readOptions(args: string[]): Options {
  const { values } = parsed(args);
  const { out, namespace, bot, days, force, revoke, help } = values;
  return {
    out,
    namespace: segment('--namespace', namespace),
    bot: bot === '*' ? bot : segment('--bot', bot),
    trustDomain: trustDomain(values['trust-domain']),
    days: wholeNumber('--days', days, 36_500),
    force,
    revoke,
    renewCrl: values['renew-crl'],
    help,
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        out: { type: 'string', default: join('certs', 'dev') },
        namespace: { type: 'string', default: 'production' },
        bot: { type: 'string', default: 'nanobot-text-001' },
        'trust-domain': { type: 'string', default: 'agent-gateway.local' },
        days: { type: 'string', default: '365' },
        force: { type: 'boolean', default: false },
        revoke: { type: 'string' },
        'renew-crl': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** Part of a SPIFFE id, and of a path: neither `/` nor `..` gets through. */
function segment(option: string, value: string): string {
  if (/^[A-Za-z0-9._-]{1,128}$/.test(value) && value !== '.' && value !== '..') return value;
  throw new UsageError(`${option}: got ${JSON.stringify(value)}, allowed: letters, digits, ".", "_" and "-"`);
}

function trustDomain(value: string): string {
  if (/^[a-z0-9._-]{1,255}$/.test(value)) return value;
  throw new UsageError(
    `--trust-domain: got ${JSON.stringify(value)}, allowed: lower-case letters, digits, ".", "_" and "-"`,
  );
}

function wholeNumber(option: string, value: string, max: number): number {
  const number = /^\d{1,6}$/.test(value) ? Number(value) : 0;
  if (number >= 1 && number <= max) return number;
  throw new UsageError(`${option}: got ${JSON.stringify(value)}, allowed: a whole number from 1 to ${max}`);
}

/** Where everything is. */
const filesIn = (out: string) => ({
  ca: join(out, 'ca.pem'),
  caKey: join(out, 'ca-key.pem'),
  server: join(out, 'server.pem'),
  serverKey: join(out, 'server-key.pem'),
  crl: join(out, 'crl.pem'),
  bot: (namespace: string, name: string) => {
    const folder = join(out, 'bots', namespace, name === '*' ? '@any' : name);
    return { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  },
});

/** Makes what is missing; everything with --force. */
async function make(options: Options): Promise<void> {
  const files = filesIn(options.out);
  const validity = validFor(options.days);
  const missing = (file: string) => options.force || !existsSync(file);
  const fresh = missing(files.ca) || missing(files.caKey);
  const authority = fresh
    ? await createAuthority({ name: 'Agent Gateway development CA', ...validity })
    : await readAuthority(options.out);
  if (fresh) await saveIdentity(files.ca, files.caKey, authority);
  if (fresh || missing(files.server) || missing(files.serverKey)) {
    const names = { dns: ['localhost'], ip: ['127.0.0.1', '::1'] };
    await saveIdentity(
      files.server,
      files.serverKey,
      await createServer(authority, { ...names, ...validity }),
    );
  }
  if (fresh || missing(files.crl)) await saveCrl(options, authority, []);
  const bot = files.bot(options.namespace, options.bot);
  if (fresh || missing(bot.certificate) || missing(bot.key))
    await saveIdentity(bot.certificate, bot.key, await createBot(authority, options, validity));
  say(usage(options));
}

function createBot(authority: Identity, options: Options, validity: Validity): Promise<Identity> {
  const { trustDomain, namespace, bot } = options;
  return createClient(authority, {
    subject: [{ O: [namespace] }, { CN: [bot === '*' ? 'any agent' : bot.slice(0, 64)] }], // CN: 64 characters (RFC 5280)
    names: [{ type: 'url', value: spiffeId(trustDomain, namespace, bot) }],
    ...validity,
  });
}

/** Signs the revocation list again, with one more entry when a certificate is given. */
async function updateCrl(options: Options): Promise<void> {
  const authority = await readAuthority(options.out);
  const { crl } = filesIn(options.out);
  const list = existsSync(crl) ? new X509Crl(await readFile(crl, 'utf8')) : undefined;
  const entries: Revocation[] = (list?.entries ?? []).map((entry) => ({
    serial: entry.serialNumber,
    at: entry.revocationDate,
  }));
  const serial = options.revoke === undefined ? undefined : await serialOf(options.revoke, authority);
  const known = entries.some((entry) => entry.serial === serial);
  if (serial !== undefined && !known) entries.push({ serial, at: new Date() });
  await saveCrl(options, authority, entries);
}

/** The serial number of a certificate file, or the one given in hex. */
async function serialOf(given: string, authority: Identity): Promise<string> {
  if (!existsSync(given)) return normalHex(given);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(await readFile(given, 'utf8'));
  } catch {
    throw new UsageError(`--revoke: ${given} holds no certificate`);
  }
  const own = await certificate.verify({ publicKey: authority.certificate.publicKey, signatureOnly: true });
  if (!own) throw new UsageError(`--revoke: the certificate in ${given} was not issued by this CA`);
  return normalHex(certificate.serialNumber);
}

function normalHex(given: string): string {
  const hex = given.replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{1,40}$/.test(hex))
    throw new UsageError(
      `--revoke: got ${JSON.stringify(given)}, allowed: a certificate file or a serial number in hex`,
    );
  return hex.replace(/^(00)+(?=..)/, '');
}

const validFor = (days: number): Validity => ({
  from: new Date(Date.now() - BACKDATED),
  to: new Date(Date.now() + days * DAY),
});

async function readAuthority(out: string): Promise<Identity> {
  const { ca, caKey } = filesIn(out);
  try {
    return await readIdentity(await readFile(ca, 'utf8'), await readFile(caKey, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--out: no usable CA in ${out} (${why}); npm run certs makes one`);
  }
}

async function saveCrl(options: Options, issuer: Identity, entries: readonly Revocation[]): Promise<void> {
  const { from, to } = validFor(options.days);
  const { crl } = filesIn(options.out);
  await save(crl, await createCrl(issuer, { entries, thisUpdate: from, nextUpdate: to }));
  say(`${crl}: ${entries.length} revoked`);
}

async function saveIdentity(certificateFile: string, keyFile: string, identity: Identity): Promise<void> {
  await save(keyFile, await privateKeyPem(identity.key), 0o600);
  await save(certificateFile, certificatePem(identity.certificate));
  say(`${certificateFile}: serial ${identity.certificate.serialNumber}`);
}

/** Replaces a file at once: no reader sees half of it, and a key never has wider permissions for a moment. */
async function save(file: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, text, { mode, flag: 'wx' });
  await rename(draft, file);
}

function usage({ out, namespace, bot }: Options): string {
  const files = filesIn(out);
  const own = files.bot(namespace, bot);
  return `
The gateway with mTLS for bots:
  GATEWAY_BOTS_TLS_CERT=${files.server} GATEWAY_BOTS_TLS_KEY=${files.serverKey} \\
  GATEWAY_BOTS_TLS_CA=${files.ca} GATEWAY_BOTS_TLS_CRL=${files.crl} npm start

Bot ${namespace}/${bot} connects with ${own.certificate} and ${own.key}, and trusts ${files.ca}.`;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** @returns the exit code: 0, or 2 for wrong use */
export async function main(args: string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (options.help) say(HELP);
    else if (options.revoke !== undefined || options.renewCrl) await updateCrl(options);
    else await make(options);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${HELP}\n`);
    return 2;
  }
}

if (require.main === module) void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
