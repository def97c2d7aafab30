import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Seconds; from a disk flush to a request that waits for its agent. */
const SHORT = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Seconds; tasks take from milliseconds to hours. */
const LONG = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];

/**
 * Every metric of the gateway (Prometheus text format 0.0.4). Labels are words of the gateway itself: states, kinds,
 * route templates. Never an id, a name or a namespace: their number has no bound, and they are one tenant's business.
 */
export class Metrics {
  readonly registry = new Registry();

  readonly submitted = this.counter('tasks_submitted_total', 'Tasks taken in');
  readonly ended = this.counter('tasks_ended_total', 'Tasks that have ended, by outcome and failure code', [
    'outcome',
    'code',
  ]);
  readonly open = this.gauge('tasks_open', 'Tasks that have not ended, by state', ['state']);
  readonly queueDepth = this.gauge('queue_depth', 'Tasks that wait for an agent');
  readonly queueSeconds = this.histogram(
    'task_queue_seconds',
    'From the submission until an agent was sent the task (its last dispatch)',
    LONG,
  );
  readonly runSeconds = this.histogram('task_run_seconds', 'From the dispatch to the end, by outcome', LONG, [
    'outcome',
  ]);
  readonly taskSeconds = this.histogram('task_seconds', 'From the submission to the end, by outcome', LONG, [
    'outcome',
  ]);

  readonly agents = this.gauge('agents', 'Agents online, by kind of connection', ['kind']);
  readonly agentLoad = this.gauge('agent_load', 'Tasks that agents hold, by kind of connection', ['kind']);
  readonly agentCapacity = this.gauge('agent_capacity', 'Tasks that agents can hold, by kind of connection', [
    'kind',
  ]);
  readonly agentsLeft = this.counter('agents_left_total', 'Agents that have gone, by reason', ['reason']);

  readonly streams = this.gauge('streams', 'Open event streams');
  readonly httpSeconds = this.histogram(
    'http_request_seconds',
    'HTTP requests to the end of the answer (event streams are not in here), by method, route template and status',
    SHORT,
    ['method', 'route', 'status'],
  );

  readonly outgoing = this.counter(
    'outgoing_requests_total',
    'Calls that the gateway has made, by purpose and outcome: class of the status, or why there is none (`refused`: the address is not allowed)',
    ['purpose', 'outcome'],
  );
  readonly outgoingSeconds = this.histogram(
    'outgoing_request_seconds',
    'Calls that the gateway has made, to the headers of the answer or the failure, by purpose',
    SHORT,
    ['purpose'],
  );

  readonly dataPoints = this.counter(
    'data_points_total',
    'Data of sensors that were reported, by quality and what became of them: `accepted`, `duplicate`, `rejected`',
    ['quality', 'result'],
  );
  readonly deliveryTries = this.counter(
    'delivery_tries_total',
    'Tries to deliver a callback, a push notification or another message, by kind and outcome (`dead`: given up, also without a try)',
    ['kind', 'outcome'],
  );
  readonly deliverySeconds = this.histogram('delivery_seconds', 'One try, by kind', SHORT, ['kind']);
  readonly deliveries = this.gauge(
    'deliveries',
    'Deliveries that are not through, by state: `pending`, `waiting` behind an earlier one, `dead`',
    ['state'],
  );

  readonly commitSeconds = this.histogram('storage_commit_seconds', 'One commit with its flush', SHORT);
  readonly commitWrites = this.histogram(
    'storage_commit_writes',
    'Writes that shared one commit',
    [1, 2, 5, 10, 25, 50, 100, 250, 500],
  );
  readonly storageAvailable = this.gauge('storage_available', '1 while the storage takes writes, else 0');

  constructor(version: string) {
    // Event-loop delay, CPU, memory, garbage collection under the usual names (nodejs_…, process_…).
    collectDefaultMetrics({ register: this.registry });
    this.gauge('build_info', 'Always 1', ['version', 'node']).set({ version, node: process.version }, 1);
  }

  private counter<L extends string>(name: string, help: string, labelNames: L[] = []): Counter<L> {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  private gauge<L extends string>(name: string, help: string, labelNames: L[] = []): Gauge<L> {
    return new Gauge({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  private histogram<L extends string>(name: string, help: string, buckets: number[], labelNames: L[] = []) {
    return new Histogram<L>({ name: PREFIX + name, help, labelNames, buckets, registers: [this.registry] });
  }
}

const PREFIX = 'agent_gateway_';
