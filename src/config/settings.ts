import { GatewayConfig, SECTION_NAMES, type SectionName, SECTIONS } from './gateway.config.js';
import { keyOf, type Setting, type Table, variableOf } from './setting.js';

/** A setting with all its names. */
export interface NamedSetting {
  readonly section: SectionName | '';
  readonly field: string;
  /** In files, e.g. `http.tls_cert`. */
  readonly key: string;
  /** In the environment, e.g. `GATEWAY_HTTP_TLS_CERT`. */
  readonly variable: string;
  readonly setting: Setting<unknown>;
}

function settingsOf(section: SectionName | '', table: Table): NamedSetting[] {
  return Object.entries(table).map(([field, given]) => {
    const key = keyOf(section, field, given);
    return { section, field, key, variable: variableOf(key), setting: given };
  });
}

/** Every setting there is: the one list behind loading, checking and documenting. */
export const SETTINGS: readonly NamedSetting[] = [
  ...settingsOf('', GatewayConfig.table),
  ...SECTION_NAMES.flatMap((section) => settingsOf(section, SECTIONS[section].table)),
];

/** Whether its value must not be shown. */
export const isSecret = ({ setting }: NamedSetting): boolean => setting.kind.secret === true;
