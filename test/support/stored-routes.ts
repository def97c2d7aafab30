import type { RouteRecord } from '../../src/core/route.js';
import { PRODUCTION } from './records.js';

/** A rule for the messages of all bots. */
export const aRoute = (change: Partial<RouteRecord> = {}): RouteRecord => ({
  namespace: PRODUCTION,
  id: 'route-1',
  name: 'To the center',
  description: 'A rule',
  source: { agentType: 'bot', filters: { zone_id: ['a', 'b'], 'metadata.x': 1 } },
  destination: {
    agentType: 'mcp_agent',
    endpoints: [
      { url: 'https://center.example/forward', weight: 3 },
      { url: 'agent:standby', weight: 0 },
    ],
  },
  priority: 5,
  enabled: true,
  createdAt: Date.UTC(2026, 0, 1),
  updatedAt: Date.UTC(2026, 0, 1),
  version: 1,
  ...change,
});
