import { GatewayError, type ErrorCode } from '../../src/core/errors.js';
import type { TaskId } from '../../src/core/ids.js';
import type { TaskRecord } from '../../src/core/task.js';
import type { LiveTask } from '../../src/engine/tasks/live-task.js';
import { Engine, turn } from '../fakes/engine.js';
import { MemoryTaskStore } from '../fakes/memory-task.store.js';
import type { Setup } from './actions.js';

/** The gateway under test and what everybody around it shares. */
export class Scene {
  engine: Engine;
  /** Counts processes: what was under way in an earlier one is never answered. */
  life = 1;
  /** SIGTERM has come. */
  stopped = false;
  /** Requests that wait for their answer. */
  underWay = 0;
  /** Every task that anybody knows the id of, in the order in which that was. */
  readonly tasks: TaskId[] = [];
  private readonly problems: string[] = [];

  constructor(setup: Setup) {
    this.engine = new Engine({
      store: new MemoryTaskStore({ automatic: false }),
      strategy: setup.strategy,
      tasks: setup.tasks,
    });
  }

  get store(): MemoryTaskStore {
    return this.engine.store;
  }

  get now(): number {
    return this.engine.clock.now();
  }

  /** The record on disk. */
  record(id: TaskId): TaskRecord | undefined {
    return this.store.stored(id)?.record;
  }

  know(id: TaskId): void {
    if (!this.tasks.includes(id)) this.tasks.push(id);
  }

  complain(problem: string): void {
    this.problems.push(problem);
  }

  expect(condition: boolean, problem: () => string): void {
    if (!condition) this.complain(problem());
  }

  /** @throws Error with everything that was wrong so far */
  assertSound(when: string): void {
    if (this.problems.length > 0) throw new Error(`after ${when}:\n  ${this.problems.join('\n  ')}`);
  }

  /** Judges the answer when it comes; a process that has died answers nothing. */
  follow<T>(work: Promise<T>, done: (value: T) => void, refused: (code: ErrorCode) => void): void {
    const { life } = this;
    this.underWay++;
    const settled = (judge: () => void) => {
      if (life !== this.life) return;
      this.underWay--;
      judge();
    };
    const failed = (error: unknown) =>
      error instanceof GatewayError ? refused(error.code) : this.complain(`broke: ${stackOf(error)}`);
    work.then(
      (value) => settled(() => done(value)),
      (error: unknown) => settled(() => failed(error)),
    );
  }

  /** Everything in line is done, as far as the storage works. */
  async drain(): Promise<void> {
    for (let idle = 0; idle < 2;) {
      const { available, pendingWrites, pendingReads } = this.store;
      idle = (available ? pendingWrites : 0) + pendingReads > 0 ? 0 : idle + 1;
      this.store.commit();
      while (this.store.pendingReads > 0) this.store.answer();
      await turn();
    }
  }

  /** Every read is answered. */
  async answerAll(): Promise<void> {
    while (this.store.pendingReads > 0) {
      this.store.answer();
      await turn();
    }
  }

  /** The process dies and the next one starts on its disk, to which so many of the writes in line got. */
  async restart(reached: number): Promise<void> {
    this.life++;
    this.underWay = 0;
    this.stopped = false;
    const store = this.engine.kill(reached);
    this.engine = this.engine.next({ store });
    let started = false;
    const starting = this.engine.start().then(() => (started = true));
    while (!started) {
      store.answer(); // recovery reads logs
      await turn();
    }
    await starting;
  }

  waiting(): LiveTask[] {
    return [...this.engine.live].filter(
      (task) => !task.ended && !task.holder && !task.waitsForHolder && !task.interrupted,
    );
  }
}

/** The item at a place of a list, counted round and round; undefined when the list is empty. */
export const pick = <T>(list: readonly T[], place: number): T | undefined =>
  list[place % Math.max(1, list.length)];

export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
