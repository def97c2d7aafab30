import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { Outgoing } from './outgoing.js';

const MIB = 1024 * 1024;
let clock: FakeClock;
let cut: number;
let sink: { bufferedAmount: number; send(frame: string): void };
let outgoing: Outgoing;

beforeEach(() => {
  clock = new FakeClock();
  cut = 0;
  sink = { bufferedAmount: 0, send: (frame) => void (sink.bufferedAmount += frame.length * MIB) };
  outgoing = new Outgoing(sink, clock, () => cut++);
});

/** Frames are as many MiB as they have letters. */
const send = (mib: number): void => outgoing.send('x'.repeat(mib));

test('little may wait for ever', () => {
  send(32);
  clock.advance(3_600_000);
  expect([cut, clock.timers]).toEqual([0, 0]);
});

test('who takes nothing of a lot is cut, once the time is over, also when more comes', () => {
  send(33);
  clock.advance(4_999);
  send(1);
  expect(cut).toBe(0);
  clock.advance(1);
  expect([cut, clock.timers]).toEqual([1, 0]);
});

test('who reads is not cut, however long it takes', () => {
  send(200);
  for (let left = 199; left > 32; left -= 10) {
    sink.bufferedAmount = left * MIB;
    clock.advance(5_000);
    expect(cut).toBe(0);
  }
});

test('nor when as much comes as it takes', () => {
  send(40);
  for (let n = 0; n < 10; n++) {
    clock.advance(2_500);
    sink.bufferedAmount -= 2 * MIB;
    send(2);
    clock.advance(2_500);
    expect(cut).toBe(0);
  }
  clock.advance(5_000); // and then it stops
  expect(cut).toBe(1);
});

test('more than 256 MiB wait for nobody', () => {
  send(250);
  expect(cut).toBe(0);
  send(7);
  expect(cut).toBe(1);
});

test('after the end nothing is judged', () => {
  send(40);
  outgoing.stop();
  expect(clock.timers).toBe(0);
});
