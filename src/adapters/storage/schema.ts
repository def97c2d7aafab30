import type { Generated } from 'kysely';
import type { DeviceStatus, ResourceStatus, ResourceType, SensorStatus } from '../../core/resource.js';
import type { Priority } from '../../core/task.js';
import type { TaskState } from '../../core/task-states.js';
import type { MailSchema } from './mail-schema.js';

/** Tables of every storage adapter. Times are milliseconds since the epoch; JSON is text; booleans are 0 and 1. */
export interface Schema extends MailSchema {
  tasks: TaskRow;
  task_events: TaskEventRow;
  submissions: SubmissionRow;
  storage_probe: StorageProbeRow;
  api_keys: ApiKeyRow;
  resources: ResourceRow;
  sensors: SensorRow;
  twins: TwinRow;
  routes: RouteRow;
  data_points: DataPointRow;
  latest_points: LatestPointRow;
  dropped_series: DroppedSeriesRow;
  audit_log: AuditBlockRow;
  audit_chains: AuditChainRow;
  remote_agents: RemoteAgentRow;
  remote_runs: RemoteRunRow;
  remote_contexts: RemoteContextRow;
  deliveries: DeliveryRow;
  delivery_requests: DeliveryRequestRow;
  delivery_attempts: DeliveryAttemptRow;
  task_followers: TaskFollowerRow;
}

export interface TaskRow {
  id: string;
  namespace: string;
  scope: string | null;
  skill: string;
  pinned_agent: string | null;
  context_id: string | null;
  priority: Priority;
  timeout_ms: number;
  idempotent: number;
  created_by: string | null;
  created_at: number;
  state: TaskState;
  seq: number;
  attempt: number;
  turn: number | null;
  agent_namespace: string | null;
  agent_name: string | null;
  agent_principal: string | null;
  progress: string | null;
  error: string | null;
  routing: string | null;
  late_result: string | null;
  updated_at: number;
  ended_at: number | null;
  deadline_at: number | null;
}

export interface TaskEventRow {
  task_id: string;
  seq: number;
  at: number;
  body: string;
  /** What the agent gets to work on: with the first event only. Not in the record, which is written anew at every step. */
  input: string | null;
}

export interface SubmissionRow {
  namespace: string;
  key: string;
  fingerprint: string;
  task_id: string;
}

/** One row, written to find out whether the storage takes writes. */
export interface StorageProbeRow {
  /** Counts the probes; a time in name only. */
  at: number;
}

export interface ApiKeyRow {
  id: string;
  name: string;
  namespace: string;
  agent: string | null;
  /** Words, separated by spaces. */
  rights: string;
  hash: string;
  created_by: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
}

/** A space, a zone or a device (seed 004, 2.4.1 and 4.4.1): one row. */
export interface ResourceRow {
  namespace: string;
  resource_id: string;
  type: ResourceType;
  name: string;
  description: string | null;
  properties: string;
  metadata: string;
  parent_id: string | null;
  status: ResourceStatus;
  device_type: string | null;
  device_status: DeviceStatus | null;
  agent_id: string | null;
  last_seen: number | null;
  created_at: number;
  updated_at: number;
  version: number;
  fingerprint: string;
}

export interface SensorRow {
  /** The number under which its points are kept. */
  series: Generated<number>;
  namespace: string;
  sensor_id: string;
  device_id: string;
  name: string;
  type: string;
  unit: string | null;
  range_min: number | null;
  range_max: number | null;
  precision: number | null;
  status: SensorStatus;
  stale_after: number | null;
  retention_days: number | null;
  retention_rows: number | null;
  created_at: number;
  updated_at: number;
  version: number;
  fingerprint: string;
}

export interface TwinRow {
  namespace: string;
  device_id: string;
  desired: string;
  reported: string;
  version: number;
  updated_at: number;
}

export interface DataPointRow {
  series: number;
  timestamp: number;
  /** Order of arrival, over all sensors. */
  seq: number;
  namespace: string;
  data_id: string;
  /** The value where it is a number; else null. */
  number: number | null;
  /** The value as JSON where it is no number; else null. */
  value: string | null;
  unit: string | null;
  quality: string;
  metadata: string | null;
  received_at: number;
}

/** Which of a sensor's points is its latest. */
export interface LatestPointRow {
  series: number;
  timestamp: number;
  seq: number;
}

/** A removed sensor whose points are still to be deleted. */
export interface DroppedSeriesRow {
  series: number;
}

/** Entries of one chain that were committed together: a row for each would cost as much as a task. */
export interface AuditBlockRow {
  /** Empty: of no namespace. */
  namespace: string;
  /** Of the last entry. */
  seq: number;
  /** Of the first entry. */
  first: number;
  /** A list of objects: `seq`, `hash`, and what was hashed. */
  entries: string;
}

/** Where each chain of the audit log begins: what its oldest entry links to. */
export interface AuditChainRow {
  namespace: string;
  seq: number;
  at: number;
  hash: string;
}

/** The registration of an agent that the gateway calls. */
export interface RemoteAgentRow {
  namespace: string;
  name: string;
  card_url: string;
  found_at: string;
  card: string;
  etag: string | null;
  signature: 'none' | 'unverified' | 'verified';
  max_concurrency: number;
  /** Null: as the card says. */
  streaming: number | null;
  /** Sealed. */
  auth: string | null;
  created_by: string;
  created_at: number;
  updated_at: number;
}

/** A task and its name at the remote agent that works on it. */
export interface RemoteRunRow {
  task_id: string;
  namespace: string;
  name: string;
  remote_task_id: string;
  remote_context_id: string;
}

/** A context and its name at a remote agent. */
export interface RemoteContextRow {
  caller_namespace: string;
  context_id: string;
  namespace: string;
  name: string;
  remote_context_id: string;
  used_at: number;
}

export interface DeliveryRow {
  /** In the order in which they were put in. */
  position: Generated<number>;
  id: string;
  kind: string;
  namespace: string;
  endpoint: string;
  task_id: string | null;
  message_id: string | null;
  order_key: string | null;
  policy: string | null;
  extra: string | null;
  state: string;
  attempts: number;
  error: string | null;
  created_at: number;
  due_at: number;
  expires_at: number;
  ended_at: number | null;
}

export interface DeliveryRequestRow {
  delivery_id: string;
  request: string;
}

export interface DeliveryAttemptRow {
  position: Generated<number>;
  delivery_id: string;
  at: number;
  ms: number;
  status: number | null;
  error: string | null;
}

export interface TaskFollowerRow {
  task_id: string;
  id: string;
  namespace: string;
  kind: string;
  config: string;
  next_seq: number;
  done: number;
  created_at: number;
}

export interface RouteRow {
  namespace: string;
  route_id: string;
  name: string;
  description: string | null;
  source: string;
  destination: string;
  source_type: string;
  destination_type: string;
  priority: number;
  enabled: number;
  created_at: number;
  updated_at: number;
  version: number;
  fingerprint: string;
}
