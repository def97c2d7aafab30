import { Logger } from '@nestjs/common';
import { FakeClock } from '../../../test/fakes/fake-clock.js';
import { MemoryOutboxStore } from '../../../test/fakes/memory-outbox.store.js';
import { AuthConfig } from '../../config/auth.config.js';
import { OutboxConfig } from '../../config/outbox.config.js';
import type { Delivery, DeliveryOutcome, NewDelivery } from '../../core/delivery.js';
import type { Namespace } from '../../core/ids.js';
import { ANONYMOUS } from '../../core/principal.js';
import { Policy } from '../auth/policy.js';
import type { Deliverer } from './deliverer.js';
import { DeliveryLoop } from './delivery-loop.js';
import { Outbox } from './outbox.service.js';

const OK: DeliveryOutcome = { ok: true, status: 204 };
const DOWN: DeliveryOutcome = { ok: false, error: 'no connection' };
const BROKEN: DeliveryOutcome = { ok: false, status: 500, error: 'status 500' };
/** Longer than a pause with its jitter. */
const JITTER = 1.2;

beforeAll(() => void Logger.overrideLogger(false));

/** Lets everything run that does not wait for the clock. */
const settled = async () => {
  for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(() => resolve()));
};

/** A far end that answers when the test says so. */
class FarEnd implements Deliverer {
  readonly tried: string[] = [];
  readonly gaveUpOn: string[] = [];
  readonly open = new Map<string, (outcome: DeliveryOutcome) => void>();
  answer: ((delivery: Delivery) => DeliveryOutcome) | undefined;

