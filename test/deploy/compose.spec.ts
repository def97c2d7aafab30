import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { validate } from 'dockerfile-utils';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeConfig } from '../../src/config/describe.js';
import { readCompose } from '../support/compose.js';
import { contextOf } from '../support/image.js';

/** The compose file and the Dockerfile as they are written (image.spec.ts carries them out). */

const ROOT = join(__dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const compose = readCompose();
const services = Object.entries(compose.services);

test('the compose file is of the Compose Specification’s schema', () => {
  const schema = JSON.parse(read('node_modules/dclint/schemas/compose.schema.json')) as Record<
    string,
    unknown
  >;
  delete schema['$schema']; // names a dialect that ajv would have to fetch
  const ajv = new Ajv({ strict: false });
  addFormats(ajv);
  const valid = ajv.compile(schema);
  expect(valid(compose) ? [] : valid.errors).toEqual([]);
});

test('the Dockerfile has no mistake that its parser knows', () => {
  expect(validate(read('Dockerfile')).map(({ message, range }) => [range.start.line + 1, message])).toEqual(
    [],
  );
});

test('every setting exists, and secrets come from files', () => {
  const known = new Map(describeConfig().map((one) => [one.variable, one]));
  const variables = services.flatMap(([, { environment = {} }]) => Object.keys(environment));
  const settings = variables.filter((name) => name.startsWith('GATEWAY_'));
  expect(settings.length).toBeGreaterThan(5);
  for (const name of settings) expect(known.has(name) || known.has(name.replace(/_FILE$/, ''))).toBe(true);
  expect(settings).not.toContain('GATEWAY_AUTH_JWT_SECRET');
});

test('what a service mounts is declared, what it reads is mounted', () => {
  for (const [name, { secrets = [], volumes = [], environment = {} }] of services) {
    for (const secret of secrets) expect(Object.keys(compose.secrets)).toContain(secret);
    const targets = [
      ...secrets.map((secret) => `/run/secrets/${secret}`),
      ...volumes.map((line) => line.split(':')[1]!),
    ];
    const files = Object.values(environment).filter((value) => /^\/(run|certs)\//.test(value));
    for (const file of files)
      expect({
        name,
        file,
        mounted: targets.some((target) => file === target || file.startsWith(`${target}/`)),
      }).toMatchObject({ mounted: true });
  }
});

test('every service is read-only, without capabilities, and bounded', () => {
  for (const [, service] of services)
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      deploy: {
        resources: { limits: { cpus: expect.any(String) as unknown, memory: expect.any(String) as unknown } },
      },
    });
});

test('.dockerignore lets through what the Dockerfile copies, and no more', () => {
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  );
  const needed = new Set(copied.map((name) => name.replace(/^\.\//, '')));
  expect(contextOf(read('.dockerignore')).sort()).toEqual([...needed].sort());
});
