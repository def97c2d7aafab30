import { Logger } from '@nestjs/common';
import { GatewayError, type ErrorCode } from '../../src/core/errors.js';
import { agentKey, type AgentName, type Namespace, type TaskId } from '../../src/core/ids.js';
import { ANONYMOUS, type Principal } from '../../src/core/principal.js';
import { endsTask, stateAfter, type NewTask, type TaskRecord, type TaskReport } from '../../src/core/task.js';
import { canMove, isTerminal, type TaskState } from '../../src/core/task-states.js';
import type { Agent } from '../../src/engine/registry/agent.js';
import type { LiveTask } from '../../src/engine/tasks/live-task.js';
import { RESET } from '../../src/engine/tasks/tasks.service.js';
import { aCard, anInput, Engine, turn } from '../fakes/engine.js';
import { FakeConnection, type Told } from '../fakes/fake-connection.js';
import { MemoryTaskStore } from '../fakes/memory-task.store.js';
import type { Action, JoinAction, ReportKind, Setup, SubmitAction } from './actions.js';

const SKILLS = ['sum', 'echo', 'draw'];
const NAMESPACES = ['default', 'north'];
const NAMES = ['ann', 'bob', 'cid'];
/** Without auth a credential is told from another by its id alone. */
const PRINCIPALS: readonly Principal[] = [ANONYMOUS, { ...ANONYMOUS, id: 'somebody else' }];
/** What a lower priority waits until it stands level with a new task of the higher. */
const HEAD_START = { high: 0, medium: 15_000, low: 30_000 };
/** How late a deadline may be noticed. */
const SLACK_MS = 300;
/** Nothing is open for longer than this when nobody does anything: every wait has its end. */
const LONG_MS = 300_000;
const LOST_TO_THE_CLOCK = ['TIMEOUT', 'AGENT_LOST', 'MAX_ATTEMPTS'];

/** An agent as it sees itself. */
interface Client {
  readonly connection: FakeConnection;
  readonly mute: boolean;
  agent: Agent;
  open: boolean;
  /** Tasks that it was sent, or took up again, and whose end neither side has told the other. */
  readonly held: Set<TaskId>;
  /** Every task that it was sent over this connection, with the newest attempt. */
  readonly sent: Map<TaskId, number>;
}

/** A reader of a task's log, over any number of cuts. */
interface Watcher {
  readonly id: TaskId;
  seen: number;
  ended: boolean;
  abort: AbortController | undefined;
}

/** The gateway among its agents, callers and watchers; it remembers what they were told and complains when that was wrong. */
export class World {
  readonly problems: string[] = [];
  private engine: Engine;
  private readonly everyTask: TaskId[] = [];
  private readonly acknowledged = new Map<TaskId, { readonly task: NewTask; readonly marker: string }>();
  private readonly keys = new Map<string, TaskId>();
  private readonly canceled = new Set<TaskId>();
  private readonly lastSent = new Map<TaskId, { readonly key: string; readonly principal: string; readonly attempt: number; readonly life: number }>();
  private readonly framesOf = new Map<TaskId, number>();
  private clients: Client[] = [];
  private watchers: Watcher[] = [];
  /** Counts processes: what was under way in an earlier one is never answered. */
  private life = 1;
  private stopped = false;
  private underWay = 0;
  private marker = 0;

  private constructor(setup: Setup) {
    this.engine = new Engine({
      store: new MemoryTaskStore({ automatic: false }),
      strategy: setup.strategy,
      tasks: setup.tasks,
    });
  }

  /** Plays the actions, then lets time run until nothing is open. @throws Error that tells what was wrong, and when */
  static async play(setup: Setup, actions: readonly Action[]): Promise<void> {
    const world = new World(setup);
    Logger.overrideLogger({
      log: () => undefined,
      warn: () => undefined,
      error: (message: unknown) => world.complain(`logged: ${String(message)}`),
    });
    await world.engine.start();
    for (const agent of setup.agents) world.join(agent);
    for (const [i, action] of actions.entries()) {
      await world.step(action);
      world.assertSound(`action ${i + 1}, ${JSON.stringify(action)}`);
    }
    await world.end();
    (globalThis as any).STAT?.(world);
    world.assertSound('the end');
  }

