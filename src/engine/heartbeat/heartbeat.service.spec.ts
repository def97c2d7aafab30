import { Logger } from '@nestjs/common';
import { Clock, type Timer } from '../../core/clock.js';
import { AuthConfig } from '../../config/auth.config.js';
import { HeartbeatConfig } from '../../config/heartbeat.config.js';
import { DEFAULT_NAMESPACE } from '../../core/ids.js';
import { aCard, Engine, type JoinedAgent } from '../../../test/fakes/engine.js';
import { FakeConnection } from '../../../test/fakes/fake-connection.js';
import { Policy } from '../auth/policy.js';
import { RegistryService } from '../registry/registry.service.js';
import { HeartbeatService } from './heartbeat.service.js';

const INTERVAL = 10_000;
const TIMEOUT = 30_000;
const TICK = INTERVAL / 10;
let engine: Engine;

beforeEach(async () => {
  Logger.overrideLogger(false);
  engine = await new Engine({ heartbeat: { interval: INTERVAL, timeout: TIMEOUT } }).start();
});

/** Time passes; the agent gives a sign of life every so often. */
function live({ agent }: JoinedAgent, ms: number, every: number): void {
  for (let left = ms; left > 0; left -= every) {
    engine.clock.advance(Math.min(every, left));
    engine.registry.touch(agent);
  }
}

it('pings an agent once an interval, wherever in the interval it joined', () => {
  engine.clock.advance(3_456);
  const joined = engine.join('a');
  engine.clock.advance(INTERVAL - TICK);
  expect(joined.connection.pings).toBe(0);
  engine.clock.advance(TICK);
  expect(joined.connection.pings).toBe(1);
  live(joined, 10 * INTERVAL, 5_000);
  expect(joined.connection.pings).toBe(11);
});

it('spreads the pings of many over the interval', () => {
  const all = Array.from({ length: 100 }, (_, i) => {
    engine.clock.advance(100);
    return engine.join(`a${i}`);
  });
  const pings = () => all.reduce((sum, { connection }) => sum + connection.pings, 0);
  for (let i = 0; i < 10; i++) {
    const before = pings();
    engine.clock.advance(TICK);
    expect(pings() - before).toBe(10);
  }
});

it('removes an agent that has been silent for the timeout, within a tenth of the interval', () => {
  engine.clock.advance(777);
  const joined = engine.join('a');
  live(joined, 12_345, 500);
  engine.clock.advance(TIMEOUT - 1);
  expect(engine.registry.size).toBe(1);
  engine.clock.advance(TICK + 1);
  expect(engine.registry.size).toBe(0);
  expect(joined.connection.closedFor).toBe('silent');
  const { pings } = joined.connection;
  engine.clock.advance(2 * INTERVAL);
  expect(joined.connection.pings).toBe(pings);
});

it('takes any sign of life as one, at the last moment too', () => {
  const joined = engine.join('a');
  live(joined, 10 * TIMEOUT, TIMEOUT - 1);
  expect(engine.registry.size).toBe(1);
});

it('does not hold silence against an agent that the gateway does not read', () => {
  const joined = engine.join('a');
  joined.connection.paused = true;
  engine.clock.advance(3 * TIMEOUT);
  expect(engine.registry.size).toBe(1);
  expect(joined.connection.pings).toBeGreaterThan(5);
  joined.connection.paused = false;
  engine.clock.advance(TICK);
  expect(engine.registry.size).toBe(0);
});

it('keeps nothing of agents that have left', () => {
  const joined = engine.join('a');
  engine.leave(joined);
  engine.clock.advance(2 * TIMEOUT);
  expect(joined.connection.told).toEqual([]);
});

it('stops', () => {
  const joined = engine.join('a');
  engine.heartbeat.onModuleDestroy();
  engine.clock.advance(5 * TIMEOUT);
  expect(joined.connection.told).toEqual([]);
  expect(engine.clock.timers).toBe(0);
});

/** A clock whose process stands still now and then: timers fire late, all at once with what was due. */
class StallingClock extends Clock {
  private time = 0;
  private pending: { at: number; fire: () => void }[] = [];

  override now(): number {
    return this.time;
  }

  override after(ms: number, fire: () => void): Timer {
    const timer = { at: this.time + ms, fire };
    this.pending.push(timer);
    return { cancel: () => void (this.pending = this.pending.filter((other) => other !== timer)) };
  }

  /** Time passes without a timer firing; then all that are due fire. */
  stall(ms: number): void {
    this.time += ms;
    const due = this.pending.filter(({ at }) => at <= this.time);
    this.pending = this.pending.filter(({ at }) => at > this.time);
    for (const { fire } of due) fire();
  }
}

it('does not take its own standing still for silence of the agents', () => {
  const clock = new StallingClock();
  const registry = new RegistryService(clock, new Policy(new AuthConfig({ mode: 'off' })));
  const heartbeat = new HeartbeatService(
    clock,
    new HeartbeatConfig({ interval: INTERVAL, timeout: TIMEOUT }),
    registry,
  );
  heartbeat.onApplicationBootstrap();
  const connection = new FakeConnection();
  registry.admit(connection, aCard('a'), DEFAULT_NAMESPACE);
  clock.stall(5 * TIMEOUT);
  expect(registry.size).toBe(1);
  // What the agent has sent meanwhile would be read now. It has sent nothing:
  clock.stall(TICK);
  expect(registry.size).toBe(0);
  expect(connection.closedFor).toBe('silent');
});
