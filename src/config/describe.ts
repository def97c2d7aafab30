import type { Setting } from './setting.js';
import { SETTINGS } from './settings.js';
import { UNAVAILABLE } from './unavailable.js';

/** One line of the configuration table. */
export interface SettingDescription {
  /** In files, e.g. `http.tls_cert`. */
  readonly key: string;
  /** In the environment, e.g. `GATEWAY_HTTP_TLS_CERT`. */
  readonly variable: string;
  /** As a user would write it; `off` where nothing is set. */
  readonly default: string;
  readonly meaning: string;
  readonly allowed: string;
  readonly secret: boolean;
  /** False while some of its values ask for a feature that this version lacks. */
  readonly available: boolean;
}

/** Every setting, in the order of the documentation, from the definitions that are also loaded and checked. */
export function describeConfig(): SettingDescription[] {
  return SETTINGS.map(({ key, variable, setting }) => ({
    key,
    variable,
    default: shownDefault(setting),
    meaning: setting.meaning,
    allowed: setting.kind.allowed,
    secret: setting.kind.secret === true,
    available: !(key in UNAVAILABLE),
  }));
}

function shownDefault({ fallback: { development, production } }: Setting<unknown>): string {
  const shown = (given: typeof development): string => (typeof given === 'string' ? given : given.shown);
  const [one, other] = [shown(development), shown(production)];
  return one === other ? one : `${one} (development), ${other} (production)`;
}
