import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { FramePace } from './frame-pace.js';

const RATE = { requests: 3, windowMs: 1000 };

test('the last frame that a window allows pauses the reader to its end', () => {
  const clock = new FakeClock();
  const pace = new FramePace(clock, RATE);
  expect([pace.pauseAfterFrame(), pace.pauseAfterFrame()]).toEqual([0, 0]);
  clock.advance(400);
  expect(pace.pauseAfterFrame()).toBe(600);
});

test('frames that had been read already prolong nothing; a new window begins anew', () => {
  const clock = new FakeClock();
  const pace = new FramePace(clock, RATE);
  for (let i = 0; i < 3; i++) pace.pauseAfterFrame();
  expect(pace.pauseAfterFrame()).toBe(1000);
  clock.advance(1000);
  expect([pace.pauseAfterFrame(), pace.pauseAfterFrame(), pace.pauseAfterFrame()]).toEqual([0, 0, 1000]);
});
