import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { OutgoingError } from '../../core/outgoing-http.js';
import type { AddressRules } from './address-rules.js';

/** All addresses of a host name. @throws Error when it has none */
export type Resolver = (host: string) => Promise<readonly LookupAddress[]>;

export const systemResolver: Resolver = (host) => lookup(host, { all: true, order: 'verbatim' });

/** Turns host names into addresses that may be reached. */
export class CheckedAddresses {
  constructor(
    private readonly rules: AddressRules,
    private readonly resolve: Resolver,
  ) {}

  permits(address: string, trusted: boolean): boolean {
    return this.rules.permits(address, trusted);
  }

  /**
   * The allowed addresses of a host name or literal; whoever connects to one of them, instead of resolving again, cannot
   * be led elsewhere by a name that changes meanwhile.
   * @throws OutgoingError refused, connect
   */
  async of(host: string, trusted: boolean): Promise<LookupAddress[]> {
    const family = isIP(host);
    const all = family === 0 ? await this.resolved(host) : [{ address: host, family }];
    const allowed = all.filter(({ address }) => this.rules.permits(address, trusted));
    if (allowed.length === 0) throw refused(host);
    return allowed;
  }

  private async resolved(host: string): Promise<readonly LookupAddress[]> {
    try {
      return await this.resolve(host);
    } catch (cause) {
      throw new OutgoingError('connect', `${host} cannot be resolved`, { cause });
    }
  }

  /** The same as Node's sockets want it. */
  lookup(trusted: boolean): LookupFunction {
    return (host, options: LookupOptions, done) => {
      this.of(host, trusted).then(
        (allowed) => {
          if (options.all) done(null, allowed);
          else done(null, allowed[0]!.address, allowed[0]!.family);
        },
        (error: Error) => done(error, '', 0),
      );
    };
  }
}

export const refused = (host: string): OutgoingError =>
  new OutgoingError('refused', `${host} is at an address that outgoing calls may not reach`);
