import { Injectable } from '@nestjs/common';
import { Clock, type Timer } from '../../core/clock.js';
import type { LiveTask } from './live-task.js';

/** Width of a slot: how late a deadline is noticed at most, besides the event loop's own delay. */
const SLOT_MS = 100;

/**
 * Calls back when a task's deadline has passed. The deadline itself is data of the record; this is only the alarm clock,
 * a wheel of slots: to watch and to forget cost the same with ten tasks and a million.
 */
@Injectable()
export class Deadlines {
  private readonly slots = new Map<number, Set<LiveTask>>();
  private readonly slotOf = new Map<LiveTask, number>();
  private cursor = 0;
  private timer: Timer | undefined;
  private stopped = false;
  private expired: (task: LiveTask) => void = () => undefined;

  constructor(private readonly clock: Clock) {}

  onExpired(callback: (task: LiveTask) => void): void {
    this.expired = callback;
  }

  /** To be called once for a task, and again when its deadline has moved to an earlier moment; later ones are noticed by themselves. */
  watch(task: LiveTask): void {
    const at = task.dueAt;
    if (at === null || this.stopped) return;
    this.forget(task);
    this.arm();
    const slot = Math.max(Math.ceil(at / SLOT_MS), this.cursor + 1);
    let tasks = this.slots.get(slot);
    if (!tasks) this.slots.set(slot, (tasks = new Set()));
    tasks.add(task);
    this.slotOf.set(task, slot);
  }

  forget(task: LiveTask): void {
    const slot = this.slotOf.get(task);
    if (slot === undefined) return;
    this.slotOf.delete(task);
    const tasks = this.slots.get(slot);
    tasks?.delete(task);
    if (tasks?.size === 0) this.slots.delete(slot);
  }

  /** For good: nothing expires any more. */
  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
    this.timer = undefined;
    this.slots.clear();
    this.slotOf.clear();
  }

  private arm(): void {
    if (this.timer) return;
    this.cursor = Math.floor(this.clock.now() / SLOT_MS);
    this.schedule();
  }

  private schedule(): void {
    this.timer = this.clock.after(SLOT_MS, () => {
      this.turn();
      if (!this.timer) return; // stopped by what a deadline led to
      this.timer = undefined;
      if (this.slotOf.size > 0) this.schedule();
    });
  }

  private turn(): void {
    const now = this.clock.now();
    const until = Math.floor(now / SLOT_MS);
    while (this.cursor < until) {
      const due = this.slots.get(++this.cursor);
      if (due) for (const task of [...due]) this.judge(task, now);
    }
  }

  private judge(task: LiveTask, now: number): void {
    if (!this.slotOf.has(task)) return; // forgotten by what the deadline of another led to
    const at = task.dueAt;
    if (at !== null && at > now) return this.watch(task);
    this.forget(task);
    if (at !== null) this.expired(task);
  }
}
