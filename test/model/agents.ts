import { GatewayError, type ErrorCode } from '../../src/core/errors.js';
import { agentKey, type AgentName, type Namespace, type TaskId } from '../../src/core/ids.js';
import { messageOf, type TaskReport } from '../../src/core/task.js';
import { isTerminal } from '../../src/core/task-states.js';
import type { Agent } from '../../src/engine/registry/agent.js';
import type { Assignment } from '../../src/engine/registry/agent-connection.js';
import type { LiveTask } from '../../src/engine/tasks/live-task.js';
import { aCard } from '../fakes/engine.js';
import { FakeConnection, type Told } from '../fakes/fake-connection.js';
import type { JoinAction, ReportKind } from './actions.js';
import { stackOf, type Scene } from './scene.js';
import { bitsOf, markerOf, NAMES, NAMESPACES, PRINCIPALS, skillsOf, suits, toReport } from './words.js';

const LOST_TO_THE_CLOCK = ['TIMEOUT', 'AGENT_LOST', 'MAX_ATTEMPTS'];
/** After a restart an agent has at least this long to come back and report. */
const RESTART_LENIENCE_MS = 5_000;

/** An agent as it sees itself. */
export interface Client {
  readonly connection: FakeConnection;
  /** Gives no sign of life. */
  readonly mute: boolean;
  agent: Agent;
  open: boolean;
  /** Tasks that it was sent, or took up again, and whose end neither side has told the other. */
  readonly held: Set<TaskId>;
  /** Every task that it was sent over this connection, with the newest attempt. */
  readonly sent: Map<TaskId, number>;
}

interface Sent {
  readonly key: string;
  readonly principal: string | null;
  readonly attempt: number;
}

export type Numbering = 'none' | 'right' | 'wrong';

/** Those who do the work. They know what they were sent and judge whether they should have been. */
export class Agents {
  /** The agent that was sent a task last. */
  private readonly last = new Map<TaskId, Sent>();
  private readonly times = new Map<TaskId, number>();
  /** When a task that is worked on must have ended, by what its agent was sent and has reported. */
  private readonly deadlines = new Map<TaskId, number>();
  /** Chunks of an attempt that were taken in. */
  private readonly chunks = new Map<string, number>();
  private clients: Client[] = [];

  constructor(private readonly scene: Scene) {}

  /** Connections of this process, closed ones too. */
  get all(): readonly Client[] {
    return this.clients;
  }

  online(): Client[] {
    return this.clients.filter(({ open }) => open);
  }

  join({ name, namespace, skills, max, principal, mute }: JoinAction): void {
    const key = agentKey({ name: NAMES[name] as AgentName, namespace: NAMESPACES[namespace] as Namespace });
    const rival = this.online().find(({ agent }) => agent.key === key);
    const client = this.newClient(principal, mute);
    const mayJoin = rival === undefined || rival.connection.principal === client.connection.principal;
    try {
      const options = {
        skills: skillsOf(skills),
        max,
        namespace: NAMESPACES[namespace]!,
        connection: client.connection,
      };
      client.agent = this.scene.engine.join(NAMES[name]!, options).agent;
    } catch (error) {
      return this.scene.expect(
        !mayJoin && error instanceof GatewayError,
        () => `${key} could not join: ${stackOf(error)}`,
      );
    }
    this.scene.expect(mayJoin, () => `${key} was taken over with other credentials`);
    this.scene.expect(rival?.open !== true, () => `${key}: the older connection was not closed`);
    this.clients.push(client);
    for (const task of this.scene.engine.holdings.of(client.agent))
      if (task.handed) this.takeUp(client, task);
  }

  leave(client: Client | undefined): void {
    if (!client) return;
    client.open = false;
    client.held.clear();
    this.scene.engine.registry.remove(client.agent, 'disconnected');
  }

  /** Loses its connection and comes back on a new one, which the gateway may notice before the old one's end. */
  bounce(client: Client | undefined, replaced: boolean, max: number | undefined): void {
    if (!client) return;
    const { agent, connection, mute } = client;
    if (!replaced) this.leave(client);
    this.join({
      name: NAMES.indexOf(agent.card.name),
      namespace: NAMESPACES.indexOf(agent.namespace),
      skills: bitsOf(agent),
      max: max ?? agent.card.maxConcurrency,
      principal: PRINCIPALS.indexOf(connection.principal),
      mute,
    });
  }

  /** Registers again on its own connection. */
  amend(client: Client | undefined, skills: number, max: number): void {
    if (client)
      this.scene.engine.registry.amend(
        client.agent,
        aCard(client.agent.card.name, { skills: skillsOf(skills), max }),
      );
  }

