import { inspect } from 'node:util';
import { type Kind, orOff } from './kinds.js';

export const PROFILES = ['development', 'production'] as const;
export type Profile = (typeof PROFILES)[number];

/** A default that follows from the other values of its concern. */
export interface Derived<T> {
  /** How the documentation describes it. */
  readonly shown: string;
  readonly from: (values: Readonly<Record<string, unknown>>) => T;
}
/** A default in the notation of the user (it passes the same check as a given value), or a derived one. */
type Fallback<T> = string | Derived<T>;
type PerProfile<T> = Readonly<Record<Profile, Fallback<T>>>;

/** One setting: what it accepts, what it is when nobody sets it, what it means. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  readonly fallback: PerProfile<T>;
  readonly meaning: string;
  /** Its name within the concern where that is not the field's in snake_case. */
  readonly name?: string;
}

const isPerProfile = <T>(given: Fallback<T> | PerProfile<T>): given is PerProfile<T> =>
  typeof given === 'object' && 'development' in given;

export function setting<T>(
  kind: Kind<T>,
  fallback: Fallback<NoInfer<T>> | PerProfile<NoInfer<T>>,
  meaning: string,
): Setting<T> {
  const each = isPerProfile(fallback) ? fallback : { development: fallback, production: fallback };
  return { kind, fallback: each, meaning };
}

/** A setting that can be `off` (`undefined`), as it is unless a default is given. */
export const optional = <T>(
  kind: Kind<T>,
  meaning: string,
  fallback: string | Readonly<Record<Profile, string>> = 'off',
): Setting<T | undefined> => setting(orOff(kind), fallback, meaning);

/** Gives a setting another name than its field. */
export const named = <T>(name: string, given: Setting<T>): Setting<T> => ({ ...given, name });

export type Table = Readonly<Record<string, Setting<unknown>>>;
type ValueOf<S> = S extends Setting<infer T> ? T : never;
type OptionalField<T extends Table> = {
  [F in keyof T]: undefined extends ValueOf<T[F]> ? F : never;
}[keyof T];

/** The values of a table: a field per setting, those that can be `off` optional. */
export type Values<T extends Table> = {
  readonly [F in Exclude<keyof T, OptionalField<T>>]: ValueOf<T[F]>;
} & { readonly [F in OptionalField<T>]?: ValueOf<T[F]> };

/** The class of one concern: values and Nest token in one. */
export interface Concern<T extends Table, V = Values<T>> {
  /** Fields that are not given get the profile's default. */
  new (given?: Partial<V>, profile?: Profile): V;
  /** First part of its keys; empty for the top level. */
  readonly section: string;
  readonly table: T;
}

/** Makes the base class of a concern from its table of settings. Logged or printed, it hides its secrets. */
export function concern<T extends Table>(section: string, table: T): Concern<T> {
  const Base = class {
    static readonly section = section;
    static readonly table = table;
    constructor(given: object = {}, profile: Profile = 'development') {
      Object.assign(this, fixedDefaults(table, profile), given);
      Object.assign(this, derivedDefaults(table, profile, this), given);
    }
    toJSON(): object {
      return withoutSecrets(table, this);
    }
    [inspect.custom](): object {
      return withoutSecrets(table, this);
    }
  };
  return Base as unknown as Concern<T>;
}

const withoutSecrets = (table: Table, values: object): object =>
  Object.fromEntries(
    Object.entries(values).map(([field, value]: [string, unknown]) => {
      const hidden = table[field]?.kind.secret === true && value !== undefined;
      return [field, hidden ? '[hidden]' : value];
    }),
  );

/** `tlsCert` → `tls_cert`, `strict200` → `strict_200`. */
const snake = (field: string): string => field.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`);

/** Key of a setting in the files, e.g. `http.tls_cert`. */
export function keyOf(section: string, field: string, given: Setting<unknown>): string {
  const name = given.name ?? snake(field);
  return section === '' ? name : `${section}.${name}`;
}

/** `http.tls_cert` → `GATEWAY_HTTP_TLS_CERT`. */
export const variableOf = (key: string): string => `GATEWAY_${key.replace('.', '_').toUpperCase()}`;

function fixedDefaults(table: Table, profile: Profile): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [field, { kind, fallback }] of Object.entries(table)) {
    const given = fallback[profile];
    if (typeof given === 'string') values[field] = kind.schema.parse(given);
  }
  return values;
}

function derivedDefaults(table: Table, profile: Profile, known: object): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [field, { fallback }] of Object.entries(table)) {
    const given = fallback[profile];
    if (typeof given !== 'string') values[field] = given.from({ ...known });
  }
  return values;
}