  private get store(): MemoryTaskStore {
    return this.engine.store;
  }

  private complain(problem: string): void {
    this.problems.push(problem);
  }

  private expect(condition: boolean, problem: () => string): void {
    if (!condition) this.complain(problem());
  }

  private assertSound(when: string): void {
    if (this.problems.length > 0) throw new Error(`after ${when}:\n  ${this.problems.join('\n  ')}`);
  }

  private async step(action: Action): Promise<void> {
    const before = this.waitingTasks().map((task) => ({ task, attempt: task.record.attempt }));
    (globalThis as any).TRACE?.('ACTION ' + JSON.stringify(action));
    await this.act(action);
    await turn();
    (globalThis as any).TRACE?.('   ' + this.states() + ' || ' + this.clients.map((c) => `${c.agent.key.replace('\n', '/')} ${c.open} load ${c.agent.load} [${[...c.held].map((h) => h.slice(-2))}]`).join('; '));
    this.checkOrder(before);
    this.checkAssignments();
  }

  private act(action: Action): void | Promise<void> {
    switch (action.do) {
      case 'submit':
        return this.submit(action.task);
      case 'join':
        return this.join(action.agent);
      case 'leave':
        return this.leave(pick(this.openClients(), action.client));
      case 'amend':
        return this.amend(pick(this.openClients(), action.client), action.skills, action.max);
      case 'report':
        return this.reportAction(action);
      case 'cancel':
        return this.cancel(pick(this.everyTask.slice(-8), action.task));
      case 'get':
        return this.get(pick(this.everyTask, action.task));
      case 'advance':
        return this.advance(action.ms);
      case 'commit':
        return this.store.commit(action.count);
      case 'answer':
        return this.store.answer(Math.min(action.position, this.store.pendingReads - 1));
      case 'flow':
        return this.drain();
      case 'settle':
        return this.settle();
      case 'bounce':
        return this.bounce(pick(this.openClients(), action.client), action.replaced, action.max);
      case 'outage':
        return this.store.fail();
      case 'return':
        return this.store.recover();
      case 'watch':
        return this.watch(pick(this.everyTask.slice(-8), action.task), action.from);
      case 'cut':
        return this.cut(pick(this.watchers, action.watcher));
      case 'resume':
        return this.resume(pick(this.watchers, action.watcher));
      case 'crash':
        return this.crash(action.reached);
      case 'stop':
        return this.stop();
    }
  }

  // Callers

  private submit(asked: SubmitAction): void {
    const wanted = asked.key === undefined ? asked : repeatable(asked, asked.key);
    const marker = wanted.key === undefined ? `m${++this.marker}` : `k${wanted.namespace}.${wanted.key}.${wanted.body}`;
    const task = newTask(wanted, marker);
    const impossible = !wanted.wait && !this.openClients().some(({ agent }) => couldTake(agent, task));
    this.follow(
      this.engine.tasks.submit(ANONYMOUS, task),
      (record) => this.acknowledge(task, marker, record),
      (code) => this.refusedSubmission(task, marker, code, impossible),
    );
  }

  private acknowledge(task: NewTask, marker: string, { id }: TaskRecord): void {
    const stored = this.store.stored(id);
    this.expect(stored !== undefined, () => `${id} was acknowledged and is not on disk`);
    this.expect(stored?.input.message.parts[0]?.text === marker, () => `${id} has another input than was acknowledged`);
    if (!this.everyTask.includes(id)) this.everyTask.push(id);
    this.acknowledged.set(id, { task, marker });
    if (task.idempotencyKey === undefined) return;
    this.expect(stored?.submission?.fingerprint === task.fingerprint, () => `${id} came from another body`);
    const key = keyOf(task);
    const known = this.keys.get(key);
    this.expect(known === undefined || known === id, () => `key ${key} made two tasks: ${known} and ${id}`);
    this.keys.set(key, id);
  }

