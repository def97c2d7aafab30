import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { type Command, readDockerfile, type Stage, type Step } from './dockerfile.js';
import { Container, type Mount, Rootfs } from './sandbox.js';

const ROOT = join(__dirname, '../..');

/** The last stage of a Dockerfile and the files that its instructions have made. */
export interface Image extends Stage {
  readonly rootfs: Rootfs;
}

/** Names that .dockerignore lets through. @throws Error when it says more than "nothing but these" */
export function contextOf(dockerignore: string): string[] {
  const lines = dockerignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const allowed = lines.slice(1).map((line) => /^!([\w.-]+)$/.exec(line)?.[1]);
  if (lines[0] !== '*' || allowed.includes(undefined)) throw new Error('.dockerignore: * and then !NAME');
  return allowed as string[];
}

/** Does what the Dockerfile's instructions say, as root, in folders of its own; only the base image is this machine's. */
export async function buildImage(): Promise<Image> {
  const context = contextOf(readFileSync(join(ROOT, '.dockerignore'), 'utf8'));
  const stages = readDockerfile(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));
  const built: Image[] = [];
  try {
    for (const stage of stages) {
      const image = { ...stage, rootfs: new Rootfs() };
      built.push(image);
      for (const step of stage.steps) await carryOut(step, image.rootfs, built, context);
    }
  } catch (error) {
    for (const { rootfs } of built) rootfs.dispose();
    throw error;
  }
  for (const { rootfs } of built.slice(0, -1)) rootfs.dispose();
  return built.at(-1)!;
}

async function carryOut(
  step: Step,
  rootfs: Rootfs,
  built: readonly Image[],
  context: string[],
): Promise<void> {
  mkdirSync(rootfs.at(step.cwd), { recursive: true });
  if ('run' in step) return run(step.run, step.cwd, step.env, rootfs);
  const source = (path: string): string => {
    if (step.from !== undefined) return built.find(({ name }) => name === step.from)!.rootfs.at(path);
    if (!context.includes(path)) throw new Error(`COPY ${path}: .dockerignore keeps it out`);
    return join(ROOT, path);
  };
  for (const path of step.copy) copy(source(path), rootfs.at(absolute(step.to, step.cwd)), step.to);
}

const absolute = (path: string, cwd: string): string => (isAbsolute(path) ? path : join(cwd, path));

/** A folder's contents go into the target; a file goes to it, or into it where it ends in a slash. */
function copy(source: string, target: string, to: string): void {
  const into = statSync(source).isFile() && to.endsWith('/');
  cpSync(source, into ? join(target, basename(source)) : target, {
    recursive: true,
    preserveTimestamps: true,
  });
}

async function run(
  { argv, caches }: Command,
  cwd: string,
  env: Readonly<Record<string, string>>,
  rootfs: Rootfs,
): Promise<void> {
  const mounts: Mount[] = caches.map((target) => ({ source: npmCache(), target, writable: true }));
  if (existsSync(join(homedir(), '.npmrc')))
    mounts.push({ source: join(homedir(), '.npmrc'), target: '/root/.npmrc' });
  const container = Container.start(rootfs, { argv, cwd, mounts, env: { ...env, ...NPM } });
  const code = await container.ended();
  if (code !== 0) throw new Error(`RUN ${argv.join(' ')}: exit code ${code}\n${container.output}`);
}

const npm = (key: string): string =>
  execFileSync('npm', ['config', 'get', key], { encoding: 'utf8', cwd: ROOT }).trim();

const npmCache = (): string => {
  const cache = npm('cache');
  mkdirSync(cache, { recursive: true });
  return cache;
};

/** The packages come from where `npm ci` of this project got them, at best from its cache. */
const NPM = {
  npm_config_registry: npm('registry'),
  ...Object.fromEntries(
    ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'].flatMap(
      (name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]),
    ),
  ),
  npm_config_prefer_offline: 'true',
  npm_config_update_notifier: 'false',
};
