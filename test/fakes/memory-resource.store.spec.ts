import { describeResourceStore } from '../contract/resource-store.contract.js';
import { MemoryResourceStore } from './memory-resource.store.js';

describeResourceStore('memory (fake)', async () => {
  const store = new MemoryResourceStore();
  return { store, reopen: async () => store, close: async () => undefined };
});