  private refusedSubmission(task: NewTask, marker: string, code: ErrorCode, impossible: boolean): void {
    const unkeyed = task.idempotencyKey === undefined;
    if (unkeyed) {
      const left = [...this.store.storedTasks()].some(({ input }) => input.message.parts[0]?.text === marker);
      this.expect(!left, () => `a submission refused with ${code} left a task behind`);
    }
    if (code === 'NO_AGENT_AVAILABLE' && unkeyed) this.expect(impossible, () => 'refused though an agent has the skill');
    const allowed = ['NO_AGENT_AVAILABLE', 'OVERLOADED', 'STORAGE_UNAVAILABLE', ...(unkeyed ? [] : ['CONFLICT'])];
    this.expect(allowed.includes(code), () => `submission refused with ${code}`);
  }

  private cancel(id: TaskId | undefined): void {
    if (id === undefined) return;
    this.follow(
      this.engine.tasks.cancel(ANONYMOUS, id),
      () => {
        this.expect(this.store.stored(id)?.record.state === 'canceled', () => `${id}: cancel acknowledged before it was on disk`);
        this.canceled.add(id);
      },
      (code) => {
        const state = this.store.stored(id)?.record.state;
        if (code === 'TASK_TERMINAL') this.expect(state !== undefined && isTerminal(state), () => `${id}: said to have ended, on disk ${state}`);
        else this.expect(code === 'STORAGE_UNAVAILABLE' && !this.store.available, () => `${id}: cancel refused with ${code}`);
      },
    );
  }

  private get(id: TaskId | undefined): void {
    if (id === undefined) return;
    this.follow(
      this.engine.tasks.get(ANONYMOUS, id),
      ({ record, artifact }) => {
        if (this.canceled.has(id)) this.expect(record.state === 'canceled', () => `${id}: canceled, shown as ${record.state}`);
        if (artifact) this.expect(record.state === 'completed', () => `${id}: ${record.state} with an artifact`);
      },
      (code) => this.complain(`${id}: get refused with ${code}`),
    );
  }

  /** Judges the answer when it comes; a process that has died answers nothing. */
  private follow<T>(work: Promise<T>, done: (value: T) => void, refused: (code: ErrorCode) => void): void {
    const { life } = this;
    this.underWay++;
    const settled = (judge: () => void) => {
      if (life !== this.life) return;
      this.underWay--;
      judge();
    };
    work.then(
      (value) => settled(() => done(value)),
      (error: unknown) =>
        settled(() => (error instanceof GatewayError ? refused(error.code) : this.complain(`broke: ${stackOf(error)}`))),
    );
  }

  // Agents

  private openClients(): Client[] {
    return this.clients.filter(({ open }) => open);
  }

  private join({ name, namespace, skills, max, principal, mute }: JoinAction): void {
    const key = agentKey({ name: NAMES[name] as AgentName, namespace: NAMESPACES[namespace] as Namespace });
    const rival = this.openClients().find(({ agent }) => agent.key === key);
    const credentials = PRINCIPALS[principal]!;
    const client: Client = {
      connection: new FakeConnection(credentials, (told) => this.hear(client, told)),
      mute,
      agent: undefined as unknown as Agent,
      open: true,
      held: new Set(),
      sent: new Map(),
    };
    const refused = rival !== undefined && rival.connection.principal !== credentials;
    try {
      const options = { skills: skillsOf(skills), max, namespace: NAMESPACES[namespace]!, connection: client.connection };
      client.agent = this.engine.join(NAMES[name]!, options).agent;
      this.expect(!refused, () => `${key} was taken over with other credentials`);
    } catch (error) {
      this.expect(refused && error instanceof GatewayError, () => `${key} could not join: ${stackOf(error)}`);
      return;
    }
    if (rival) this.expect(!rival.open, () => `${key}: the older connection was not closed`);
    this.clients.push(client);
    for (const task of this.engine.holdings.of(client.agent)) if (task.handed) this.adopt(client, task);
  }

  /** An agent loses its connection and comes back on a new one, which the gateway may notice before the old one's end. */
  private bounce(client: Client | undefined, replaced: boolean, max: number | undefined): void {
    if (!client) return;
    const { card, namespace } = client.agent;
    if (!replaced) this.leave(client);
    this.join({
      name: NAMES.indexOf(card.name),
      namespace: NAMESPACES.indexOf(namespace),
      skills: SKILLS.reduce((bits, id, i) => bits | (client.agent.hasSkill(id) ? 1 << i : 0), 0),
      max: max ?? card.maxConcurrency,
      principal: PRINCIPALS.indexOf(client.connection.principal),
      mute: client.mute,
    });
  }

