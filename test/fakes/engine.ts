import { AuthConfig } from '../../src/config/auth.config.js';
import { HeartbeatConfig } from '../../src/config/heartbeat.config.js';
import { QuotasConfig } from '../../src/config/quotas.config.js';
import { RoutingConfig } from '../../src/config/routing.config.js';
import { TasksConfig } from '../../src/config/tasks.config.js';
import { DEFAULT_MAX_CONCURRENCY, type AgentCard } from '../../src/core/agent.js';
import { Clock, type Timer } from '../../src/core/clock.js';
import { DEFAULT_NAMESPACE, type AgentName, type IdSource, type Namespace } from '../../src/core/ids.js';
import { ANONYMOUS, type Principal } from '../../src/core/principal.js';
import type { NewTask, TaskInput } from '../../src/core/task.js';
import { Policy } from '../../src/engine/auth/policy.js';
import { HeartbeatService } from '../../src/engine/heartbeat/heartbeat.service.js';
import type { Agent } from '../../src/engine/registry/agent.js';
import { RegistryService } from '../../src/engine/registry/registry.service.js';
import { RoutingService } from '../../src/engine/routing/routing.service.js';
import { AgentLoss } from '../../src/engine/tasks/agent-loss.js';
import { Continuations } from '../../src/engine/tasks/continuations.js';
import { Conversations } from '../../src/engine/tasks/conversations.js';
import { Deadlines } from '../../src/engine/tasks/deadlines.js';
import { Dispatcher } from '../../src/engine/tasks/dispatcher.js';
import { Holdings } from '../../src/engine/tasks/holdings.js';
import { LiveTasks } from '../../src/engine/tasks/live-tasks.js';
import { Recovery } from '../../src/engine/tasks/recovery.js';
import { Reports } from '../../src/engine/tasks/reports.js';
import { Submissions } from '../../src/engine/tasks/submissions.js';
import { TaskCalls } from '../../src/engine/tasks/task-calls.js';
import { TaskQuota } from '../../src/engine/tasks/task-quota.js';
import { TaskLog } from '../../src/engine/tasks/task-log.js';
import { TasksService } from '../../src/engine/tasks/tasks.service.js';
import { TaskSteps } from '../../src/engine/tasks/task-steps.js';
import { WaitingQueue } from '../../src/engine/tasks/waiting-queue.js';
import { FakeClock } from './fake-clock.js';
import { FakeConnection } from './fake-connection.js';
import { FakeIds } from './fake-ids.js';
import { MemoryTaskStore } from './memory-task.store.js';

export interface EngineOptions {
  readonly clock?: FakeClock;
  readonly store?: MemoryTaskStore;
  readonly ids?: IdSource;
  readonly tasks?: Partial<TasksConfig>;
  readonly strategy?: RoutingConfig['strategy'];
  readonly heartbeat?: Partial<HeartbeatConfig>;
}

/** A clock of one process: its timers die with it. */
class ProcessClock extends Clock {
  private readonly timers = new Set<Timer>();
  private dead = false;

  constructor(private readonly outer: FakeClock) {
    super();
  }

  override now(): number {
    return this.outer.now();
  }

  override after(ms: number, fire: () => void): Timer {
    if (this.dead) return { cancel: () => undefined };
    const timer = this.outer.after(ms, () => {
      this.timers.delete(timer);
      fire();
    });
    this.timers.add(timer);
    return timer;
  }

  kill(): void {
    this.dead = true;
    for (const timer of this.timers) timer.cancel();
  }
}

/**
 * The engine wired by hand, as the Nest modules wire it, on a fake clock and a store in memory: `new Engine()`, or with what a test
 * wants to hold itself. {@link Engine.start} does what the start of the gateway does.
 */
export class Engine {
  readonly clock: FakeClock;
  readonly store: MemoryTaskStore;
  readonly ids: IdSource;
  readonly config: TasksConfig;
  readonly policy = new Policy(new AuthConfig({ mode: 'off' }));
  readonly registry: RegistryService;
  readonly heartbeat: HeartbeatService;
  readonly routing: RoutingService;
  readonly live = new LiveTasks();
  readonly waiting = new WaitingQueue();
  readonly log: TaskLog;
  readonly deadlines: Deadlines;
  readonly holdings: Holdings;
  readonly steps: TaskSteps;
  readonly conversations: Conversations;
  readonly dispatcher: Dispatcher;
  readonly agentLoss: AgentLoss;
  readonly reports: Reports;
  readonly submissions: Submissions;
  readonly recovery: Recovery;
  readonly tasks: TasksService;
  private readonly processClock: ProcessClock;

