import type { TaskId } from '../../src/core/ids.js';
import { ANONYMOUS } from '../../src/core/principal.js';
import { endsTask, type TaskEvent } from '../../src/core/task.js';
import { RESET } from '../../src/engine/tasks/tasks.service.js';
import { stackOf, type Scene } from './scene.js';

export type Start = 'start' | 'somewhere' | 'beyond' | 'nonsense';

/** A reader of a task's log, over any number of cuts. */
export interface Watcher {
  readonly id: TaskId;
  seen: number;
  ended: boolean;
  /** Hangs up; undefined while nothing is open. */
  abort: AbortController | undefined;
}

/** Those who watch tasks. Whatever cuts their streams, they see the log: in order, no gap, no duplicate, nothing that is not on disk. */
export class Watchers {
  readonly all: Watcher[] = [];

  constructor(private readonly scene: Scene) {}

  watch(id: TaskId | undefined, from: Start): void {
    if (id === undefined) return;
    const seen = from === 'somewhere' ? Math.floor((this.scene.record(id)?.seq ?? 0) / 2) : 0;
    const watcher: Watcher = { id, seen, ended: false, abort: undefined };
    this.all.push(watcher);
    const after = { start: undefined, somewhere: String(seen), beyond: '999', nonsense: 'x1' }[from];
    this.open(watcher, after, from === 'beyond' || from === 'nonsense');
  }

  cut(watcher: Watcher | undefined): void {
    if (!watcher) return;
    watcher.abort?.abort();
    watcher.abort = undefined;
  }

  resume(watcher: Watcher | undefined): void {
    if (watcher && !watcher.abort) this.open(watcher, String(watcher.seen), false);
  }

  crashed(): void {
    for (const watcher of this.all) watcher.abort = undefined;
  }

  /** At rest whoever watches has seen everything, and nobody watches what has ended. */
  checkRest(): void {
    for (const { id, seen, ended, abort } of this.all) {
      if (!abort) continue;
      const seq = this.scene.record(id)?.seq;
      this.scene.expect(seen === seq, () => `${id}: a watcher has seen ${seen} of ${seq}`);
      this.scene.expect(!ended, () => `${id}: a stream goes on after the end`);
    }
  }

  checkEnd(): void {
    for (const { id, seen } of this.all) {
      const seq = this.scene.record(id)?.seq;
      this.scene.expect(seen === seq, () => `${id}: a watcher has seen ${seen} of ${seq} in the end`);
    }
  }

  private open(watcher: Watcher, after: string | undefined, reset: boolean): void {
    const abort = (watcher.abort = new AbortController());
    const { life } = this.scene;
    const isOver = () => life !== this.scene.life || abort.signal.aborted;
    this.read(watcher, after, abort.signal, isOver).then(
      (resets) => {
        if (isOver()) return;
        watcher.abort = undefined;
        this.scene.expect(
          resets === (reset ? 1 : 0),
          () => `${watcher.id}: ${resets} resets after position ${after}`,
        );
      },
      (error: unknown) => this.scene.complain(`${watcher.id}: watching broke: ${stackOf(error)}`),
    );
  }

  /** Resolves to the number of resets. */
  private async read(
    watcher: Watcher,
    after: string | undefined,
    signal: AbortSignal,
    isOver: () => boolean,
  ): Promise<number> {
    let resets = 0;
    for await (const item of await this.scene.engine.tasks.watch(ANONYMOUS, watcher.id, { after, signal })) {
      if (isOver()) return resets;
      if (item === RESET) resets++;
      else this.see(watcher, item);
    }
    this.scene.expect(isOver() || watcher.ended, () => `${watcher.id}: a stream ended before the task did`);
    return resets;
  }

  private see(watcher: Watcher, { seq, json, body }: TaskEvent): void {
    const { id } = watcher;
    const stored = this.scene.store.stored(id)?.events[seq - 1]?.json;
    this.scene.expect(seq === watcher.seen + 1, () => `${id}: a watcher saw ${seq} after ${watcher.seen}`);
    this.scene.expect(!watcher.ended, () => `${id}: a watcher saw ${seq} after the end`);
    this.scene.expect(stored === json, () => `${id}: a watcher saw ${json}, on disk ${stored}`);
    watcher.seen = seq;
    watcher.ended ||= endsTask(body);
  }
}
