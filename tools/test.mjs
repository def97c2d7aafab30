// The test command: every check of the project, one after the other, and a last line `N passed, N failed`.
//   ./run test                 all of it
//   ./run test -- src/engine   the checks, and the tests whose path matches
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePackages } from './ensure-packages.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'agent-gateway-test-'));
const report = join(scratch, 'jest.json');
let passed = 0;
let failed = 0;

/** Runs a command of the project's own tools; true when it exited with 0. */
function run(title, command, ...args) {
  const begin = performance.now();
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) console.error(`${title}: ${error.message}`);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${title} (${seconds} s)`);
  return status === 0;
}

const bin = (name) => join('node_modules', '.bin', name);

function check(title, command, ...args) {
  if (run(title, command, ...args)) passed++;
  else failed++;
}

try {
  const missing = ensurePackages();
  if (missing.length > 0)
    throw new Error(`missing Debian packages: install them by "apt-get install ${missing.join(' ')}"`);
  check('build', bin('nest'), 'build');
  check('types', bin('tsc'), '--noEmit');
  check('lint', bin('eslint'), '.');
  check('format', bin('prettier'), '--check', '--log-level=warn', '.');
  check('imports', bin('depcruise'), '--config', '.dependency-cruiser.cjs', 'src');
  check('unused code', bin('knip'));
  const jest = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--json',
    `--outputFile=${report}`,
    ...process.argv.slice(2),
  ];
  const clean = run('tests', process.execPath, ...jest);
  const result = JSON.parse(readFileSync(report, 'utf8'));
  passed += result.numPassedTests;
  failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  if (!clean && result.numFailedTests + result.numRuntimeErrorTestSuites === 0) failed++; // e.g. an open handle
} catch (error) {
  console.error(String(error));
  failed++;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
