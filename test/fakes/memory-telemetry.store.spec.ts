import { describeTelemetryStore } from '../contract/telemetry-store.contract.js';
import { MemoryResourceStore } from './memory-resource.store.js';
import { MemoryTelemetryStore } from './memory-telemetry.store.js';

describeTelemetryStore('memory (fake)', async () => {
  const resources = new MemoryResourceStore();
  const telemetry = new MemoryTelemetryStore(resources);
  return { resources, telemetry, reopen: async () => telemetry, close: async () => undefined };
});