  send(delivery: Delivery, signal: AbortSignal): Promise<DeliveryOutcome> {
    this.tried.push(delivery.id);
    if (this.answer) return Promise.resolve(this.answer(delivery));
    return new Promise((resolve, reject) => {
      this.open.set(delivery.id, resolve);
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  }

  gaveUp({ id }: Delivery): void {
    this.gaveUpOn.push(id);
  }

  async finish(id: string, outcome: DeliveryOutcome): Promise<void> {
    this.open.get(id)!(outcome);
    this.open.delete(id);
    await settled();
  }
}

class Scene {
  readonly clock = new FakeClock();
  readonly far = new FarEnd();
  readonly loop: DeliveryLoop;
  readonly outbox: Outbox;

  constructor(
    config: Partial<OutboxConfig> = {},
    readonly store = new MemoryOutboxStore(),
  ) {
    const settings = new OutboxConfig(config);
    this.loop = new DeliveryLoop(this.clock, settings, store);
    const policy = new Policy(new AuthConfig({ mode: 'off' }));
    this.outbox = new Outbox(this.clock, settings, policy, store, this.loop);
    this.outbox.register('test', this.far);
  }

  static async started(config: Partial<OutboxConfig> = {}): Promise<Scene> {
    const scene = new Scene(config);
    await scene.loop.start();
    return scene;
  }

  async put(...ids: string[]): Promise<void> {
    await this.putAt('e', ids);
  }

  async putAt(endpoint: string, ids: readonly string[], more: Partial<NewDelivery> = {}): Promise<void> {
    const request = { url: 'http://x', headers: {}, body: '{}' };
    const namespace = 'default' as Namespace;
    await this.outbox.enqueue(
      ids.map((id) => ({ id, kind: 'test', namespace, endpoint, subject: {}, request, ...more })),
    );
    await settled();
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settled();
  }

  async state(id: string) {
    return (await this.store.get(id))?.state;
  }
}

describe('one delivery', () => {
  it('is tried at once and then left alone', async () => {
    const scene = await Scene.started();
    await scene.put('a');
    await scene.far.finish('a', OK);
    expect(await scene.state('a')).toBe('delivered');
    await scene.pass(1e9);
    expect(scene.far.tried).toEqual(['a']);
    expect(await scene.store.attempts('a')).toEqual([{ at: scene.clock.now() - 1e9, ms: 0, status: 204 }]);
  });

  it('is tried again after a second, two, four, … and given up after its last try', async () => {
    const scene = await Scene.started({ attempts: 4, maxDelay: 3_000 });
    scene.far.answer = () => BROKEN;
    await scene.put('a');
    for (const [i, pause] of [1_000, 2_000, 3_000].entries()) {
      await scene.pass(pause * 0.79);
      expect(scene.far.tried).toHaveLength(i + 1);
      await scene.pass(pause * (JITTER - 0.79) + 1);
      expect(scene.far.tried).toHaveLength(i + 2);
    }
    expect(await scene.store.get('a')).toMatchObject({ state: 'dead', attempts: 4, error: 'status 500' });
    expect(scene.far.gaveUpOn).toEqual(['a']);
    await scene.pass(1e9);
    expect(scene.far.tried).toHaveLength(4);
  });

  it('goes by its own policy', async () => {
    const scene = await Scene.started();
    scene.far.answer = () => BROKEN;
    await scene.putAt('e', ['a'], { policy: { attempts: 2, firstDelayMs: 10 } });
    await scene.pass(12);
    expect(await scene.state('a')).toBe('dead');
  });

  it('is given up at once when trying again is useless', async () => {
    const scene = await Scene.started();
    scene.far.answer = () => ({ ok: false, error: 'forbidden', final: true });
    await scene.put('a');
    expect(await scene.state('a')).toBe('dead');
    expect(scene.far.tried).toHaveLength(1);
  });

  it('waits as long as the endpoint asks for', async () => {
    const scene = await Scene.started();
    scene.far.answer = () => ({ ok: false, status: 503, error: 'status 503', retryAfterMs: 60_000 });
    await scene.put('a');
    await scene.pass(59_999);
    expect(scene.far.tried).toHaveLength(1);
    await scene.put('b'); // the others of this endpoint wait too
    expect(scene.far.tried).toHaveLength(1);
    await scene.pass(1);
    expect(scene.far.tried).toEqual(['a', 'b', 'a']);
  });

  it('fails when its deliverer throws, or when there is none', async () => {
    const scene = await Scene.started();
    scene.far.answer = () => {
      throw new Error('defect');
    };
    await scene.put('a');
    await scene.putAt('f', ['b'], { kind: 'unknown' });
    expect(await scene.store.get('a')).toMatchObject({ state: 'pending', error: 'defect' });
    expect(await scene.store.get('b')).toMatchObject({ state: 'pending', attempts: 1 });
  });

  it('is given up without another try when its time is over', async () => {
    const scene = await Scene.started({ attempts: 1000, expiry: 5_000 });
    scene.far.answer = () => BROKEN;
    await scene.put('a');
    await scene.pass(20_000);
    expect(await scene.store.get('a')).toMatchObject({ state: 'dead' });
    const { length } = scene.far.tried;
    expect(await scene.store.attempts('a')).toHaveLength(length);
    await scene.pass(1e9);
    expect(scene.far.tried).toHaveLength(length);
  });

  it('can be started again once it is dead, and only then', async () => {
    const scene = await Scene.started({ attempts: 1 });
    scene.far.answer = () => BROKEN;
    await scene.put('a');
    scene.far.answer = () => OK;
    const again = await scene.outbox.redeliver(ANONYMOUS, 'a');
    expect(again.delivery.state).not.toBe('dead');
    await settled();
    expect(await scene.state('a')).toBe('delivered');
    expect((await scene.outbox.get(ANONYMOUS, 'a')).attempts).toHaveLength(2);
    await expect(scene.outbox.redeliver(ANONYMOUS, 'a')).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('an order', () => {
  it('goes out one by one, whatever comes in between', async () => {
    const scene = await Scene.started({ attempts: 2 });
    await scene.putAt('e', ['a', 'b', 'c'], { order: 'o' });
    expect(scene.far.tried).toEqual(['a']);
    await scene.far.finish('a', BROKEN);
    expect(scene.far.tried).toEqual(['a']);
    await scene.pass(1_000 * JITTER);
    await scene.far.finish('a', BROKEN); // dead: the next one goes
    expect(scene.far.tried).toEqual(['a', 'a', 'b']);
    await scene.far.finish('b', OK);
    await scene.far.finish('c', OK);
    expect(await scene.state('c')).toBe('delivered');
  });
});

describe('endpoints', () => {
  it('get no more at once than they may, and do not wait for each other', async () => {
    const scene = await Scene.started({ concurrency: 2 });
    await scene.putAt('hangs', ['a', 'b', 'c', 'd']);
    await scene.putAt('works', ['e', 'f', 'g']);
    expect(scene.far.tried).toEqual(['a', 'b', 'e', 'f']);
    await scene.far.finish('e', OK);
    expect(scene.far.tried).toEqual(['a', 'b', 'e', 'f', 'g']);
    await scene.far.finish('a', OK);
    expect(scene.far.tried.at(-1)).toBe('c');
  });

  it('share what the gateway as a whole may have under way, first come, first served', async () => {
    const scene = await Scene.started({ concurrency: 2, maxConcurrency: 3 });
    await scene.putAt('e', ['a', 'b']);
    await scene.putAt('f', ['c', 'd']);
    await scene.putAt('g', ['e', 'f']);
    expect(scene.far.tried).toEqual(['a', 'b', 'c']);
    await scene.far.finish('a', OK);
    expect(scene.far.tried.at(-1)).toBe('d');
    await scene.far.finish('b', OK);
    expect(scene.far.tried.at(-1)).toBe('e');
    for (const id of ['c', 'd', 'e', 'f']) await scene.far.finish(id, OK);
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) expect(await scene.state(id)).toBe('delivered');
  });

  it('are left alone after five failures in a row, then asked once, until they answer', async () => {
    const scene = await Scene.started({ concurrency: 10 });
    await scene.put('a', 'b', 'c', 'd', 'e');
    for (const id of ['a', 'b', 'c', 'd', 'e']) await scene.far.finish(id, DOWN);
    await scene.pass(4_999);
    await scene.put('f');
    expect(scene.far.tried).toHaveLength(5);
    await scene.pass(1);
    expect(scene.far.tried).toHaveLength(6); // one, to find out
    await scene.far.finish(scene.far.tried.at(-1)!, DOWN);
    await scene.pass(9_999);
    expect(scene.far.tried).toHaveLength(6);
    await scene.pass(1);
    expect(scene.far.tried).toHaveLength(7);
    scene.far.answer = () => OK;
    await scene.far.finish(scene.far.tried.at(-1)!, OK);
    await scene.pass(1e6);
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) expect(await scene.state(id)).toBe('delivered');
  });

  it('that answer "no" are alive', async () => {
    const scene = await Scene.started();
    scene.far.answer = () => ({ ok: false, status: 400, error: 'status 400', alive: true });
    await scene.put('a', 'b', 'c', 'd', 'e', 'f');
    await scene.put('g');
    expect(scene.far.tried).toHaveLength(7);
  });
});

describe('the process', () => {
  it('takes up what the last one left', async () => {
    const before = await Scene.started();
    await before.put('a', 'b');
    await before.far.finish('a', OK);
    const after = new Scene({}, before.store);
    await settled();
    expect(after.far.tried).toEqual([]);
    await after.loop.start();
    await settled();
    expect(after.far.tried).toEqual(['b']);
  });

  it('waits at its end for what is under way, then cuts it off without counting it', async () => {
    const scene = await Scene.started();
    await scene.put('a', 'b');
    const stopped = scene.loop.stop(1_000);
    await scene.far.finish('a', OK);
    await scene.put('c');
    await scene.pass(1_000);
    await stopped;
    await settled();
    expect(scene.far.tried).toEqual(['a', 'b']);
    expect(await scene.state('a')).toBe('delivered');
    expect(await scene.store.get('b')).toMatchObject({ state: 'pending', attempts: 0 });
  });

  it('tries nothing while the storage takes no writes: nobody gets again what he has taken', async () => {
    const scene = await Scene.started();
    await scene.put('a');
    scene.store.down = true;
    await scene.far.finish('a', OK);
    await expect(scene.put('b')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await scene.pass(1e6);
    expect(scene.far.tried).toEqual(['a']);
    scene.store.down = false;
    await settled();
    expect(await scene.state('a')).toBe('delivered');
    await scene.put('c');
    expect(scene.far.tried).toEqual(['a', 'c']);
  });
});