  /** An agent that is back goes on with what it had begun. */
  private adopt(client: Client, { id, record }: LiveTask): void {
    this.expect(record.state === 'running', () => `${id} is ${record.state} and was taken up again`);
    this.expect(this.lastSent.get(id)?.key === client.agent.key, () => `${id} was taken up by an agent that never had it`);
    client.held.add(id);
    client.sent.set(id, record.attempt);
  }

  private leave(client: Client | undefined): void {
    if (!client) return;
    this.hangUp(client);
    this.engine.registry.remove(client.agent, 'disconnected');
  }

  private hangUp(client: Client): void {
    client.open = false;
    client.held.clear();
  }

  private amend(client: Client | undefined, skills: number, max: number): void {
    if (client) this.engine.registry.amend(client.agent, aCard(client.agent.card.name, { skills: skillsOf(skills), max }));
  }

  private hear(client: Client, told: Told): void {
    if (told.kind !== 'ping') (globalThis as any).TRACE?.('  TOLD ' + this.clients.indexOf(client) + JSON.stringify(told));
    if (told.kind === 'close') this.hangUp(client);
    else if (told.kind === 'assign') this.sentTask(client, told.assignment.taskId, told.assignment.attempt, told.assignment.input);
    else if (told.kind === 'cancel') {
      client.held.delete(told.taskId);
      const state = this.store.stored(told.taskId)?.record.state;
      this.expect(state === 'canceled' || state === 'failed', () => `${told.taskId}: cancel sent, on disk ${state}`);
    }
  }

  private sentTask(client: Client, id: TaskId, attempt: number, input: NewTask['input']): void {
    const { agent } = client;
    const name = agent.key.replace('\n', '/');
    const record = this.store.stored(id)?.record;
    const last = this.lastSent.get(id);
    this.expect(client.open, () => `${id} was sent over a closed connection of ${name}`);
    this.expect(!this.stopped, () => `${id} was sent after the stop`);
    if (!record) return this.complain(`${id} was sent and is not on disk`);
    this.expect(!isTerminal(record.state), () => `${id} was sent to ${name}, on disk ${record.state}`);
    this.expect(record.attempt === attempt && record.agent !== null && agentKey(record.agent) === agent.key, () => `${id} was sent to ${name} (attempt ${attempt}) before that was on disk`);
    this.expect(attempt > (last?.attempt ?? 0), () => `${id}: attempt ${attempt} after ${last?.attempt}`);
    this.expect(input.message.parts[0]?.text === this.store.stored(id)?.input.message.parts[0]?.text, () => `${id} was sent with another input`);
    this.expect(couldTakeRecord(agent, record), () => `${id} was sent to ${name}, which may not have it`);
    client.held.add(id);
    client.sent.set(id, attempt);
    this.expect(client.held.size <= agent.card.maxConcurrency, () => `${name} holds ${client.held.size} tasks, allowed ${agent.card.maxConcurrency}`);
    this.lastSent.set(id, { key: agent.key, principal: client.connection.principal.id, attempt, life: this.life });
    this.framesOf.set(id, (this.framesOf.get(id) ?? 0) + 1);
    if (!this.everyTask.includes(id)) this.everyTask.push(id);
  }

  private reportAction({ client: place, task: number, own, kind, attempt }: Extract<Action, { do: 'report' }>): void {
    // Mostly agents that are here; now and then one that has been replaced or has left.
    const clients = own ? this.openClients() : this.clients;
    const client = pick(clients, place);
    if (!client) return;
    const id = pick(own ? [...client.sent.keys()].slice(-4) : this.everyTask.slice(-8), number);
    if (id !== undefined) this.report(client, id, kind, attempt);
  }

