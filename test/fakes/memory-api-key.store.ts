import { GatewayError } from '../../src/core/errors.js';
import type { Namespace } from '../../src/core/ids.js';
import { ApiKeyStore, type ApiKeyRecord } from '../../src/engine/auth/api-key.store.js';

/** API keys in memory; held to the contract of the real stores. */
export class MemoryApiKeyStore extends ApiKeyStore {
  private readonly keys = new Map<string, ApiKeyRecord>();

  override async insert(key: ApiKeyRecord): Promise<void> {
    if (this.keys.has(key.id)) throw new GatewayError('CONFLICT', 'the id is taken');
    this.keys.set(key.id, key);
  }

  override async get(id: string): Promise<ApiKeyRecord | undefined> {
    return this.keys.get(id);
  }

  override async list(namespace: Namespace | null): Promise<readonly ApiKeyRecord[]> {
    return [...this.keys.values()]
      .filter((key) => namespace === null || key.namespace === namespace)
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  override async delete(id: string): Promise<void> {
    if (!this.keys.delete(id)) throw new GatewayError('CONFLICT', 'there is no such key');
  }

  override async touch(id: string, at: number): Promise<void> {
    const key = this.keys.get(id);
    if (key) this.keys.set(id, { ...key, lastUsedAt: at });
  }
}