  /** Everybody who is not mute shows that he is alive. */
  giveSigns(): void {
    for (const { agent, mute } of this.online()) if (!mute) this.scene.engine.registry.touch(agent);
  }

  /** All sockets are gone. Whom the disk says to have a task may have been sent it just before. */
  crashed(): void {
    this.clients = [];
    for (const { record } of this.scene.store.storedTasks()) {
      const { id, agent, agentPrincipal: principal, attempt } = record;
      if (agent && attempt > (this.last.get(id)?.attempt ?? 0))
        this.last.set(id, { key: agentKey(agent), principal, attempt });
    }
    const lenient = this.scene.now + RESTART_LENIENCE_MS;
    for (const [id, deadline] of this.deadlines) this.deadlines.set(id, Math.max(deadline, lenient));
  }

  report(client: Client, id: TaskId, kind: ReportKind, numbering: Numbering): void {
    const { scene } = this;
    const attempt = client.sent.get(id) ?? 1;
    const series = `${id} ${attempt}`;
    const report = numbered(toReport(kind, `[${this.chunks.get(series) ?? 0}]`), attempt, numbering);
    const live = scene.engine.live.get(id);
    const name = `${kind} of ${nameOf(client)} on ${id}`;
    const mayCount = client.open && live?.ended === false && this.hadItLast(client, id);
    const mustCount = mayCount && client.held.has(id) && numbering !== 'wrong';
    if (mustCount && isResult(report)) client.held.delete(id);
    const answer = this.send(client, live, report, series);
    if (mustCount && live.interrupted) client.held.delete(id);
    scene.follow(
      answer,
      () => {
        scene.expect(mayCount, () => `${name} counted`);
        this.checkStored(id, report, name);
      },
      (code) => this.refused(client, id, report, { name, code, mustCount, tooLarge: kind === 'huge chunk' }),
    );
  }

  wasSent(id: TaskId): boolean {
    return this.last.has(id);
  }

  /** The moment by which a task must have ended if its agent has been silent since. */
  deadlineOf(id: TaskId): number | undefined {
    return this.deadlines.get(id);
  }

  /** How often each task was sent. */
  get dispatches(): ReadonlyMap<TaskId, number> {
    return this.times;
  }

  private newClient(principal: number, mute: boolean): Client {
    const client: Client = {
      connection: new FakeConnection(PRINCIPALS[principal], (told) => this.hear(client, told)),
      mute,
      agent: undefined as unknown as Agent, // until it has joined
      open: true,
      held: new Set(),
      sent: new Map(),
    };
    return client;
  }

  /** It goes on with what it had begun. */
  private takeUp(client: Client, { id, record }: LiveTask): void {
    this.scene.expect(record.state === 'running', () => `${id} is ${record.state} and was taken up again`);
    this.scene.expect(this.hadItLast(client, id), () => `${id} was taken up by an agent that never had it`);
    client.held.add(id);
    client.sent.set(id, record.attempt);
  }

  private hear(client: Client, told: Told): void {
    if (told.kind === 'close') this.leave(client); // as a session does: by then it may have been replaced
    if (told.kind === 'assign') this.isSent(client, told.assignment);
    if (told.kind === 'cancel') this.isToldToStop(client, told.taskId);
  }

  private isToldToStop(client: Client, id: TaskId): void {
    client.held.delete(id);
    const state = this.scene.record(id)?.state;
    this.scene.expect(
      state === 'canceled' || state === 'failed',
      () => `${id}: cancel sent, on disk ${state}`,
    );
  }

  private isSent(client: Client, { taskId: id, attempt, input, continuation }: Assignment): void {
    const { scene } = this;
    const { agent } = client;
    const stored = scene.store.stored(id);
    const before = this.last.get(id)?.attempt ?? 0;
    if (!stored) return scene.complain(`${id} was sent and is not on disk`);
    const { record } = stored;
    const isHis = record.attempt === attempt && record.agent !== null && agentKey(record.agent) === agent.key;
    scene.expect(client.open, () => `${id} was sent over a closed connection of ${nameOf(client)}`);
    scene.expect(!scene.stopped, () => `${id} was sent after the stop`);
    scene.expect(
      !isTerminal(record.state),
      () => `${id} was sent to ${nameOf(client)}, on disk ${record.state}`,
    );
    scene.expect(
      isHis,
      () => `${id} was sent to ${nameOf(client)} (attempt ${attempt}) before that was on disk`,
    );
    if (continuation) {
      const answer = stored.events.find(({ seq }) => seq === record.turn);
      const text = answer && messageOf(answer.body)?.parts[0]?.text;
      const asked = this.last.get(id)?.key === agent.key || scene.life > 1;
      scene.expect(asked, () => `${id}: the answer went to ${nameOf(client)}, which had not asked`);
      scene.expect(attempt === before, () => `${id}: attempt ${before} went on as ${attempt}`);
      scene.expect(markerOf({ input }) === text, () => `${id} was sent with another answer`);
    } else {
      scene.expect(attempt > before, () => `${id}: attempt ${attempt} after ${before}`);
      scene.expect(markerOf({ input }) === markerOf(stored), () => `${id} was sent with another input`);
      this.times.set(id, (this.times.get(id) ?? 0) + 1);
    }
    // Whoever went on by itself has it, whatever its card says by now.
    const mayHave = client.held.has(id) || suits(agent, record);
    scene.expect(mayHave, () => `${id} was sent to ${nameOf(client)}, which may not have it`);
    this.take(client, id, attempt, record.timeoutMs);
  }