  private report(client: Client, id: TaskId, kind: ReportKind, attempt: 'none' | 'right' | 'wrong'): void {
    const known = client.sent.get(id) ?? 1;
    const numbered = attempt === 'none' ? {} : { attempt: attempt === 'right' ? known : known + 1 };
    const report: TaskReport = { ...reportOf(kind), ...numbered };
    const live = this.engine.live.get(id);
    const goesOn = live !== undefined && !live.ended;
    const mine = client.open && client.held.has(id);
    const mayCount = client.open && goesOn && this.hadItLast(client, id);
    if (mine && attempt !== 'wrong' && report.status !== 'running') client.held.delete(id);
    const name = `${kind} of ${client.agent.key.replace('\n', '/')} on ${id}`;
    const taken = this.engine.tasks.report(client.agent, id, report);
    if (client.open && live?.holder === client.agent && live.handed) client.held.add(id); // taken up again by this report
    this.follow(
      taken,
      () => {
        this.expect(mayCount, () => `${name} counted`);
        const state = this.store.stored(id)?.record.state;
        if (report.status !== 'running') this.expect(state === report.status, () => `${name} acknowledged, on disk ${state}`);
      },
      (code) => {
        if (code === 'INVALID') return this.expect(kind === 'huge chunk', () => `${name} refused as invalid`);
        this.expect(code === 'TASK_NOT_FOUND', () => `${name} refused with ${code}`);
        this.expect(!(mine && goesOn && attempt !== 'wrong'), () => `${name} refused though it holds the task`);
        if (report.status !== 'running') this.checkLate(client, id, name);
      },
    );
  }

  private hadItLast(client: Client, id: TaskId): boolean {
    const last = this.lastSent.get(id);
    if (last?.key !== client.agent.key) return false;
    return last.life !== this.life || last.principal === client.connection.principal.id;
  }

  private checkLate(client: Client, id: TaskId, name: string): void {
    const record = this.store.stored(id)?.record;
    if (!record?.error || !record.agent || agentKey(record.agent) !== client.agent.key) return;
    if (LOST_TO_THE_CLOCK.includes(record.error.code)) this.expect(record.lateResult !== null, () => `${name} came late and was not kept`);
  }

  // Watchers

  private watch(id: TaskId | undefined, from: 'start' | 'somewhere' | 'beyond' | 'nonsense'): void {
    if (id === undefined) return;
    const committed = this.store.stored(id)?.record.seq ?? 0;
    const seen = from === 'somewhere' ? Math.floor(committed / 2) : 0;
    const watcher: Watcher = { id, seen, ended: false, abort: undefined };
    this.watchers.push(watcher);
    const after = { start: undefined, somewhere: String(seen), beyond: '999', nonsense: 'x1' }[from];
    this.open(watcher, after, from === 'beyond' || from === 'nonsense');
  }

  private cut(watcher: Watcher | undefined): void {
    watcher?.abort?.abort();
    if (watcher) watcher.abort = undefined;
  }

  private resume(watcher: Watcher | undefined): void {
    if (!watcher || watcher.abort) return;
    this.open(watcher, String(watcher.seen), false);
  }

  private open(watcher: Watcher, after: string | undefined, reset: boolean): void {
    const abort = (watcher.abort = new AbortController());
    const { life } = this;
    const read = async () => {
      let resets = 0;
      for await (const item of await this.engine.tasks.watch(ANONYMOUS, watcher.id, { after, signal: abort.signal })) {
        if (life !== this.life || abort.signal.aborted) return;
        if (item === RESET) resets++;
        else this.seeEvent(watcher, item.seq, item.json, endsTask(item.body));
      }
      if (life !== this.life || abort.signal.aborted) return;
      watcher.abort = undefined;
      this.expect(watcher.ended, () => `${watcher.id}: a stream ended before the task did`);
      this.expect(resets === (reset ? 1 : 0), () => `${watcher.id}: ${resets} resets after position ${after}`);
    };
    read().catch((error: unknown) => this.complain(`${watcher.id}: watching broke: ${stackOf(error)}`));
  }

  private seeEvent(watcher: Watcher, seq: number, json: string, last: boolean): void {
    const { id } = watcher;
    this.expect(seq === watcher.seen + 1, () => `${id}: a watcher saw ${seq} after ${watcher.seen}`);
    this.expect(!watcher.ended, () => `${id}: a watcher saw ${seq} after the end`);
    const stored = this.store.stored(id)?.events[seq - 1]?.json;
    this.expect(stored === json, () => `${id}: a watcher saw ${json}, on disk ${stored}`);
    watcher.seen = seq;
    watcher.ended ||= last;
  }

