import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '..');
const TOOL = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

/** A small project that keeps the table. */
const CLEAN: Readonly<Record<string, string>> = {
  'main.ts': `
    import './config/load.js';
    import './engine/heartbeat/heartbeat.js';
    import './protocols/bot/session.js';
    import './protocols/rest/controller.js';
    import './adapters/storage/store.js';
    import './ops/health.js';`,
  'core/task.ts': `import type { Json } from './json.js'; export type Task = Json;`,
  'core/json.ts': `export type Json = string; export const parse = (text: string): Json => text;`,
  'config/load.ts': `import { parse } from '../core/json.js'; export const config = parse('');`,
  'transport/sse.ts': `import { config } from '../config/load.js'; export const sse = config;`,
  'engine/auth/policy.ts': `import { config } from '../../config/load.js'; export const policy = config;`,
  'engine/registry/registry.ts': `import { policy } from '../auth/policy.js'; export const registry = policy;`,
  'engine/routing/routing.ts': `import { registry } from '../registry/registry.js'; export const routing = registry;`,
  'engine/heartbeat/heartbeat.ts': `import { registry } from '../registry/registry.js'; export const beat = registry;`,
  'engine/tasks/tasks.ts': `import { routing } from '../routing/routing.js'; export const tasks = routing;`,
  'engine/tasks/task.store.ts': `import type { Task } from '../../core/task.js'; export abstract class TaskStore { abstract get(): Task; }`,
  'protocols/bot/bot.wire.ts': `import type { Json } from '../../core/json.js'; export type Frame = Json;`,
  'protocols/bot/session.ts': `import type { Frame } from './bot.wire.js'; import { tasks } from '../../engine/tasks/tasks.js'; export const frame: Frame = tasks;`,
  'protocols/rest/controller.ts': `import type { Frame } from '../bot/bot.wire.js'; import { sse } from '../../transport/sse.js'; export const answer: Frame = sse;`,
  'adapters/storage/store.ts': `import { TaskStore } from '../../engine/tasks/task.store.js'; export abstract class Sqlite extends TaskStore {}`,
  'ops/health.ts': `import { tasks } from '../engine/tasks/tasks.js'; export const health = tasks;`,
};

interface Planted {
  readonly file: string;
  readonly imports: string;
  readonly rule: string;
  /** What the import resolves to. */
  readonly to: string;
}

