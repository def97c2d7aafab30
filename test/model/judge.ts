import type { TaskId } from '../../src/core/ids.js';
import { stateAfter, type TaskEvent, type TaskRecord } from '../../src/core/task.js';
import { canMove, isTerminal, type TaskState } from '../../src/core/task-states.js';
import type { LiveTask } from '../../src/engine/tasks/live-task.js';
import type { Agents, Client } from './agents.js';
import type { Scene } from './scene.js';
import { comesBefore, mayGetNow } from './words.js';

/** How late a deadline may be noticed. */
export const SLACK_MS = 300;
/** How long an agent may be silent, and how late that may be noticed (a tenth of the interval). */
const SILENCE_MS = 30_000 + 1_000;

/** Why an agent has a task that it was not given now. */
const BY_ITSELF: readonly (string | undefined)[] = ['the agent came back', 'the agent went on'];

/** A waiting task and the attempt in which it waited. */
export interface Waiting {
  readonly task: LiveTask;
  readonly attempt: number;
}

/** What must hold: always, at rest, and in the end. */
export class Judge {
  constructor(
    private readonly scene: Scene,
    private readonly agents: Agents,
  ) {}

  /** Who was handed out stood before everybody who could have had that agent and still waits. */
  checkOrder(before: readonly Waiting[]): void {
    const left = before.filter(
      ({ task, attempt }) => task.record.attempt === attempt && !task.holder && !task.ended,
    );
    for (const { task } of before) {
      const { holder, record } = task;
      if (!holder || BY_ITSELF.includes(record.routing?.reason)) continue;
      const overtaken = left.find(
        ({ task: other }) => mayGetNow(holder, other) && comesBefore(other.record, record),
      );
      this.scene.expect(!overtaken, () => `${task.id} was handed out before ${overtaken?.task.id}`);
    }
  }

  /** One live assignment at most. */
  checkAssignments(): void {
    const held = new Set<TaskId>();
    for (const client of this.agents.online())
      for (const id of client.held) {
        this.scene.expect(!held.has(id), () => `${id} is held twice`);
        held.add(id);
      }
  }

  /** Nothing is under way any more. */
  checkRest(): void {
    const { scene, agents } = this;
    const online = agents.online();
    scene.expect(scene.underWay === 0, () => `${scene.underWay} requests are never answered`);
    scene.expect(scene.engine.registry.size === online.length, () => 'the registry has lost count');
    for (const client of online) this.checkLoad(client);
    for (const { record, events } of scene.store.storedTasks()) this.checkLog(record, events);
    if (scene.stopped) return;
    for (const task of scene.engine.live) this.checkLive(task);
    this.checkWakeUps();
    this.checkSilence();
  }

  /** Nobody does anything any more, and time has passed. */
  checkEnd(): void {
    const { scene } = this;
    const { live, waiting, log, clock, config } = scene.engine;
    const allowed = config.maxAttempts + scene.life - 1;
    for (const [id, times] of this.agents.dispatches)
      scene.expect(times <= allowed, () => `${id} was sent ${times} times, allowed ${allowed}`);
    for (const { agent } of this.agents.online())
      scene.expect(agent.load === 0, () => `${agent.key}: load ${agent.load}`);
    scene.expect(
      live.size === 0 && waiting.size === 0,
      () => `${live.size} tasks are kept, ${waiting.size} wait`,
    );
    scene.expect(log.readers === 0, () => `${log.readers} readers are left`);
    scene.expect(clock.timers <= 1, () => `${clock.timers} timers are left`);
  }

  /** The agent and the gateway agree on what it holds, and that is its load. */
  private checkLoad({ agent, held }: Client): void {
    const believed = [...this.scene.engine.holdings.of(agent)].map(({ id }) => id);
    this.scene.expect(
      agent.load === believed.length,
      () => `${agent.key}: load ${agent.load}, holds ${believed.length}`,
    );
    const agree = this.scene.stopped || believed.toSorted().join() === [...held].toSorted().join();
    this.scene.expect(
      agree,
      () => `${agent.key} holds ${[...held].join()}, the gateway believes ${believed.join()}`,
    );
  }

