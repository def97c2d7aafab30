import type { Clock } from '../../../core/clock.js';
import type { ClientTls, OutgoingHttp } from '../../../core/outgoing-http.js';
import type { Credentials } from './credentials.js';
import { OAuthToken } from './oauth-token.js';

/** How the gateway gets in at a remote agent. */
export class Access {
  private readonly token: OAuthToken | undefined;

  constructor(
    private readonly credentials: Credentials | undefined,
    door: OutgoingHttp,
    clock: Clock,
    timeoutMs: number,
  ) {
    if (credentials?.type === 'oauth2') this.token = new OAuthToken(credentials, door, clock, timeoutMs);
  }

  /** Kind of the credentials, for those who look. */
  get type(): Credentials['type'] | undefined {
    return this.credentials?.type;
  }

  get tls(): ClientTls | undefined {
    return this.credentials?.type === 'mtls' ? this.credentials : undefined;
  }

  /** Headers of a call (or metadata of a gRPC call). @throws Error when no token can be had */
  async headers(): Promise<Record<string, string>> {
    const { credentials } = this;
    if (credentials?.type === 'bearer') return { authorization: `Bearer ${credentials.token}` };
    if (credentials?.type === 'api_key' && credentials.in === 'header')
      return { [credentials.name.toLowerCase()]: credentials.key };
    if (this.token) return { authorization: `Bearer ${await this.token.get()}` };
    return {};
  }

  /** The URL of a call, with the key where it belongs there. */
  url(url: string): string {
    const { credentials } = this;
    if (credentials?.type !== 'api_key' || credentials.in !== 'query') return url;
    const target = new URL(url);
    target.searchParams.set(credentials.name, credentials.key);
    return target.href;
  }

  /** The far end has answered 401. Whether another try with a new token may help. */
  renew(): boolean {
    this.token?.forget();
    return this.token !== undefined;
  }
}
