import { Injectable } from '@nestjs/common';
import { A2aConfig } from '../../../config/a2a.config.js';
import type { Dialect } from '../requests/checks.wire.js';
import type { Sdk } from '../sdk.js';

/** The header in which callers name extensions, and answers the ones that are active, by version. */
export const EXTENSION_HEADERS: Readonly<Record<Dialect, string>> = {
  '1.0': 'a2a-extensions',
  '0.3': 'x-a2a-extensions',
};

/** URIs of a header's comma-separated list; 1.0 §3.2.6. */
export const namedExtensions = (header: string | undefined): readonly string[] =>
  (header ?? '')
    .split(',')
    .map((uri) => uri.trim())
    .filter((uri) => uri !== '');

/** Extensions of the protocol (1.0 §4.6): the agents' own business, except that the configuration may require some. */
@Injectable()
export class Extensions {
  constructor(private readonly config: A2aConfig) {}

  /** Of those that a caller names the ones that are in use here; what is unknown is ignored. */
  active(named: readonly string[]): readonly string[] {
    return this.config.requiredExtensions.filter((uri) => named.includes(uri));
  }

  /** 0.3 has no word for what is missing, so only 1.0's callers are held to it. @throws ExtensionSupportRequiredError */
  require({ errors }: Sdk, dialect: Dialect, named: readonly string[]): void {
    if (dialect !== '1.0') return;
    const missing = this.config.requiredExtensions.find((uri) => !named.includes(uri));
    if (missing !== undefined)
      throw new errors.ExtensionSupportRequiredError(`A2A-Extensions: allowed: with ${missing}`);
  }
}
