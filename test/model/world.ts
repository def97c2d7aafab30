import { Logger } from '@nestjs/common';
import { turn } from '../fakes/engine.js';
import type { Action, Setup } from './actions.js';
import { Agents } from './agents.js';
import { Callers } from './callers.js';
import { Judge, SLACK_MS } from './judge.js';
import { pick, Scene } from './scene.js';
import { Watchers } from './watchers.js';

/** Nothing is open for longer than this when nobody does anything: every wait has its end. */
const LONG_MS = 300_000;
/** Agents that are alive show it at least this often. */
const SIGN_MS = 5_000;

type Players = {
  readonly [Name in Action['do']]: (action: Extract<Action, { do: Name }>) => void | Promise<void>;
};

/** The gateway among its callers, agents and watchers: plays what happens, and looks after every step whether all is well. */
export class World {
  private readonly scene: Scene;
  private readonly agents: Agents;
  private readonly callers: Callers;
  private readonly watchers: Watchers;
  private readonly judge: Judge;

  private constructor(setup: Setup) {
    this.scene = new Scene(setup);
    this.agents = new Agents(this.scene);
    this.callers = new Callers(this.scene, this.agents);
    this.watchers = new Watchers(this.scene);
    this.judge = new Judge(this.scene, this.agents);
    Logger.overrideLogger({
      log: () => undefined,
      warn: () => undefined,
      error: (message: unknown) => this.scene.complain(`logged: ${String(message)}`),
    });
  }

  /** Plays the actions, then lets time run until nothing is open. @throws Error that tells what was wrong, and when */
  static async play(setup: Setup, actions: readonly Action[]): Promise<void> {
    const world = new World(setup);
    await world.scene.engine.start();
    for (const agent of setup.agents) world.agents.join(agent);
    for (const [i, action] of actions.entries()) {
      await world.step(action);
      world.scene.assertSound(`action ${i + 1}, ${JSON.stringify(action)}`);
    }
    await world.end();
    world.scene.assertSound('the end');
  }

  private readonly players: Players = {
    submit: ({ task }) => this.callers.submit(task),
    cancel: ({ task }) => this.callers.cancel(pick(this.recent, task)),
    'answer the agent': ({ task }) => this.callers.answer(pick(this.recent, task)),
    get: ({ task }) => this.callers.get(pick(this.scene.tasks, task)),
    join: ({ agent }) => this.agents.join(agent),
    // A connection that has been replaced ends too, sooner or later.
    leave: ({ client, late }) =>
      this.agents.leave(pick(late ? this.agents.all : this.agents.online(), client)),
    bounce: ({ client, replaced, max }) =>
      this.agents.bounce(pick(this.agents.online(), client), replaced, max),
    amend: ({ client, skills, max }) => this.agents.amend(pick(this.agents.online(), client), skills, max),
    report: (action) => this.report(action),
    watch: ({ task, from }) => this.watchers.watch(pick(this.recent, task), from),
    cut: ({ watcher }) => this.watchers.cut(pick(this.watchers.all, watcher)),
    resume: ({ watcher }) => this.watchers.resume(pick(this.watchers.all, watcher)),
    advance: ({ ms }) => this.advance(ms),
    commit: ({ count }) => this.scene.store.commit(count),
    answer: ({ position, stale }) =>
      this.scene.store.answer(Math.min(position, this.scene.store.pendingReads - 1), stale),
    flow: () => this.scene.drain(),
    settle: () => this.settle(),
    outage: () => this.scene.store.fail(),
    return: () => this.scene.store.recover(),
    crash: ({ reached }) => this.crash(reached),
    stop: () => this.stop(),
  };

  private get recent() {
    return this.scene.tasks.slice(-8);
  }

  private async step(action: Action): Promise<void> {
    const before = this.scene.waiting().map((task) => ({ task, attempt: task.record.attempt }));
    const play = this.players[action.do] as (action: Action) => void | Promise<void>;
    await play(action);
    await turn();
    this.judge.checkOrder(before);
    this.judge.checkAssignments();
  }

  /** Mostly by agents that are here, on their own tasks; now and then by one that is gone, or on a task of others. */
  private report({ client: place, task, own, kind, attempt }: Extract<Action, { do: 'report' }>): void {
    const client = pick(own ? this.agents.online() : this.agents.all, place);
    const id = client && pick(own ? [...client.sent.keys()].slice(-4) : this.recent, task);
    if (client && id !== undefined) this.agents.report(client, id, kind, attempt);
  }

  /** Disks may take long to write, but to read takes them no time. */
  private async advance(ms: number): Promise<void> {
    if (ms > 1) await this.scene.answerAll();
    this.pass(ms);
    await turn();
    if (ms >= 500) this.callers.expectPatience();
  }

  private pass(ms: number): void {
    for (let left = ms; left > 0; left -= SIGN_MS) {
      this.agents.giveSigns();
      this.scene.engine.clock.advance(Math.min(left, SIGN_MS));
    }
  }

  /** The storage is back, everything in line is done; then the world must be at rest. */
  private async settle(): Promise<void> {
    this.scene.store.recover();
    await this.scene.drain();
    this.pass(SLACK_MS); // what was committed late may have been due for long
    await this.scene.drain();
    this.judge.checkRest();
    this.watchers.checkRest();
  }

  private async crash(reached: number): Promise<void> {
    const restarted = this.scene.restart(reached);
    this.agents.crashed();
    this.watchers.crashed();
    await restarted;
  }

  /** What SIGTERM does: nothing moves any more, sockets close. */
  private stop(): void {
    const { scene } = this;
    if (scene.stopped) return;
    scene.engine.dispatcher.stop();
    scene.stopped = true;
    const states = () =>
      [...scene.engine.live]
        .map(({ id, record: { state, seq, attempt } }) => [id, state, seq, attempt])
        .join();
    const before = states();
    for (const client of this.agents.online()) this.agents.leave(client);
    scene.expect(states() === before, () => 'agents that left because of the shutdown moved tasks');
  }

  /** Until everything has ended by itself: nobody reports any more. */
  private async end(): Promise<void> {
    await this.settle();
    if (this.scene.stopped) await this.crash(0);
    for (let left = LONG_MS; left > 0 && this.scene.engine.live.size > 0; left -= 2_000) {
      this.pass(2_000);
      await this.settle();
      this.scene.assertSound('time alone');
    }
    for (const watcher of this.watchers.all) this.watchers.resume(watcher);
    await this.settle();
    this.judge.checkEnd();
    this.callers.checkEnd();
    this.watchers.checkEnd();
  }
}
