import type { ErrorCode } from '../../src/core/errors.js';
import type { TaskId } from '../../src/core/ids.js';
import { ANONYMOUS } from '../../src/core/principal.js';
import type { Message, NewTask, TaskRecord } from '../../src/core/task.js';
import { endsTask, messageOf } from '../../src/core/task.js';
import { isTerminal } from '../../src/core/task-states.js';
import type { SubmitAction } from './actions.js';
import type { Agents } from './agents.js';
import type { Scene } from './scene.js';
import { keyOf, markerOf, suits, toTask } from './words.js';

/** Those who give work. They remember what they were promised. */
export class Callers {
  private readonly acknowledged = new Map<TaskId, NewTask>();
  /** The one task of each key, and the bodies that were sent under it. */
  private readonly keys = new Map<string, TaskId>();
  private readonly bodies = new Map<string, Set<string>>();
  private readonly canceled = new Set<TaskId>();
  private cancels = new Map<number, number>();
  private count = 0;

  constructor(
    private readonly scene: Scene,
    private readonly agents: Agents,
  ) {}

  submit(asked: SubmitAction): void {
    const { key, namespace, body } = asked;
    const task = toTask(asked, key === undefined ? `m${++this.count}` : `k${namespace}.${key}.${body}`);
    if (key !== undefined) this.bodiesOf(task).add(markerOf(task)!);
    const wanted = { skill: task.skill, scope: task.namespace ?? null, pinnedAgent: task.agent ?? null };
    const hopeless = !task.waitForAgent && !this.agents.online().some(({ agent }) => suits(agent, wanted));
    this.scene.follow(
      this.scene.engine.tasks.submit(ANONYMOUS, task),
      (record) => this.accepted(task, record),
      (code) => this.refused(task, code, hopeless),
    );
  }

  cancel(id: TaskId | undefined): void {
    if (id === undefined) return;
    const { scene } = this;
    const { life } = scene;
    this.countCancel(life, 1);
    const answer = scene.engine.tasks.cancel(ANONYMOUS, id).finally(() => this.countCancel(life, -1));
    scene.follow(
      answer,
      () => {
        scene.expect(
          scene.record(id)?.state === 'canceled',
          () => `${id}: cancel acknowledged before it was on disk`,
        );
        this.canceled.add(id);
      },
      (code) => this.cancelRefused(id, code),
    );
  }

  /** Answers an agent, whether or not it asks. */
  answer(id: TaskId | undefined): void {
    if (id === undefined) return;
    const { scene } = this;
    const text = `answer ${++this.count}`;
    const { life } = scene;
    this.countCancel(life, 1);
    const message: Message = { role: 'user', parts: [{ text }], messageId: text };
    const answer = scene.engine.tasks
      .continueTask(ANONYMOUS, id, message)
      .finally(() => this.countCancel(life, -1));
    scene.follow(
      answer,
      () => scene.expect(this.hasHeard(id, text), () => `${id}: ${text} acknowledged before it was on disk`),
      (code) => this.answerRefused(id, text, code),
    );
  }

  /** Nobody waits for a storage that is down. */
  expectPatience(): void {
    if (!this.scene.store.available)
      this.scene.expect(
        !this.cancels.get(this.scene.life),
        () => 'a cancel or an answer waits for a storage that is down',
      );
  }

  get(id: TaskId | undefined): void {
    if (id === undefined) return;
    const { scene } = this;
    const wasCanceled = this.canceled.has(id);
    scene.follow(
      scene.engine.tasks.get(ANONYMOUS, id),
      ({ record: { state }, artifact }) => {
        scene.expect(!wasCanceled || state === 'canceled', () => `${id}: canceled, shown as ${state}`);
        scene.expect(!artifact || state === 'completed', () => `${id}: ${state} with an artifact`);
      },
      (code) => scene.complain(`${id}: get refused with ${code}`),
    );
  }

  wasCanceled(id: TaskId): boolean {
    return this.canceled.has(id);
  }

  /** When everything is over: every promise was kept. */
  checkEnd(): void {
    const { scene } = this;
    for (const [id, task] of this.acknowledged) {
      const stored = scene.store.stored(id);
      if (!stored) return scene.complain(`${id} is lost`);
      scene.expect(isTerminal(stored.record.state), () => `${id} is stuck: ${stored.record.state}`);
      scene.expect(
        markerOf(stored) === markerOf(task) && stored.record.skill === task.skill,
        () => `${id} has changed`,
      );
      scene.expect(
        stored.events.filter(({ body }) => endsTask(body)).length === 1,
        () => `${id} has not ended exactly once`,
      );
    }
    for (const id of this.canceled)
      scene.expect(scene.record(id)?.state === 'canceled', () => `${id} was canceled and is not`);
  }

  private accepted(task: NewTask, { id }: TaskRecord): void {
    const { scene } = this;
    const stored = scene.store.stored(id);
    if (!stored) return scene.complain(`${id} was acknowledged and is not on disk`);
    scene.expect(markerOf(stored) === markerOf(task), () => `${id} has another input than was acknowledged`);
    scene.know(id);
    this.acknowledged.set(id, task);
    if (task.idempotencyKey === undefined) return;
    const known = this.keys.get(keyOf(task)) ?? id;
    scene.expect(known === id, () => `key ${keyOf(task)} made two tasks: ${known} and ${id}`);
    this.keys.set(keyOf(task), id);
  }

  private refused(task: NewTask, code: ErrorCode, hopeless: boolean): void {
    const { scene } = this;
    const keyed = task.idempotencyKey !== undefined;
    const differed = keyed && this.bodiesOf(task).size > 1;
    const allowed = [
      'NO_AGENT_AVAILABLE',
      'OVERLOADED',
      'STORAGE_UNAVAILABLE',
      ...(differed ? ['CONFLICT'] : []),
    ];
    scene.expect(allowed.includes(code), () => `a submission was refused with ${code}`);
    if (keyed) return;
    const left = [...scene.store.storedTasks()].some((stored) => markerOf(stored) === markerOf(task));
    scene.expect(!left, () => `a submission refused with ${code} left a task behind`);
    scene.expect(code !== 'NO_AGENT_AVAILABLE' || hopeless, () => 'refused though an agent has the skill');
  }

  private cancelRefused(id: TaskId, code: ErrorCode): void {
    const { scene } = this;
    const state = scene.record(id)?.state;
    if (code === 'TASK_TERMINAL')
      scene.expect(
        state !== undefined && isTerminal(state),
        () => `${id}: said to have ended, on disk ${state}`,
      );
    else
      scene.expect(
        code === 'STORAGE_UNAVAILABLE' && !scene.store.available,
        () => `${id}: cancel refused with ${code}`,
      );
  }

  private hasHeard(id: TaskId, text: string): boolean {
    const events = this.scene.store.stored(id)?.events ?? [];
    return events.some(({ body }) => messageOf(body)?.messageId === text);
  }

  private answerRefused(id: TaskId, text: string, code: ErrorCode): void {
    const { scene } = this;
    if (code !== 'CONFLICT') return this.cancelRefused(id, code);
    scene.expect(!this.hasHeard(id, text), () => `${id}: ${text} was refused and is on disk`);
  }

  private countCancel(life: number, by: number): void {
    this.cancels.set(life, (this.cancels.get(life) ?? 0) + by);
  }

  private bodiesOf(task: NewTask): Set<string> {
    const bodies = this.bodies.get(keyOf(task)) ?? new Set();
    this.bodies.set(keyOf(task), bodies);
    return bodies;
  }
}
