import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Outcome } from '../../core/audit.js';
import type {
  ApiKeyListWire,
  ApiKeyWire,
  AuditEntryWire,
  AuditPageWire,
  CreatedApiKeyWire,
  NewApiKeyWire,
} from '../../protocols/admin/admin.wire.js';
import { GatewayHttp, type ClientOptions } from './http.js';

/** Which entries of the audit log; times as RFC 3339. */
export interface AuditFilter {
  readonly actor?: string;
  readonly action?: string;
  readonly object?: string;
  readonly outcome?: Outcome;
  readonly from?: string;
  readonly to?: string;
}

export interface AuditPageOptions extends AuditFilter {
  /** 1 to 500. */
  readonly limit?: number;
  /** `next_cursor` of the page before. */
  readonly cursor?: string;
}

/**
 * The gateway as the admins of a namespace see it. Its token (or API key) has the right `admin`.
 *
 * Every method throws GatewayRefusal (the gateway said no) or GatewayUnreachable.
 */
export class GatewayAdmin {
  private readonly http: GatewayHttp;

  constructor(options: ClientOptions) {
    this.http = new GatewayHttp(options);
  }

  /** Makes an API key; `key` is shown this once. Not repeated: that could make two. */
  createKey(key: NewApiKeyWire): Promise<CreatedApiKeyWire> {
    return this.http.json({ method: 'POST', path: '/api-keys', body: key, repeatable: false });
  }

  /** The API keys of the namespace, oldest first. */
  async keys(): Promise<readonly ApiKeyWire[]> {
    return (await this.http.json<ApiKeyListWire>({ path: '/api-keys', repeatable: true })).api_keys;
  }

  /** Withdraws a key; what it has open is closed. */
  async revokeKey(id: string): Promise<void> {
    const path = `/api-keys/${encodeURIComponent(id)}`;
    await this.http.send({ method: 'DELETE', path, repeatable: false });
  }

  /** A page of the audit log, newest first. */
  audit({ limit = 50, ...filter }: AuditPageOptions = {}): Promise<AuditPageWire> {
    return this.http.json({ path: `/audit?${queryOf({ ...filter, limit: `${limit}` })}`, repeatable: true });
  }

  /** All of the audit log that matches, oldest first, as it is read. */
  async *exportAudit(filter: AuditFilter = {}): AsyncGenerator<AuditEntryWire, void, void> {
    const response = await this.http.send({ path: `/audit/export?${queryOf(filter)}`, repeatable: true });
    if (!response.body) return;
    const input = Readable.fromWeb(response.body);
    for await (const line of createInterface({ input, crlfDelay: Infinity }))
      yield JSON.parse(line) as AuditEntryWire;
  }
}

const queryOf = (fields: AuditFilter & { readonly limit?: string; readonly cursor?: string }): string =>
  new URLSearchParams(Object.entries(fields) as [string, string][]).toString();
