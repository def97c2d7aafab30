import { describeRouteStore } from '../contract/route-store.contract.js';
import { MemoryRouteStore } from './memory-route.store.js';

describeRouteStore('memory (fake)', async () => {
  const store = new MemoryRouteStore();
  return { store, reopen: async () => store, close: async () => undefined };
});
