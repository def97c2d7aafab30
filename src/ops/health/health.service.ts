import type { Clock } from '../../core/clock.js';

/** How one component is; `detail` is public, so it names no host, path or query. */
export interface ComponentHealth {
  readonly ok: boolean;
  readonly detail?: string;
}

/** Looks at one component; quick, and without side effects. */
export type HealthProbe = () => ComponentHealth | Promise<ComponentHealth>;

/** An answer about health, ready to be sent by any listener. */
export interface HealthReport {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Is the process alive, and can it take work? */
export class HealthService {
  private readonly probes = new Map<string, HealthProbe>();
  private readonly startedAt: number;
  private stopping = false;

  constructor(
    private readonly clock: Clock,
    private readonly version: string,
  ) {
    this.startedAt = clock.now();
  }

  /** Adds a component that must be ready before the gateway takes work. */
  register(name: string, probe: HealthProbe): void {
    this.probes.set(name, probe);
  }

  /** From now on the gateway takes no new work: GET /health/ready says so. */
  stop(): void {
    this.stopping = true;
  }

  /** GET /health on both ports: always `ok` while the process answers. */
  report(): HealthReport {
    return { status: 200, body: { status: 'ok', version: this.version, uptime_seconds: this.uptime() } };
  }

  /** GET /health/live. */
  live(): HealthReport {
    return { status: 200, body: { status: 'ok' } };
  }

  /** GET /health/ready: 503 while any component is not; a probe that throws counts as not ready. */
  async ready(): Promise<HealthReport> {
    const entries: (readonly [string, ComponentHealth])[] = await Promise.all(
      [...this.probes].map(async ([name, probe]) => [name, await look(probe)] as const),
    );
    if (this.stopping) entries.push(['process', { ok: false, detail: 'is stopping' }]);
    const ok = entries.every(([, health]) => health.ok);
    return {
      status: ok ? 200 : 503,
      body: { status: ok ? 'ok' : 'unavailable', components: Object.fromEntries(entries.map(shown)) },
    };
  }

  private uptime(): number {
    return Math.floor((this.clock.now() - this.startedAt) / 1_000);
  }
}

async function look(probe: HealthProbe): Promise<ComponentHealth> {
  try {
    return await probe();
  } catch {
    return { ok: false, detail: 'cannot be checked' };
  }
}

const shown = ([name, { ok, detail }]: readonly [string, ComponentHealth]): [string, object] => [
  name,
  { status: ok ? 'ok' : 'unavailable', ...(detail !== undefined && { detail }) },
];
