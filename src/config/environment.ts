import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { reason, wrong, wrongSecret } from './config.error.js';
import { SECTION_NAMES } from './gateway.config.js';
import { type Layer, unknown } from './layer.js';
import { isSecret, type NamedSetting, SETTINGS } from './settings.js';
import { nearest } from './suggest.js';

const PREFIX = 'GATEWAY_';
const FROM_FILE = '_FILE';
const READABLE = 'a readable file that holds the value';
/** Names the file of the third source; the only variable that is no setting. */
export const CONFIG_VARIABLE = 'GATEWAY_CONFIG';

const BY_VARIABLE = new Map(SETTINGS.map((known) => [known.variable, known]));
const VARIABLES = [CONFIG_VARIABLE, ...BY_VARIABLE.keys()];

/** Every GATEWAY_* variable; GATEWAY_X_FILE reads the value of GATEWAY_X from a file. Notes what is wrong in `problems`. */
export function readEnvironment(env: NodeJS.ProcessEnv, cwd: string, problems: string[]): Layer {
  const layer: Layer = new Map();
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(PREFIX) || variable === CONFIG_VARIABLE || value === undefined) continue;
    const plain = variable.endsWith(FROM_FILE) ? variable.slice(0, -FROM_FILE.length) : variable;
    const known = BY_VARIABLE.get(plain);
    if (known === undefined) problems.push(unknownVariable(variable));
    else if (layer.has(known.key)) problems.push(givenTwice(plain));
    else if (plain === variable) layer.set(known.key, { name: variable, raw: value });
    else layer.set(known.key, { name: variable, raw: readValue(known, value, cwd, problems) });
  }
  return layer;
}

const givenTwice = (variable: string): string =>
  `${variable}: given twice, allowed: either ${variable} or ${variable}${FROM_FILE}`;

/** What a file holds, one trailing line end stripped. The path of a secret's file may be the secret, put in the wrong variable. */
function readValue(known: NamedSetting, path: string, cwd: string, problems: string[]): string | undefined {
  try {
    return readFileSync(resolve(cwd, path), 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const variable = `${known.variable}${FROM_FILE}`;
    const line = isSecret(known) ? wrongSecret(variable, READABLE) : wrong(variable, path, READABLE);
    problems.push(`${line} (${reason(error)})`);
    return undefined;
  }
}

function unknownVariable(variable: string): string {
  const suffix = variable.endsWith(FROM_FILE) ? FROM_FILE : '';
  const name = variable.slice(0, variable.length - suffix.length);
  const meant = nearest(
    name.slice(PREFIX.length),
    VARIABLES.map((known) => known.slice(PREFIX.length)),
  );
  if (meant !== undefined) return unknown(variable, `${PREFIX}${meant}${meant === 'CONFIG' ? '' : suffix}`);
  const section = SECTION_NAMES.find((known) => name.startsWith(`${PREFIX}${known.toUpperCase()}_`));
  return unknown(variable, undefined, section === undefined ? [] : variablesOf(section));
}

const variablesOf = (section: string): string[] =>
  SETTINGS.filter((known) => known.section === section).map(({ variable }) => variable);
