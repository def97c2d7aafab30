// Builds dist/ when a source is newer than the last build. Fast when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  console.error(
    `agent-gateway needs Node 24.15 or newer, this is ${process.version}; ./run <command> fetches the right one`,
  );
  process.exit(1);
}

const built = 'dist/main.js';
const inputs = [
  ...globSync('src/**/*.ts'),
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'package.json',
];
const newest = Math.max(...inputs.map((file) => statSync(file).mtimeMs));
if (!existsSync(built) || statSync(built).mtimeMs < newest) {
  const nest = 'node_modules/@nestjs/cli/bin/nest.js';
  const { status } = spawnSync(process.execPath, [nest, 'build'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
}
