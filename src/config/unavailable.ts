/** A setting of a feature that this version does not have yet. */
interface Missing {
  readonly feature: string;
  /** Whether a value asks for the feature; absent: any value but off. */
  readonly asksForIt?: (value: unknown) => boolean;
}

/**
 * The one list of settings that are known but not served yet. A value that asks for such a feature stops the start.
 * Remove a line when its feature arrives.
 */
export const UNAVAILABLE: Readonly<Record<string, Missing>> = {
  role: { feature: 'a route or end node', asksForIt: (role) => role !== 'center' },
  'storage.url': {
    feature: 'PostgreSQL storage',
    asksForIt: (url) => typeof url === 'string' && url.startsWith('postgres'),
  },
  'redis.url': { feature: 'one gateway of several nodes (Redis)' },
  'mqtt.port': { feature: 'the MQTT listener' },
  'mqtt.url': { feature: 'an outside MQTT broker' },
  'upstream.url': { feature: 'a parent node' },
  'upstream.token': { feature: 'a parent node' },
};

/** The feature that a value asks for in vain, if any. */
export function missingFeature(key: string, value: unknown): string | undefined {
  const missing = UNAVAILABLE[key];
  if (missing === undefined || value === undefined) return undefined;
  return (missing.asksForIt?.(value) ?? true) ? missing.feature : undefined;
}
