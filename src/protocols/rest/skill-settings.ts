import type { GatewayConfig } from '../../config/gateway.config.js';

/** What the published protocol tells of the configuration: addresses and limits, no secret. */
export type SkillSettings = Pick<
  GatewayConfig,
  'publicUrl' | 'http' | 'bots' | 'auth' | 'heartbeat' | 'tasks' | 'sse' | 'webhooks'
>;