/** One forbidden import each, and the rule that must say so. */
const PLANTED: readonly Planted[] = [
  {
    file: 'core/bad',
    imports: '../engine/auth/policy.js',
    rule: 'core-imports',
    to: 'src/engine/auth/policy.ts',
  },
  { file: 'core/clock', imports: 'node:timers', rule: 'core-is-pure', to: 'timers' },
  { file: 'core/nest', imports: '@nestjs/common', rule: 'core-is-pure', to: 'node_modules/@nestjs/common' },
  {
    file: 'config/bad',
    imports: '../engine/auth/policy.js',
    rule: 'config-imports',
    to: 'src/engine/auth/policy.ts',
  },
  {
    file: 'transport/bad',
    imports: '../engine/auth/policy.js',
    rule: 'transport-imports',
    to: 'src/engine/auth/policy.ts',
  },
  {
    file: 'engine/auth/bad',
    imports: '../tasks/tasks.js',
    rule: 'engine/auth-imports',
    to: 'src/engine/tasks/tasks.ts',
  },
  {
    file: 'engine/registry/bad',
    imports: '../routing/routing.js',
    rule: 'engine/registry-imports',
    to: 'src/engine/routing/routing.ts',
  },
  {
    file: 'engine/routing/bad',
    imports: '../tasks/tasks.js',
    rule: 'engine/routing-imports',
    to: 'src/engine/tasks/tasks.ts',
  },
  {
    file: 'engine/heartbeat/bad',
    imports: '../tasks/tasks.js',
    rule: 'engine/heartbeat-imports',
    to: 'src/engine/tasks/tasks.ts',
  },
  {
    file: 'engine/tasks/bad',
    imports: '../../protocols/bot/session.js',
    rule: 'engine/tasks-imports',
    to: 'src/protocols/bot/session.ts',
  },
  {
    file: 'engine/resources/bad',
    imports: '../tasks/tasks.js',
    rule: 'engine/resources-imports',
    to: 'src/engine/tasks/tasks.ts',
  },
  { file: 'engine/tasks/socket', imports: 'ws', rule: 'engine-knows-no-wire', to: 'node_modules/ws/' },
  { file: 'engine/tasks/database', imports: 'node:sqlite', rule: 'engine-knows-no-wire', to: 'sqlite' },
  {
    file: 'protocols/rest/bad',
    imports: '../bot/session.js',
    rule: 'protocols/rest-imports',
    to: 'src/protocols/bot/session.ts',
  },
  {
    file: 'protocols/rest/direct',
    imports: '../../adapters/storage/store.js',
    rule: 'protocols/rest-imports',
    to: 'src/adapters/storage/store.ts',
  },
  {
    file: 'protocols/jsonrpc/bad',
    imports: '../bot/session.js',
    rule: 'protocols/jsonrpc-imports',
    to: 'src/protocols/bot/session.ts',
  },
  {
    file: 'protocols/ooder/bad',
    imports: '../bot/session.js',
    rule: 'protocols/ooder-imports',
    to: 'src/protocols/bot/session.ts',
  },
  {
    file: 'protocols/bot/bad',
    imports: '../rest/controller.js',
    rule: 'protocols/bot-imports',
    to: 'src/protocols/rest/controller.ts',
  },
  {
    file: 'protocols/bot/bad.wire',
    imports: './session.js',
    rule: 'wire-imports',
    to: 'src/protocols/bot/session.ts',
  },
  {
    file: 'adapters/storage/bad',
    imports: '../../engine/tasks/tasks.js',
    rule: 'adapters-imports',
    to: 'src/engine/tasks/tasks.ts',
  },
  {
    file: 'ops/bad',
    imports: '../protocols/rest/controller.js',
    rule: 'ops-imports',
    to: 'src/protocols/rest/controller.ts',
  },
  {
    file: 'cli/bad',
    imports: '../engine/tasks/tasks.js',
    rule: 'cli-imports',
    to: 'src/engine/tasks/tasks.ts',
  },
  { file: 'ops/tested', imports: '../../test/helper.js', rule: 'tests-stay-out', to: 'test/helper.ts' },
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-imports-'));
  copyFileSync(join(ROOT, '.dependency-cruiser.cjs'), join(folder, '.dependency-cruiser.cjs'));
  copyFileSync(join(ROOT, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const [file, text] of Object.entries(CLEAN)) plant(`src/${file}`, text);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function plant(file: string, text: string): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Runs the tool as `npm run imports` does; the violations as it prints them: `rule: from → to`. */
function cruise(): {
  readonly status: number | null;
  readonly violations: readonly string[];
  readonly said: string;
} {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [TOOL, '--config', '.dependency-cruiser.cjs', 'src'],
    { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  if (stderr !== '') throw new Error(stderr);
  const violations = [...stdout.matchAll(/^ {2}error (\S+: .*)$/gm)].map(([, line = '']) => line.trim());
  return { status, violations, said: stdout };
}

test('a tree that keeps the table passes', () => {
  const { status, violations, said } = cruise();
  expect([status, violations]).toEqual([0, []]);
  // Not because it has looked at nothing.
  expect(Number(/(\d+) modules/.exec(said)?.[1])).toBeGreaterThanOrEqual(Object.keys(CLEAN).length);
});

test('every forbidden import is found, by its rule, and nothing else', () => {
  plant('test/helper.ts', 'export const help = 1;');
  for (const { file, imports } of PLANTED)
    plant(`src/${file}.ts`, `import * as it from '${imports}'; export const kept = it;`);
  plant('src/ops/one.ts', `import { two } from './two.js'; export const one = (): unknown => two;`);
  plant('src/ops/two.ts', `import { one } from './one.js'; export const two = (): unknown => one;`);
  plant('src/ops/alone.ts', 'export const alone = 1;');

  const { status, violations } = cruise();
  expect(status).toBeGreaterThan(0);
  const matches = (line: string, { rule, file, to }: Planted): boolean =>
    line.startsWith(`${rule}: src/${file}.ts → `) && line.includes(to);
  const missed = PLANTED.filter((planted) => !violations.some((line) => matches(line, planted)));
  const invented = violations.filter(
    (line) => !PLANTED.some((planted) => matches(line, planted)) && !line.startsWith('no-'),
  );
  expect({ missed, invented }).toEqual({ missed: [], invented: [] });
  expect(violations.filter((line) => line.startsWith('no-cycles'))).toEqual([
    expect.stringMatching(/src\/ops\/(one|two)\.ts →/),
  ]);
  expect(violations).toContain('no-orphans: src/ops/alone.ts');
});
