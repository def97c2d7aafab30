import { describeTaskStore } from '../contract/task-store.contract.js';
import { MemoryTaskStore } from './memory-task.store.js';

describeTaskStore('memory (fake)', async () => {
  let store = new MemoryTaskStore();
  return { store, reopen: async () => (store = store.crash()), close: async () => undefined };
});
