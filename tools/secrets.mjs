// Makes ./secrets for docker-compose.yml: what is missing, and the public files anew. Run it again after `npm run certs --
// --out secrets/ca …` (another bot, a revocation). For production put your own CA's files at the same places instead.
//
//   npm run secrets                           for localhost, and for `gateway` inside the compose network
//   npm run secrets -- gateway.example.com    more names for the server certificate; makes a new one
//   npm run secrets -- --out DIR              elsewhere than in ./secrets
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { certificatePem, createServer, privateKeyPem, readIdentity } = createRequire(import.meta.url)(
  '../dist/cli/pki.js',
);

const DAY = 24 * 60 * 60 * 1000;
const bots = ['nanobot-text-001', 'nanobot-text-002'];
const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string', default: 'secrets' } },
});
const wrong = names.find((name) => !/^[a-zA-Z0-9*][a-zA-Z0-9.-]*$/.test(name));
if (wrong !== undefined) {
  console.error(`host name: got ${JSON.stringify(wrong)}, allowed: names such as gateway.example.com`);
  process.exit(2);
}

const at = (...path) => join(values.out, ...path);
const ca = (...path) => at('ca', ...path);
const own = (bot, file) => ca('bots', 'production', bot, file);

/** Replaced in one step, so that no reader sees half of it. */
function save(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, content, { mode: 0o444, flag: 'wx' });
  renameSync(draft, file);
  console.log(file);
}

const publish = (from, to) => save(to, readFileSync(from));

async function serverCertificate() {
  const authority = await readIdentity(
    readFileSync(ca('ca.pem'), 'utf8'),
    readFileSync(ca('ca-key.pem'), 'utf8'),
  );
  const server = await createServer(authority, {
    dns: [...names, 'localhost', 'gateway'],
    ip: ['127.0.0.1', '::1'],
    from: new Date(Date.now() - 5 * 60 * 1000),
    to: new Date(Date.now() + 365 * DAY),
  });
  save(at('server-key.pem'), await privateKeyPem(server.key));
  save(at('public', 'server.pem'), certificatePem(server.certificate));
}

// A container's user is another one than yours and must read what is mounted into it. So the files may be read by
// everybody, and the folder around them keeps everybody else of this machine out.
mkdirSync(values.out, { recursive: true, mode: 0o700 });
for (const bot of bots)
  execFileSync('npm', ['run', '--silent', 'certs', '--', '--out', resolve(ca()), '--bot', bot], {
    stdio: 'pipe',
  });
if (!existsSync(at('jwt-secret'))) save(at('jwt-secret'), randomBytes(48).toString('base64'));
const issued = (file) => existsSync(at('public', 'ca.pem')) && existsSync(file);
const sameCa =
  issued(at('server-key.pem')) && readFileSync(at('public', 'ca.pem')).equals(readFileSync(ca('ca.pem')));
if (names.length > 0 || !sameCa) await serverCertificate();
for (const file of ['ca.pem', 'crl.pem']) publish(ca(file), at('public', file));
for (const bot of bots) {
  publish(own(bot, 'cert.pem'), at('public', `${bot}.pem`));
  publish(own(bot, 'key.pem'), at(`${bot}-key.pem`));
}
