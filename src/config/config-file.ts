import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { reason, wrong } from './config.error.js';
import { SECTION_NAMES } from './gateway.config.js';
import { type Layer, unknown } from './layer.js';
import { SETTINGS } from './settings.js';
import { nearest } from './suggest.js';

const KEYS = SETTINGS.map(({ key }) => key);

export interface FileSource {
  /** As it was written; shown in messages. */
  readonly path: string;
  readonly cwd: string;
  /** A file that nobody named may be absent. */
  readonly mayBeAbsent: boolean;
  /** Who named the file. */
  readonly namedBy: string;
}

/** The settings of one YAML file. Notes what is wrong in `problems`. */
export function readFile(source: FileSource, problems: string[]): Layer {
  const content = readText(source, problems);
  const layer: Layer = new Map();
  for (const [top, value] of Object.entries(parseYaml(source.path, content, problems)))
    for (const [key, raw] of flatten(top, value)) note(layer, source.path, key, raw, problems);
  return layer;
}

function readText({ path, cwd, mayBeAbsent, namedBy }: FileSource, problems: string[]): string {
  try {
    return readFileSync(resolve(cwd, path), 'utf8');
  } catch (error) {
    if (!mayBeAbsent || reason(error) !== 'ENOENT')
      problems.push(`${wrong(namedBy, path, 'a readable YAML file')} (${reason(error)})`);
    return '';
  }
}

type Mapping = Readonly<Record<string, unknown>>;
const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Without type guessing: every scalar stays the text that was written (`off`, `007`). Messages quote no content. */
function parseYaml(path: string, content: string, problems: string[]): Mapping {
  const document = parseDocument(content, { schema: 'failsafe', logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) {
    const position = error.linePos?.[0];
    const where = position === undefined ? '' : ` at line ${position.line}, column ${position.col}`;
    problems.push(`${path}: is not valid YAML${where} (${error.code})`);
    return {};
  }
  return mappingOf(path, document, problems);
}

function mappingOf(path: string, document: { toJS(): unknown }, problems: string[]): Mapping {
  try {
    const value = document.toJS();
    if (isMapping(value)) return value;
    if (value !== null && value !== '') problems.push(`${path}: allowed: a mapping of settings`);
  } catch {
    problems.push(`${path}: is not valid YAML (an alias without its anchor, or too many aliases)`);
  }
  return {};
}

/** `http: {port: 1}` → `http.port`, 1. An empty section sets nothing. */
function flatten(top: string, value: unknown): [key: string, raw: unknown][] {
  if (isMapping(value)) return Object.entries(value).map(([name, raw]) => [`${top}.${name}`, raw]);
  return value === '' && SECTION_NAMES.some((section) => section === top) ? [] : [[top, value]];
}

function note(layer: Layer, path: string, key: string, raw: unknown, problems: string[]): void {
  const section = SECTION_NAMES.find((known) => known === key);
  if (KEYS.includes(key)) layer.set(key, { name: `${key} in ${path}`, raw });
  else if (section !== undefined) problems.push(`${key} in ${path}: allowed: a mapping of settings`);
  else problems.push(`${path}: ${unknown(key, nearest(key, KEYS), keysBeside(key))}`);
}

function keysBeside(key: string): string[] {
  const prefix = `${key.split('.')[0]}.`;
  return KEYS.filter((known) => known.startsWith(prefix));
}
