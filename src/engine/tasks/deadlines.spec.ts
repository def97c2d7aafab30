import type { TaskId } from '../../core/ids.js';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { aRecord } from '../../../test/support/records.js';
import { Deadlines } from './deadlines.js';
import { LiveTask } from './live-task.js';

const SLOT_MS = 100;
let clock: FakeClock;
let deadlines: Deadlines;
let fired: { readonly name: string; readonly after: number }[];
let start: number;

const task = (name: string, inMs: number): LiveTask =>
  new LiveTask(aRecord({ id: name as TaskId, deadlineAt: clock.now() + inMs }));
const watched = (name: string, inMs: number): LiveTask => {
  const one = task(name, inMs);
  deadlines.watch(one);
  return one;
};
const move = (one: LiveTask, inMs: number | null): void => {
  one.record = { ...one.record, deadlineAt: inMs === null ? null : clock.now() + inMs };
};
const names = (): string[] => fired.map(({ name }) => name);

beforeEach(() => {
  clock = new FakeClock(1_000_000_037);
  start = clock.now();
  deadlines = new Deadlines(clock);
  fired = [];
  deadlines.onExpired(({ id }) => fired.push({ name: id, after: clock.now() - start }));
});

it('calls back when a deadline has passed: never before, and at most two slots later', () => {
  const times = [0, 1, 50, 99, 100, 101, 250, 999, 1_000, 5_432, 60_000, 3_600_000];
  for (const ms of times) watched(String(ms), ms);
  clock.advance(4_000_000);
  expect(fired).toHaveLength(times.length);
  for (const { name, after } of fired) {
    expect(after).toBeGreaterThanOrEqual(Number(name));
    expect(after).toBeLessThanOrEqual(Number(name) + 2 * SLOT_MS);
  }
});

it('calls back once', () => {
  watched('a', 100);
  clock.advance(10_000);
  expect(names()).toEqual(['a']);
  expect(clock.timers).toBe(0);
});

it('notices by itself that a deadline has moved to a later moment, any number of times', () => {
  const one = watched('a', 300);
  for (let i = 0; i < 20; i++) {
    clock.advance(250);
    move(one, 300);
  }
  expect(fired).toEqual([]);
  clock.advance(500);
  expect(names()).toEqual(['a']);
});

it('heeds a deadline that has moved to an earlier moment when told', () => {
  const one = watched('a', 60_000);
  clock.advance(1_000);
  move(one, 200);
  deadlines.watch(one);
  clock.advance(400);
  expect(names()).toEqual(['a']);
  clock.advance(100_000);
  expect(names()).toEqual(['a']);
});

it('calls back for a deadline that has passed already', () => {
  watched('a', -5_000);
  clock.advance(2 * SLOT_MS);
  expect(names()).toEqual(['a']);
});

it('forgets', () => {
  const [a, b] = [watched('a', 100), watched('b', 100)];
  deadlines.forget(a);
  deadlines.forget(task('unknown', 1));
  clock.advance(1_000);
  expect(names()).toEqual(['b']);
  deadlines.forget(b);
});

it('does not call back for what ended, or was forgotten, by what another deadline of the moment led to', () => {
  const all = ['a', 'b', 'c'].map((name) => watched(name, 100));
  deadlines.onExpired((one) => {
    fired.push({ name: one.id, after: 0 });
    deadlines.forget(all[1]!);
    move(all[2]!, null);
  });
  clock.advance(1_000);
  expect(names()).toEqual(['a']);
});

it('goes on after a callback that watches more, at once due too', () => {
  watched('a', 100);
  let more = 3;
  deadlines.onExpired((one) => {
    fired.push({ name: one.id, after: clock.now() - start });
    if (more-- > 0) watched(`more ${more}`, 0);
  });
  clock.advance(1_000);
  expect(names()).toEqual(['a', 'more 2', 'more 1', 'more 0']);
});

it('stops for good, also from within a callback', () => {
  for (const name of ['a', 'b']) watched(name, 100);
  watched('c', 5_000);
  deadlines.onExpired((one) => {
    fired.push({ name: one.id, after: 0 });
    deadlines.stop();
  });
  clock.advance(10_000);
  watched('d', 100);
  clock.advance(10_000);
  expect(names()).toEqual(['a']);
  expect(clock.timers).toBe(0);
});

it('catches up when the process stood still', () => {
  const late = new (class extends FakeClock {
    private offset = 0;
    override now(): number {
      return super.now() + this.offset;
    }
    /** Time passes and no timer fires. */
    stall(ms: number): void {
      this.offset += ms;
    }
  })(0);
  const wheel = new Deadlines(late);
  const seen: string[] = [];
  wheel.onExpired(({ id }) => seen.push(id));
  for (const [name, at] of [['soon', 500], ['hour', 3_600_000], ['later', 7_200_000]] as const)
    wheel.watch(new LiveTask(aRecord({ id: name as unknown as TaskId, deadlineAt: at }))); // prettier-ignore
  late.stall(3_600_000);
  late.advance(SLOT_MS);
  expect(seen).toEqual(['soon', 'hour']);
  late.advance(3_600_000 + SLOT_MS);
  expect(seen).toEqual(['soon', 'hour', 'later']);
});

it('has one timer for a hundred thousand tasks, and none for none', () => {
  const all = Array.from({ length: 100_000 }, (_, i) => watched(`t${i}`, 1_000 + (i % 60_000)));
  expect(clock.timers).toBe(1);
  for (const one of all) deadlines.forget(one);
  clock.advance(SLOT_MS);
  expect(clock.timers).toBe(0);
});

it('heeds the end of the grace where that comes before the deadline', () => {
  const one = task('a', 60_000);
  one.graceUntil = clock.now() + 300;
  deadlines.watch(one);
  clock.advance(500);
  expect(names()).toEqual(['a']);
});
