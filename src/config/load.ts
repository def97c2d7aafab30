import { readFile } from './config-file.js';
import { ConfigError, wrong, wrongSecret } from './config.error.js';
import { CONFIG_VARIABLE, readEnvironment } from './environment.js';
import { GatewayConfig, SECTION_NAMES, SECTIONS } from './gateway.config.js';
import { type Given, type Layer, merge } from './layer.js';
import { contradictions } from './rules.js';
import { type Profile, PROFILES } from './setting.js';
import { type NamedSetting, SETTINGS } from './settings.js';
import { wrongSigningKey } from './signing-key.js';
import { wrongTlsFiles } from './tls-files.js';
import { missingFeature } from './unavailable.js';

export interface LoadOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Holds `config/`; relative paths of configuration files start here. */
  readonly cwd: string;
}

/**
 * Reads, merges and checks all sources; later wins: config/default.yaml, config/<profile>.yaml, the file in
 * GATEWAY_CONFIG, environment.
 * @throws ConfigError with one line per problem.
 */
export function loadConfig({ env, cwd }: LoadOptions): GatewayConfig {
  const problems: string[] = [];
  const given = readSources(env, cwd, problems);
  const config = build(given, problems);
  stopOn(problems);
  stopOn([...contradictions(config), ...wrongTlsFiles(config, cwd), ...wrongSigningKey(config, cwd)]);
  return config;
}

function stopOn(problems: readonly string[]): void {
  if (problems.length > 0) throw new ConfigError(problems);
}

/** All sources merged. The profile decides on a source, so it may stand in any but that one. */
function readSources(env: NodeJS.ProcessEnv, cwd: string, problems: string[]): Layer {
  const file = (path: string, namedBy?: string): Layer =>
    readFile({ path, cwd, mayBeAbsent: namedBy === undefined, namedBy: namedBy ?? path }, problems);
  const base = file('config/default.yaml');
  const own = env[CONFIG_VARIABLE] === undefined ? [] : [file(env[CONFIG_VARIABLE], CONFIG_VARIABLE)];
  const environment = readEnvironment(env, cwd, problems);
  const profile = profileOf(merge(base, ...own, environment));
  const preset = file(`config/${profile}.yaml`);
  if (preset.has('profile'))
    problems.push(`profile in config/${profile}.yaml: allowed: in any other source, not here`);
  return merge(base, preset, ...own, environment);
}

/** An unknown profile is reported with the other wrong values. */
const profileOf = (given: Layer): Profile =>
  PROFILES.find((profile) => profile === given.get('profile')?.raw) ?? 'development';

/** Turns texts into values, concern by concern; what nobody gave gets the profile's default. */
function build(given: Layer, problems: string[]): GatewayConfig {
  const profile = profileOf(given);
  const values = (section: string): object =>
    Object.fromEntries(
      SETTINGS.filter((known) => known.section === section).flatMap((known) => value(known, given, problems)),
    );
  const sections = SECTION_NAMES.map((section) => [section, new SECTIONS[section](values(section), profile)]);
  return new GatewayConfig(
    { ...Object.fromEntries(sections), ...values('') } as Partial<GatewayConfig>,
    profile,
  );
}

/** The field and its value, or nothing where the default stands. */
function value(known: NamedSetting, given: Layer, problems: string[]): [string, unknown][] {
  const source = given.get(known.key);
  if (source === undefined) return [];
  if (source.raw === undefined) return []; // its file could not be read, which has been noted
  const parsed = known.setting.kind.schema.safeParse(source.raw);
  if (!parsed.success) {
    problems.push(wrongValue(known, source, parsed.error.issues[0]?.path ?? []));
    return [];
  }
  const missing = missingFeature(known.key, parsed.data);
  if (missing !== undefined) problems.push(`${known.variable}: ${missing} is not available in this version`);
  return [[known.field, parsed.data]];
}

function wrongValue(
  { setting: { kind } }: NamedSetting,
  { name, raw }: Given,
  path: readonly PropertyKey[],
): string {
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return kind.secret === true
    ? wrongSecret(`${name}${place}`, kind.allowed)
    : wrong(`${name}${place}`, raw, kind.allowed);
}
