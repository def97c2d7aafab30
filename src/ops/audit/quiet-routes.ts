const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Routes that change nothing, whose changes the engine tells itself (the doors of protocols), or that carry what agents and
 * devices send all the time, which has records of its own. A test compares them with the router.
 */
export const QUIET_ROUTES: ReadonlySet<string> = new Set([
  'POST /jsonrpc',
  'POST /tasks',
  'POST /tasks/:id/cancel',
  'POST /tasks/:id/messages',
  'POST /routing/explain',
  'POST /oauth/token',
  'POST /gateway/heartbeat',
  'POST /gateway/send',
  'POST /gateway/topics/:topic/publish',
  'POST /gateway/inbox/:agent_id/ack',
  'POST /gateway/inbox/:agent_id/extend',
  'POST /gateway/tasks/:id/status',
  'PATCH /api/v1/devices/:id/twin/reported',
  'POST /api/v1/data/report',
  'POST /api/v1/routes/match',
]);

/** Whether an answered request was no change of its own. A route that nobody has thought about is one. */
export function changesNothing(method: string, route: string | undefined): boolean {
  if (route === undefined || READS.has(method) || QUIET_ROUTES.has(`${method} ${route}`)) return true;
  // A2A's many paths are doors to tasks; only the configuration of notifications is something else.
  return /^\/a2a(?:\/|$)/.test(route) && !route.includes('/pushNotificationConfigs');
}