  constructor(private readonly options: EngineOptions = {}) {
    this.clock = options.clock ?? new FakeClock();
    this.store = options.store ?? new MemoryTaskStore();
    this.ids = options.ids ?? new FakeIds();
    this.config = new TasksConfig(options.tasks);
    const clock = (this.processClock = new ProcessClock(this.clock));
    const { store, config, policy, live, waiting } = this;
    const registry = (this.registry = new RegistryService(clock, policy));
    this.heartbeat = new HeartbeatService(clock, new HeartbeatConfig(options.heartbeat), registry);
    const strategy = new RoutingConfig(options.strategy ? { strategy: options.strategy } : {});
    const routing = (this.routing = new RoutingService(strategy, registry, policy));
    const log = (this.log = new TaskLog(store));
    const deadlines = (this.deadlines = new Deadlines(clock));
    const holdings = (this.holdings = new Holdings(registry));
    const steps = (this.steps = new TaskSteps(clock, config, store, log, live, holdings, waiting, deadlines));
    const conversations = (this.conversations = new Conversations(store));
    this.dispatcher = new Dispatcher(
      clock,
      config,
      store,
      conversations,
      registry,
      routing,
      holdings,
      waiting,
      deadlines,
      steps,
    );
    const { dispatcher, ids } = this;
    this.agentLoss = new AgentLoss(clock, config, registry, holdings, deadlines, dispatcher, steps);
    this.reports = new Reports(clock, config, store, registry, live, dispatcher, steps);
    const calls = new TaskCalls();
    this.submissions = new Submissions(
      clock,
      ids,
      config,
      policy,
      store,
      registry,
      routing,
      waiting,
      live,
      log,
      dispatcher,
      calls,
      new TaskQuota(new QuotasConfig(), live),
    );
    this.recovery = new Recovery(store, conversations, live, dispatcher, this.agentLoss, deadlines);
    this.tasks = new TasksService(
      clock,
      policy,
      store,
      this.submissions,
      new Continuations(conversations, dispatcher, steps),
      conversations,
      this.reports,
      live,
      log,
      steps,
      calls,
    );
  }

  /** Takes up what is open and starts the heartbeat. */
  async start(): Promise<this> {
    await this.recovery.run();
    this.heartbeat.onApplicationBootstrap();
    return this;
  }

  /** The process dies: nothing of this engine happens any more. `reached` writes in line still get to the disk. */
  kill(reached = 0): MemoryTaskStore {
    this.processClock.kill();
    return this.store.crash(reached);
  }

  /** Kills it and starts the next process on the same disk and clock. */
  restart(reached = 0, options: EngineOptions = {}): Promise<Engine> {
    const store = this.kill(reached);
    return this.next({ ...options, store }).start();
  }

  /** Another process with the same settings, clock and ids; not started. */
  next(options: EngineOptions): Engine {
    const { clock, ids } = this;
    return new Engine({ ...this.options, clock, ids, ...options });
  }

  /** An agent registers on a connection of its own. */
  join(name: string, options: JoinOptions = {}): JoinedAgent {
    const connection = options.connection ?? new FakeConnection(options.principal);
    const agent = this.registry.admit(
      connection,
      aCard(name, options),
      (options.namespace ?? DEFAULT_NAMESPACE) as Namespace,
    );
    return { agent, connection };
  }

  /** An agent's connection ends. */
  leave({ agent }: JoinedAgent): void {
    this.registry.remove(agent, 'disconnected');
  }

  /** Submits for everybody (auth off). */
  submit(task: Partial<NewTask> = {}, caller: Principal = ANONYMOUS) {
    return this.tasks.submit(caller, aTask(task));
  }
}

export interface JoinOptions {
  readonly skills?: readonly string[];
  readonly namespace?: string;
  readonly max?: number;
  readonly principal?: Principal;
  readonly connection?: FakeConnection;
}

export interface JoinedAgent {
  readonly agent: Agent;
  readonly connection: FakeConnection;
}

export const aCard = (
  name: string,
  { skills = ['echo'], max = DEFAULT_MAX_CONCURRENCY }: JoinOptions = {},
): AgentCard => ({
  name: name as AgentName,
  version: '1.0.0',
  description: '',
  skills: skills.map((id) => ({ id, name: id, description: '', tags: [] })),
  maxConcurrency: max,
});

export const anInput = (text = 'hello'): TaskInput => ({
  message: { role: 'user', parts: [{ type: 'text', text }] },
  constraints: {},
  metadata: {},
});

export const aTask = (task: Partial<NewTask> = {}): NewTask => ({ skill: 'echo', input: anInput(), ...task });

/** Lets everything that waits for nothing but its turn happen. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** As {@link turn}, often enough for several commits in a row. */
export async function settle(turns = 5): Promise<void> {
  for (let i = 0; i < turns; i++) await turn();
}
