/** The addresses that are A2A agents: the gateway, a skill, an agent. */
export const BASES = ['a2a', 'a2a/skills/:skill', 'a2a/agents/:agent'] as const;

/** Paths below them, as Express writes them: a colon of their own is escaped. */
export const PATHS = {
  sendMessage: 'message\\:send',
  streamMessage: 'message\\:stream',
  listTasks: 'tasks',
  cancelTask: 'tasks/:id\\:cancel',
  subscribe: 'tasks/:id\\:subscribe',
  getTask: 'tasks/:id',
  pushConfigs: 'tasks/:id/pushNotificationConfigs',
  pushConfig: 'tasks/:id/pushNotificationConfigs/:config',
  extendedCard: 'extendedAgentCard',
  /** 0.3's name of the extended card. */
  card: 'card',
} as const;

/** 1.0 §11.3: each path, and the same below the tenant of the card's interface. */
export const withTenant = (path: string): string[] => [path, `:tenant/${path}`];

/** 0.3's paths. */
export const legacyPath = (path: string): string => `v1/${path}`;
