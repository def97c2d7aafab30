// What tests need besides npm: Debian packages, installed when they are missing and this is root on a Debian.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Package → a file that shows that it is there. */
const NEEDED = { chromium: '/usr/bin/chromium' };

const quietly = (...args) =>
  spawnSync(args[0], args.slice(1), {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status === 0;

/** Installs what is missing; the names of packages that are still missing afterwards. */
export function ensurePackages() {
  const missing = () => Object.keys(NEEDED).filter((name) => !existsSync(NEEDED[name]));
  const wanted = missing();
  if (wanted.length === 0) return [];
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return wanted;
  console.log(`installing ${wanted.join(', ')}`);
  quietly('apt-get', 'update', '-qq');
  quietly('apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...wanted);
  return missing();
}
