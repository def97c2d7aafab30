import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** package.json lies two levels above this file, in the sources and in the build alike. */
const PACKAGE = join(__dirname, '..', '..', 'package.json');

/** The version of this gateway, as cards and health answers show it. */
export const version: string = (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
