import type { Clock } from '../../../core/clock.js';
import { isObject } from '../../../core/json.js';
import type { OutgoingHttp, OutgoingResponse } from '../../../core/outgoing-http.js';
import type { Credentials } from './credentials.js';

type Client = Extract<Credentials, { type: 'oauth2' }>;

const MAX_BYTES = 64 * 1024;
/** A token is renewed this long before it ends, milliseconds. */
const MARGIN_MS = 30_000;
/** Where the answer does not say how long a token lives. */
const DEFAULT_TTL_S = 300;

/** An access token by OAuth 2.0 client credentials (RFC 6749 §4.4): kept until shortly before it ends. */
export class OAuthToken {
  private known: { readonly token: string; readonly until: number } | undefined;
  private fetching: Promise<string> | undefined;

  constructor(
    private readonly client: Client,
    private readonly door: OutgoingHttp,
    private readonly clock: Clock,
    private readonly timeoutMs: number,
  ) {}

  /** Callers at the same time share one fetch. @throws Error, OutgoingError */
  get(): Promise<string> {
    if (this.known && this.known.until > this.clock.now()) return Promise.resolve(this.known.token);
    this.fetching ??= this.fetch().finally(() => (this.fetching = undefined));
    return this.fetching;
  }

  forget(): void {
    this.known = undefined;
  }

  private async fetch(): Promise<string> {
    let answer = await this.ask(true);
    // RFC 6749 §2.3.1 wants HTTP Basic understood; some servers take the secret in the body only.
    if (answer.status === 400 || answer.status === 401) answer = await this.ask(false);
    const { access_token: token, expires_in: ttl } = parsed(answer);
    if (answer.status !== 200 || typeof token !== 'string')
      throw new Error(`the token endpoint answered ${answer.status} without a token`);
    const seconds = typeof ttl === 'number' && ttl > 0 ? ttl : DEFAULT_TTL_S;
    this.known = { token, until: this.clock.now() + seconds * 1000 - MARGIN_MS };
    return token;
  }

  private ask(basic: boolean): Promise<OutgoingResponse> {
    const { tokenUrl, clientId, clientSecret, scope } = this.client;
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope && { scope }) });
    if (!basic) {
      form.set('client_id', clientId);
      form.set('client_secret', clientSecret);
    }
    const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
    return this.door.request({
      url: tokenUrl,
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
        ...(basic && { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }),
      },
      body: form.toString(),
      purpose: 'token',
      timeoutMs: this.timeoutMs,
      maxBytes: MAX_BYTES,
    });
  }
}

function parsed({ body }: OutgoingResponse): { access_token?: unknown; expires_in?: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
