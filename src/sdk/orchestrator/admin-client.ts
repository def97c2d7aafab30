import type {
  ApiKeyListWire,
  ApiKeyWire,
  CreatedApiKeyWire,
  NewApiKeyWire,
} from '../../protocols/admin/admin.wire.js';
import { GatewayHttp, type ClientOptions } from './http.js';

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
}
