import { describeAuditStore } from '../contract/audit-store.contract.js';
import { MemoryAuditStore } from './memory-audit.store.js';

describeAuditStore('memory (fake)', async () => {
  const store = new MemoryAuditStore();
  return { store, reopen: async () => store, close: async () => undefined };
});
