import { hostname } from 'node:os';
import { A2aConfig } from './a2a.config.js';
import { AuditConfig } from './audit.config.js';
import { AuthConfig } from './auth.config.js';
import { BotsConfig } from './bots.config.js';
import { BufferConfig } from './buffer.config.js';
import { CompatConfig } from './compat.config.js';
import { DocsConfig } from './docs.config.js';
import { GrpcConfig } from './grpc.config.js';
import { HeartbeatConfig } from './heartbeat.config.js';
import { HttpConfig } from './http.config.js';
import { oneOf } from './kinds.js';
import { LimitsConfig } from './limits.config.js';
import { LogConfig } from './log.config.js';
import { MetricsConfig } from './metrics.config.js';
import { MqttConfig } from './mqtt.config.js';
import { name } from './name.kind.js';
import { baseUrl, listenerUrl } from './net.kinds.js';
import { QuotasConfig } from './quotas.config.js';
import { OutboxConfig } from './outbox.config.js';
import { RedisConfig } from './redis.config.js';
import { RemotesConfig } from './remotes.config.js';
import { RoutingConfig } from './routing.config.js';
import { type Concern, concern, PROFILES, type Profile, setting, type Values } from './setting.js';
import { SecretsConfig } from './secrets.config.js';
import { ShutdownConfig } from './shutdown.config.js';
import { SseConfig } from './sse.config.js';
import { StorageConfig } from './storage.config.js';
import { TasksConfig } from './tasks.config.js';
import { UpstreamConfig } from './upstream.config.js';
import { WebhooksConfig } from './webhooks.config.js';

/** Every concern, under the first part of its keys. */
export const SECTIONS = {
  http: HttpConfig,
  bots: BotsConfig,
  storage: StorageConfig,
  redis: RedisConfig,
  auth: AuthConfig,
  heartbeat: HeartbeatConfig,
  tasks: TasksConfig,
  routing: RoutingConfig,
  sse: SseConfig,
  webhooks: WebhooksConfig,
  secrets: SecretsConfig,
  remotes: RemotesConfig,
  outbox: OutboxConfig,
  limits: LimitsConfig,
  quotas: QuotasConfig,
  audit: AuditConfig,
  grpc: GrpcConfig,
  a2a: A2aConfig,
  compat: CompatConfig,
  metrics: MetricsConfig,
  mqtt: MqttConfig,
  upstream: UpstreamConfig,
  buffer: BufferConfig,
  log: LogConfig,
  docs: DocsConfig,
  shutdown: ShutdownConfig,
} as const;

type Sections = { readonly [S in keyof typeof SECTIONS]: InstanceType<(typeof SECTIONS)[S]> };
export type SectionName = keyof Sections;
export const SECTION_NAMES = Object.keys(SECTIONS) as SectionName[];

const listener = ({ http }: Readonly<Record<string, unknown>>): HttpConfig => http as HttpConfig;

const TOP = {
  profile: setting(
    oneOf(...PROFILES),
    'development',
    '`development` or `production` (production: auth on, sanitised errors, strict CORS, JSON logs)',
  ),
  role: setting(oneOf('center', 'route', 'end'), 'center', '`center`, `route` or `end`'),
  nodeId: setting(
    name,
    { shown: 'host name + port', from: (values) => `${hostname()}:${listener(values).port}` },
    'name of this node in a cluster or hierarchy',
  ),
  publicUrl: setting(
    baseUrl,
    { shown: 'http(s)://HOST:PORT', from: (values) => listenerUrl(listener(values)) },
    'base of every URL that the gateway publishes (cards, callbacks); never derived from a request',
  ),
};

type Whole = Values<typeof TOP> & Sections;
const Top = concern('', TOP) as unknown as Concern<typeof TOP, Whole>;

const defaultSections = (profile: Profile): object =>
  Object.fromEntries(SECTION_NAMES.map((section) => [section, new SECTIONS[section]({}, profile)]));

/** The whole configuration, checked. Durations are milliseconds, sizes are bytes, what is off is `undefined`. */
export class GatewayConfig extends Top {
  /** What is not given gets the profile's default; only `loadConfig` checks that the settings agree. */
  constructor(given: Partial<Whole> = {}, profile: Profile = given.profile ?? 'development') {
    super({ ...defaultSections(profile), profile, ...given }, profile);
  }
}
