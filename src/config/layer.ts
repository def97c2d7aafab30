import { shownName } from './config.error.js';

/** A value as it was written, and the name under which its author knows it. */
export interface Given {
  readonly name: string;
  /** Undefined when its file could not be read. */
  readonly raw: unknown;
}

/** What one source sets, by key. */
export type Layer = Map<string, Given>;

/** One layer over the other: later wins. */
export const merge = (...layers: readonly Layer[]): Layer => new Map(layers.flatMap((layer) => [...layer]));

/** One line about a name that nothing has; never shows the value, which may be a misnamed secret. */
export function unknown(name: string, meant: string | undefined, allowed: readonly string[] = []): string {
  if (meant !== undefined) return `${shownName(name)}: unknown setting, did you mean ${meant}?`;
  const hint =
    allowed.length > 0 ? allowed.join(', ') : 'the settings of the configuration table in README.md';
  return `${shownName(name)}: unknown setting, allowed: ${hint}`;
}