  private checkLive(task: LiveTask): void {
    const { scene } = this;
    const over = scene.now - (task.dueAt ?? 0);
    const late = scene.now - (this.agents.deadlineOf(task.id) ?? scene.now);
    const back = task.waitsForHolder && this.agents.online().some(({ agent }) => task.mayReturnTo(agent));
    scene.expect(!task.ended, () => `${task.id} has ended and is still kept`);
    scene.expect(over <= SLACK_MS, () => `${task.id} is ${over} ms over its deadline`);
    // Only reports keep a task alive, whatever else agents do, coming and going included.
    scene.expect(
      !task.begun || late <= SLACK_MS,
      () => `${task.id} is worked on ${late} ms after its deadline`,
    );
    scene.expect(!back, () => `${task.id} waits for an agent that is back`);
    scene.expect(
      !task.holder || !task.hasAnswerToSend,
      () => `${task.id}: its agent does not know the caller's answer`,
    );
    scene.expect(!task.interrupted || !task.holder, () => `${task.id} is interrupted and holds a slot`);
  }

  /** No task waits while somebody could take it. */
  private checkWakeUps(): void {
    const { scene } = this;
    const waiting = scene.waiting();
    const { size } = scene.engine.waiting;
    scene.expect(waiting.length === size, () => `${size} in the queue, ${waiting.length} wait`);
    for (const task of waiting) {
      const idle = this.agents.online().find(({ agent }) => agent.hasRoom && mayGetNow(agent, task));
      scene.expect(!idle, () => `${task.id} waits though ${idle?.agent.key} has room`);
    }
  }

  private checkSilence(): void {
    for (const { agent } of this.agents.online()) {
      const silent = this.scene.now - agent.lastSeen;
      this.scene.expect(
        silent <= SILENCE_MS + SLACK_MS,
        () => `${agent.key} has been silent for ${silent} ms`,
      );
    }
  }

  /** Legal transitions, dense sequence, one end; a timeout is the agent's, so it must have had the task. */
  private checkLog(record: TaskRecord, events: readonly TaskEvent[]): void {
    const { scene } = this;
    const { id } = record;
    scene.expect(
      record.seq === events.length && events.every(({ seq }, i) => seq === i + 1),
      () => `${id}: gaps in the log`,
    );
    let state: TaskState = 'created';
    for (const { body } of events) {
      const from = state;
      state = stateAfter(body);
      const legal = !isTerminal(from) && (state === from || canMove(from, state));
      scene.expect(legal, () => `${id}: ${from} → ${body.event}`);
    }
    scene.expect(record.state === state, () => `${id}: ${record.state}, by its log ${state}`);
    const fair = record.error?.code !== 'TIMEOUT' || this.agents.wasSent(id);
    scene.expect(fair, () => `${id} timed out and was never sent`);
    this.checkMemory(record);
  }

  /** At rest the engine knows what is on disk. */
  private checkMemory(record: TaskRecord): void {
    const { scene } = this;
    const { id, state } = record;
    const task = scene.engine.live.get(id);
    scene.expect(
      (task === undefined) === isTerminal(state),
      () => `${id}: ${state} on disk, ${task?.record.state} in memory`,
    );
    if (!task) return;
    const inMemory = essence(task.record);
    const onDisk = essence(record);
    scene.expect(inMemory === onDisk, () => `${id}: ${inMemory} in memory, ${onDisk} on disk`);
    scene.expect(
      task.committedSeq === record.seq,
      () => `${id}: committed ${task.committedSeq}, on disk ${record.seq}`,
    );
  }
}

const essence = ({
  state,
  seq,
  attempt,
  turn,
  agent,
  routing,
  progress,
  error,
  endedAt,
}: TaskRecord): string =>
  JSON.stringify({
    state,
    seq,
    attempt,
    turn,
    agent,
    reason: agent && routing?.reason,
    progress,
    error,
    endedAt,
  });