  // Time, disk, process

  private advance(ms: number): void {
    for (let left = ms; left > 0; left -= 5_000) {
      for (const { agent, mute, open } of this.clients) if (open && !mute) this.engine.registry.touch(agent);
      this.engine.clock.advance(Math.min(left, 5_000));
    }
  }

  private async crash(reached: number): Promise<void> {
    this.life++;
    this.underWay = 0;
    for (const client of this.clients) this.hangUp(client);
    this.clients = [];
    for (const watcher of this.watchers) watcher.abort = undefined;
    this.stopped = false;
    this.engine = await this.restarted(reached);
  }

  /** Whom the disk says to have a task may have been sent it just before the crash. */
  private rememberAssigned(): void {
    for (const { record } of this.store.storedTasks()) {
      const { id, agent, attempt } = record;
      if (agent && attempt > (this.lastSent.get(id)?.attempt ?? 0))
        this.lastSent.set(id, { key: agentKey(agent), principal: '', attempt, life: this.life - 1 });
    }
  }

  /** Recovery reads the disk: its reads are answered meanwhile. */
  private async restarted(reached: number): Promise<Engine> {
    const store = this.engine.kill(reached);
    const { clock, ids } = this.engine;
    this.rememberAssigned();
    const engine = this.engine.next({ clock, ids, store });
    let started = false;
    const starting = engine.start().then(() => (started = true));
    while (!started) {
      store.answer();
      await turn();
    }
    await starting;
    return engine;
  }

  /** What SIGTERM does: nothing moves any more, sockets close, what is in line is written. */
  private stop(): void {
    if (this.stopped) return;
    this.engine.dispatcher.stop();
    this.stopped = true;
    const before = this.states();
    for (const client of this.openClients()) this.leave(client);
    this.expect(this.states() === before, () => 'agents that left because of the shutdown moved tasks');
  }

  private states(): string {
    return [...this.engine.live].map(({ id, record }) => `${id} ${record.state} ${record.seq} ${record.attempt}`).join();
  }

  /** The storage is back, everything in line is done; then the world must be at rest. */
  private async settle(): Promise<void> {
    this.store.recover();
    await this.drain();
    this.advance(SLACK_MS); // what was committed late may have been due for long
    await this.drain();
    this.checkRest();
  }

  /** Everything in line is done, as far as the storage works. */
  private async drain(): Promise<void> {
    for (let idle = 0; idle < 2; ) {
      const { available, pendingWrites, pendingReads } = this.store;
      idle = (available ? pendingWrites : 0) + pendingReads > 0 ? 0 : idle + 1;
      this.store.commit();
      while (this.store.pendingReads > 0) this.store.answer();
      await turn();
    }
  }

  /** Until everything has ended by itself: nobody reports any more. */
  private async end(): Promise<void> {
    await this.settle();
    if (this.stopped) await this.crash(0);
    for (let left = LONG_MS; left > 0 && this.engine.live.size > 0; left -= 2_000) {
      this.advance(2_000);
      await this.settle();
      this.assertSound('time alone');
    }
    for (const watcher of this.watchers) this.resume(watcher);
    await this.settle();
    this.checkEnd();
  }

  // Judgement

  private waitingTasks(): LiveTask[] {
    return [...this.engine.live].filter((task) => !task.ended && !task.holder && !task.waitsForHolder);
  }

  /** Who was handed out stood before everybody who could have had the agent and still waits. */
  private checkOrder(before: readonly { readonly task: LiveTask; readonly attempt: number }[]): void {
    const waited = before.filter(({ task, attempt }) => task.record.attempt === attempt && !task.holder && !task.ended);
    for (const { task } of before) {
      const { holder, record } = task;
      if (!holder || record.routing?.reason === 'the agent came back') continue;
      for (const { task: other } of waited)
        if (couldTakeRecord(holder, other.record))
          this.expect(!comesBefore(other.record, record), () => `${task.id} was handed out before ${other.id}`);
    }
  }

  /** Nobody shares a task, and no agent counts more than it holds. */
  private checkAssignments(): void {
    const holders = new Map<TaskId, Client>();
    for (const client of this.openClients())
      for (const id of client.held) {
        this.expect(!holders.has(id), () => `${id} is held twice`);
        holders.set(id, client);
      }
  }