  private take(client: Client, id: TaskId, attempt: number, timeoutMs: number): void {
    const { agent, held, connection } = client;
    const { maxConcurrency } = agent.card;
    const hadIt = held.has(id);
    held.add(id);
    client.sent.set(id, attempt);
    this.scene.expect(
      hadIt || held.size <= maxConcurrency,
      () => `${nameOf(client)} holds ${held.size} tasks, allowed ${maxConcurrency}`,
    );
    this.last.set(id, { key: agent.key, principal: connection.principal.id, attempt });
    this.deadlines.set(id, this.scene.now + timeoutMs);
    this.scene.know(id);
  }

  /** The engine decides at once; whether it took the report in shows in the task. */
  private send(
    client: Client,
    live: LiveTask | undefined,
    report: TaskReport,
    series: string,
  ): Promise<void> {
    const before = live?.record;
    const answer = this.scene.engine.tasks.report(client.agent, series.split(' ')[0]!, report);
    if (!live || live.record === before) return answer;
    if (report.append) this.chunks.set(series, (this.chunks.get(series) ?? 0) + 1);
    const alive = this.scene.now + live.record.timeoutMs;
    this.deadlines.set(live.id, Math.max(alive, this.deadlines.get(live.id) ?? 0));
    if (live.holder !== client.agent || !live.handed) return answer;
    client.held.add(live.id); // it may have taken it up again
    client.sent.set(live.id, live.record.attempt);
    return answer;
  }

  private checkStored(id: TaskId, { status, append }: TaskReport, name: string): void {
    if (!isResult({ status })) return; // whatever else it was, the task may have moved on
    const state = this.scene.record(id)?.state;
    this.scene.expect(state === status, () => `${name} acknowledged, on disk ${state}`);
    if (append) this.checkWhole(id);
  }

  /** An artifact by chunks has all of them, from the first on. (What an agent does about those that a crash lost is its own affair.) */
  private checkWhole(id: TaskId): void {
    const body = this.scene.store.stored(id)?.events.at(-1)?.body;
    const text = body?.event === 'completed' ? (body.artifact?.text ?? '') : '';
    const numbers = [...text.matchAll(/\[(\d+)\]/g)].map((match) => Number(match[1]));
    const whole = this.scene.life > 1 || numbers.every((n, i) => n === i);
    this.scene.expect(whole, () => `${id} was completed with the chunks ${text}`);
  }

  private refused(
    client: Client,
    id: TaskId,
    report: TaskReport,
    {
      name,
      code,
      mustCount,
      tooLarge,
    }: { name: string; code: ErrorCode; mustCount: boolean; tooLarge: boolean },
  ): void {
    if (tooLarge && code === 'INVALID') return;
    this.scene.expect(code === 'TASK_NOT_FOUND', () => `${name} refused with ${code}`);
    this.scene.expect(!mustCount, () => `${name} refused though it holds the task`);
    if (isResult(report)) this.checkLate(client, id, name);
  }

  private checkLate(client: Client, id: TaskId, name: string): void {
    const record = this.scene.record(id);
    if (!record?.agent || agentKey(record.agent) !== client.agent.key) return;
    if (record.agentPrincipal !== client.connection.principal.id) return;
    if (record.error && LOST_TO_THE_CLOCK.includes(record.error.code))
      this.scene.expect(record.lateResult !== null, () => `${name} came late and was not kept`);
  }

  private hadItLast({ agent, connection }: Client, id: TaskId): boolean {
    const last = this.last.get(id);
    return last?.key === agent.key && last.principal === connection.principal.id;
  }
}

const isResult = ({ status }: Pick<TaskReport, 'status'>): boolean =>
  status === 'completed' || status === 'failed' || status === 'rejected';

const nameOf = ({ agent }: Client): string => agent.key.replace('\n', '/');

function numbered(report: TaskReport, attempt: number, numbering: Numbering): TaskReport {
  return numbering === 'none'
    ? report
    : { ...report, attempt: numbering === 'right' ? attempt : attempt + 1 };
}
