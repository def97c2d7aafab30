import { describeOutboxStore } from '../contract/outbox-store.contract.js';
import { MemoryFollowerStore, MemoryOutboxStore } from './memory-outbox.store.js';

describeOutboxStore('memory', () => {
  const outbox = new MemoryOutboxStore();
  return Promise.resolve({
    outbox,
    followers: new MemoryFollowerStore(outbox),
    close: () => Promise.resolve(),
  });
});