  private checkRest(): void {
    const { live, registry, holdings, clock } = this.engine;
    this.expect(this.underWay === 0, () => `${this.underWay} requests are never answered`);
    for (const { agent, held } of this.openClients()) {
      const theirs = [...holdings.of(agent)].map(({ id }) => id);
      this.expect(agent.load === theirs.length, () => `${agent.key}: load ${agent.load}, holds ${theirs.length}`);
      if (!this.stopped) this.expect(same(theirs, [...held]), () => `${agent.key} holds ${[...held].join()}, the gateway believes ${theirs.join()}`);
    }
    this.expect(registry.size === this.openClients().length, () => 'the registry has lost count');
    for (const task of live) {
      this.expect(!task.ended, () => `${task.id} has ended and is still kept`);
      const due = task.dueAt ?? 0;
      if (!this.stopped) this.expect(due + SLACK_MS >= clock.now(), () => `${task.id} is ${clock.now() - due} ms over its deadline`);
    }
    if (!this.stopped) this.checkWakeUps();
    this.checkLogs();
    this.checkWatchers();
  }

  /** No task waits while somebody could take it. */
  private checkWakeUps(): void {
    const waiting = this.waitingTasks();
    this.expect(waiting.length === this.engine.waiting.size, () => `${this.engine.waiting.size} in the queue, ${waiting.length} wait`);
    for (const { id, record } of waiting) {
      const idle = this.openClients().find(({ agent }) => agent.hasRoom && couldTakeRecord(agent, record));
      this.expect(idle === undefined, () => `${id} waits though ${idle?.agent.key} has room`);
    }
  }

  private checkLogs(): void {
    for (const { record, events } of this.store.storedTasks()) {
      this.expect(record.seq === events.length && events.every(({ seq }, i) => seq === i + 1), () => `${record.id}: the log has gaps`);
      let state: TaskState = 'created';
      for (const { body } of events) {
        const next = stateAfter(body);
        const from = state;
        this.expect(next === from || canMove(from, next), () => `${record.id}: ${from} → ${next}`);
        this.expect(!isTerminal(from), () => `${record.id}: ${next} after ${from}`);
        state = next;
      }
      this.expect(record.state === state, () => `${record.id}: ${record.state}, by its log ${state}`);
      this.checkMemory(record);
    }
  }

  /** At rest the engine knows what is on disk. */
  private checkMemory(record: TaskRecord): void {
    const task = this.engine.live.get(record.id);
    this.expect((task === undefined) === isTerminal(record.state), () => `${record.id}: ${record.state} on disk, ${task?.record.state} in memory`);
    if (!task) return;
    const inMemory = essence(task.record);
    const onDisk = essence(record);
    this.expect(inMemory === onDisk, () => `${record.id}: ${inMemory} in memory, ${onDisk} on disk`);
    this.expect(task.committedSeq === record.seq, () => `${record.id}: committed ${task.committedSeq}, on disk ${record.seq}`);
  }

  private checkWatchers(): void {
    for (const { id, seen, ended, abort } of this.watchers) {
      if (!abort) continue;
      const record = this.store.stored(id)?.record;
      this.expect(seen === record?.seq, () => `${id}: a watcher has seen ${seen} of ${record?.seq}`);
      this.expect(!ended, () => `${id}: a stream goes on after the end`);
    }
  }

