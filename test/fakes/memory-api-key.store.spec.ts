import { describeApiKeyStore } from '../contract/api-key-store.contract.js';
import { MemoryApiKeyStore } from './memory-api-key.store.js';

describeApiKeyStore('memory (fake)', async () => {
  const store = new MemoryApiKeyStore();
  return { store, reopen: async () => store, close: async () => undefined };
});
