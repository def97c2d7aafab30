import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCompose, type Service } from '../support/compose.js';
import { eventually } from '../support/eventually.js';
import { buildImage, type Image } from '../support/image.js';
import { canSandbox, Container, type Mount, Network } from '../support/sandbox.js';

const ROOT = join(__dirname, '../..');
const compose = readCompose();
const PATIENCE = { timeoutMs: 30_000, everyMs: 200 };
jest.setTimeout(300_000);

/**
 * docker-compose.yml without an engine: the Dockerfile's instructions are carried out, then every service runs in a container
 * made by hand (read-only root, own user without capabilities, first process of its own, network of its own) with the
 * environment, secrets, volumes and ports of the compose file.
 */
const onLinuxAsRoot = canSandbox() ? describe : describe.skip;

onLinuxAsRoot('the image, as the compose file runs it', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'agent-gateway-deploy-'));
  const secrets = join(scratch, 'secrets');
  const running: Container[] = [];
  let image: Image;
  let network: Network;
  let gateway: Container;

  beforeAll(async () => {
    execFileSync('npm', ['run', '--silent', 'secrets', '--', '--out', secrets], { cwd: ROOT, stdio: 'pipe' });
    image = await buildImage();
    network = await Network.create();
  }, 900_000);

  afterAll(() => {
    for (const container of running) container.kill();
    network?.dispose();
    image?.rootfs.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** A named volume begins as what the image has there, owner and rights included. */
  function volume(name: string, target: string): string {
    const folder = join(scratch, 'volumes', name);
    if (existsSync(folder)) return folder;
    cpSync(image.rootfs.at(target), folder, { recursive: true });
    const { uid, gid } = statSync(image.rootfs.at(target));
    chownSync(folder, uid, gid);
    return folder;
  }

  function mountsOf(service: Service): Mount[] {
    const files = (service.secrets ?? []).map((name) => ({
      source: compose.secrets[name]!.file.replace('./secrets', secrets),
      target: `/run/secrets/${name}`,
    }));
    const volumes = (service.volumes ?? []).map((line) => {
      const [source = '', target = '', mode] = line.split(':');
      if (!source.startsWith('.')) return { source: volume(source, target), target, writable: true };
      return { source: source.replace('./secrets', secrets), target, writable: mode !== 'ro' };
    });
    return [...files, ...volumes];
  }

  function up(name: string): Container {
    const service = compose.services[name]!;
    const container = Container.start(image.rootfs, {
      argv: service.command ?? image.cmd!,
      cwd: image.workdir,
      user: image.user,
      env: { ...image.env, ...service.environment },
      mounts: mountsOf(service),
      network,
      hosts: Object.keys(compose.services),
    });
    running.push(container);
    return container;
  }

  const check = (argv: readonly string[]) =>
    gateway.exec({
      argv,
      cwd: image.workdir,
      user: image.user,
      env: { ...image.env, ...compose.services['gateway']!.environment },
    });

  const becomesHealthy = (): Promise<unknown> =>
    eventually(async () => {
      const { code, output } = await check(image.healthcheck!);
      if (code !== 0) throw new Error(`${output}\n${gateway.output}`);
      return true;
    }, PATIENCE);

  /** Runs on the host side of the published ports, as an orchestrator that trusts the CA. */
  function orchestrate(script: string): string {
    const [file = '', ...args] = [...network.enter, process.execPath, '--input-type=module', '-e', script];
    const env = { NODE_EXTRA_CA_CERTS: join(secrets, 'public/ca.pem'), TOKEN: token() };
    return execFileSync(file, args, { env, encoding: 'utf8' });
  }

  const token = (): string =>
    execFileSync('npm', ['run', '--silent', 'token', '--', '--sub', 'me', '--namespace', 'production'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, GATEWAY_AUTH_JWT_SECRET_FILE: join(secrets, 'jwt-secret') },
    }).trim();

  it('holds what the Dockerfile copies and no more', () => {
    const kept = execFileSync('ls', [image.rootfs.at('app')], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect(kept.sort()).toEqual(
      ['LICENSE', 'config', 'dist', 'examples', 'node_modules', 'package-lock.json', 'package.json'].sort(),
    );
    expect(existsSync(image.rootfs.at('app/node_modules/typescript'))).toBe(false);
    expect(existsSync(image.rootfs.at('app/node_modules/@nestjs/core'))).toBe(true);
  });

  it('does not start without a secret, and says what is missing', async () => {
    const alone = Container.start(image.rootfs, {
      argv: image.cmd!,
      cwd: image.workdir,
      user: image.user,
      env: image.env,
      network,
    });
    expect(await alone.ended()).toBe(1);
    expect(alone.output).toContain('GATEWAY_AUTH_JWT_SECRET');
  });

  it('becomes healthy by its own check, read-only and without rights', async () => {
    gateway = up('gateway');
    await becomesHealthy();
    const composed = await check(compose.services['gateway']!.healthcheck!.test!.slice(1));
    expect(composed).toMatchObject({ code: 0 });
    const touched = await check(['touch', '/app/x', '/etc/x', '/usr/x']);
    expect(touched.code).not.toBe(0);
    expect(touched.output.match(/Read-only file system/g)).toHaveLength(3);
    expect(await check(['cat', '/proc/1/status'])).toMatchObject({
      output: expect.stringMatching(
        /Uid:\t1000(.|\n)*CapBnd:\t0000000000000000(.|\n)*NoNewPrivs:\t1/,
      ) as unknown,
    });
  });

  it('takes tasks from orchestrators over https and hands them to both bots over wss', async () => {
    const names = Object.keys(compose.services).filter((name) => name !== 'gateway');
    expect(names).toHaveLength(2);
    const bots = names.map((name) => up(name));
    for (const bot of bots)
      await eventually(() => {
        if (!bot.output.includes('registered in production'))
          throw new Error(`${bot.output}\n${gateway.output}`);
        return true;
      }, PATIENCE);
    const workers = orchestrate(`
      const headers = { authorization: 'Bearer ' + process.env.TOKEN, 'content-type': 'application/json' };
      const call = async (path, init) => (await fetch('https://localhost:8443' + path, { headers, ...init })).json();
      const body = JSON.stringify({ skill: 'summarize', instruction: 'hello from outside' });
      const submitted = await Promise.all([1, 2].map(() => call('/tasks', { method: 'POST', body })));
      for (const { task_id } of submitted) {
        const stream = await (await fetch('https://localhost:8443/tasks/' + task_id + '/stream', { headers })).text();
        if (!/event: completed/.test(stream)) throw new Error(stream);
      }
      console.log(submitted.map((task) => task.assigned_agent).sort().join());
    `);
    expect(workers.trim()).toBe(names.sort().join());
    expect(orchestrate(`console.log((await fetch('https://localhost:8443/tasks')).status)`).trim()).toBe(
      '401',
    );
    for (const bot of bots) {
      bot.signal('SIGTERM');
      expect(await bot.ended()).toBe(0);
    }
  });

  it('refuses a bot without a certificate', () => {
    const attempt = `try { await fetch('https://localhost:8080/health'); console.log('in') } catch (e) { console.log(e.cause.code) }`;
    expect(orchestrate(attempt).trim()).toMatch(/CERTIFICATE_REQUIRED|UND_ERR_SOCKET|ECONNRESET/);
  });

  it('ends on SIGTERM as the first process, with exit code 0, and finds its tasks again', async () => {
    gateway.signal('SIGTERM');
    expect(await gateway.ended()).toBe(0);
    gateway = up('gateway');
    await becomesHealthy();
    const total = orchestrate(`
      const headers = { authorization: 'Bearer ' + process.env.TOKEN };
      console.log((await (await fetch('https://localhost:8443/tasks', { headers })).json()).tasks.length);
    `);
    expect(total.trim()).toBe('2');
    gateway.signal('SIGTERM');
    expect(await gateway.ended()).toBe(0);
  });
});