  private checkEnd(): void {
    const { live, waiting, log, clock } = this.engine;
    for (const [id, { marker, task }] of this.acknowledged) {
      const stored = this.store.stored(id);
      this.expect(stored !== undefined && isTerminal(stored.record.state), () => `${id} is lost or stuck: ${stored?.record.state}`);
      this.expect(stored?.input.message.parts[0]?.text === marker && stored.record.skill === task.skill, () => `${id} has changed`);
      this.expect(stored?.events.filter(({ body }) => endsTask(body)).length === 1, () => `${id} has not ended exactly once`);
    }
    for (const id of this.canceled) this.expect(this.store.stored(id)?.record.state === 'canceled', () => `${id} was canceled and is not`);
    for (const [id, frames] of this.framesOf) {
      const allowed = this.engine.config.maxAttempts + this.life - 1;
      this.expect(frames <= allowed, () => `${id} was sent ${frames} times, allowed ${allowed}`);
    }
    this.expect(live.size === 0 && waiting.size === 0, () => `${live.size} tasks are kept, ${waiting.size} wait`);
    this.expect(log.readers === 0, () => `${log.readers} readers are left`);
    this.expect(clock.timers <= 1, () => `${clock.timers} timers are left`);
    for (const { agent } of this.openClients()) this.expect(agent.load === 0, () => `${agent.key}: load ${agent.load} at rest`);
    for (const watcher of this.watchers) this.expect(watcher.ended || watcher.seen === this.store.stored(watcher.id)?.record.seq, () => `${watcher.id}: a watcher never saw the end`);
  }
}

const pick = <T>(list: readonly T[], place: number): T | undefined => list[place % Math.max(1, list.length)];
const skillsOf = (bits: number): string[] => SKILLS.filter((_, i) => bits & (1 << i));
const keyOf = (task: NewTask): string => `${task.namespace ?? 'default'}\n${task.idempotencyKey}`;
const same = (a: readonly string[], b: readonly string[]): boolean => a.toSorted().join() === b.toSorted().join();
const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** The same key and body is the same request in everything. */
const repeatable = ({ namespace, body }: SubmitAction, key: number): SubmitAction => ({
  skill: key,
  namespace,
  key,
  body,
  priority: undefined,
  context: undefined,
  pin: undefined,
  wait: body === 0,
  idempotent: false,
  timeoutMs: undefined,
});

function newTask(wanted: SubmitAction, marker: string): NewTask {
  const { skill, namespace, key, priority, context, pin, wait, idempotent, timeoutMs } = wanted;
  const keyed = key === undefined ? {} : { idempotencyKey: `k${key}`, fingerprint: marker };
  return {
    skill: SKILLS[skill]!,
    input: anInput(marker),
    // 0: any namespace; the rest by name.
    namespace: namespace === 0 ? undefined : (NAMESPACES[namespace - 1] as Namespace),
    agent: pin === undefined ? undefined : (NAMES[pin] as AgentName),
    contextId: context === undefined ? undefined : `c${context}`,
    priority,
    timeoutMs,
    idempotent,
    waitForAgent: wait,
    ...keyed,
  };
}

const ARTIFACT = { text: 'whole' };
function reportOf(kind: ReportKind): TaskReport {
  switch (kind) {
    case 'running':
      return { status: 'running' };
    case 'progress':
      return { status: 'running', progress: { pct: 50 } };
    case 'chunk':
      return { status: 'running', artifact: { text: 'a' }, append: true };
    case 'last chunk':
      return { status: 'running', artifact: { text: 'b' }, append: true, lastChunk: true };
    case 'huge chunk':
      return { status: 'running', artifact: { text: 'x'.repeat(2_000) }, append: true, progress: { pct: 1 } };
    case 'completed':
      return { status: 'completed', artifact: ARTIFACT };
    case 'completed by chunk':
      return { status: 'completed', artifact: { text: 'c' }, append: true };
    case 'failed':
      return { status: 'failed', error: 'no' };
  }
}

const couldTake = (agent: Agent, task: NewTask): boolean =>
  agent.hasSkill(task.skill) &&
  (task.namespace === undefined || task.namespace === agent.namespace) &&
  (task.agent === undefined || task.agent === agent.card.name);

const couldTakeRecord = (agent: Agent, { skill, scope, pinnedAgent }: TaskRecord): boolean =>
  agent.hasSkill(skill) &&
  (scope === null || scope === agent.namespace) &&
  (pinnedAgent === null || pinnedAgent === agent.card.name);

const rank = ({ createdAt, priority }: TaskRecord): number => createdAt + HEAD_START[priority];
const comesBefore = (a: TaskRecord, b: TaskRecord): boolean => rank(a) < rank(b) || (rank(a) === rank(b) && a.id < b.id);

const essence = ({ state, seq, attempt, agent, routing, progress, error, endedAt }: TaskRecord): string =>
  JSON.stringify({ state, seq, attempt, agent, reason: agent && routing?.reason, progress, error, endedAt });
