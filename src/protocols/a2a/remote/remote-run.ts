import { Logger } from '@nestjs/common';
import type { SendMessageRequest, Task } from '@a2a-js/sdk';
import type { RemotesConfig } from '../../../config/remotes.config.js';
import type { Clock } from '../../../core/clock.js';
import { GatewayError } from '../../../core/errors.js';
import type { TaskId } from '../../../core/ids.js';
import type { TaskRecord, TaskReport } from '../../../core/task.js';
import type { Assignment } from '../../../engine/registry/agent-connection.js';
import { heard, type Silence, type Source } from './heard.js';
import { backoff, pause } from './pause.js';
import type { Payload, RemoteClient } from './remote-client.js';
import { isTaskNotFound, isTransport, isUnsent, isUnsupported, wordsOf } from './remote-errors.js';
import { RemoteBusy } from './remote-fetch.js';
import { type KnownTask, messageIdOf, type RemoteIds, toRequest } from './remote-message.js';
import { isCanceled, RemoteUpdates, standingOf } from './remote-updates.js';
import { printOf, StaleQuestion } from './stale-question.js';

/** How long a task that the engine has given up is followed, so that a late result is kept. */
const LATE_MS = 10 * 60_000;
const FIRST_POLL_MS = 250;
const CANCEL_TRIES = 5;
/** Polls for which an agent may be slow to notice the caller's answer. */
const STALE_POLLS = 3;

/** What a run needs of its agent. */
export interface RunHost {
  readonly clock: Clock;
  readonly config: RemotesConfig;
  readonly streams: boolean;
  readonly nameSkill: boolean;
  client(): Promise<RemoteClient>;
  /** The remote agent's name of our context, if it has one. */
  contextOf(record: TaskRecord): Promise<string>;
  /** The task as the engine has it; undefined: it has ended. */
  record(taskId: TaskId): TaskRecord | undefined;
  /**
   * `heard`: the agent has said so just now; else it may be away, and is not brought back for this.
   * @throws GatewayError TASK_NOT_FOUND when the engine does not want it (any more)
   */
  report(taskId: TaskId, report: TaskReport, heard: boolean): Promise<void>;
  /** Keeps the remote agent's names over a restart; resolves when they are on disk. */
  keep(taskId: TaskId, remote: RemoteIds): Promise<void>;
  /** The task is over, or waits for its caller (`forget` false). */
  finished(run: RemoteRun, forget: boolean): void;
}

/**
 * One task at a remote agent: sent, followed to its end over dropped streams and restarts, canceled. Streams are followed
 * where the agent has them, and in silence or without streams the task is asked after.
 */
export class RemoteRun {
  private readonly log = new Logger('RemoteAgent');
  private readonly stopped = new AbortController();
  private updates = new RemoteUpdates();
  private remote: RemoteIds;
  private attempt: number | undefined;
  /** Something was missed: only the whole task tells what there is. */
  private hasGap = false;
  private canSubscribe = true;
  private begun = false;
  private pulsed = false;
  private over = false;
  private cancelAsked = false;
  /** When the engine first did not want a report. */
  private unwantedSince: number | undefined;

  private stale: StaleQuestion | undefined;
  /** How the agent has asked its caller. */
  asked: string | undefined;

  constructor(
    private readonly host: RunHost,
    readonly taskId: TaskId,
    known: KnownTask | undefined,
  ) {
    this.remote = { taskId: known?.taskId ?? '', contextId: known?.contextId ?? '' };
    this.asked = known?.asked;
  }

  /** The agent may have begun: what it does is known by a name, or by a sign of life. */
  get mayHaveBegun(): boolean {
    return this.begun || this.remote.taskId !== '';
  }

  /** Sends the task, or the caller's answer, and follows it. */
  begin(assignment: Assignment): void {
    const { clock, config } = this.host;
    this.attempt = assignment.attempt;
    if (assignment.continuation)
      this.stale = new StaleQuestion(clock, this.asked, STALE_POLLS * config.pollInterval);
    this.run(() => this.sendAndFollow(assignment, false));
  }

  /** Follows a task that was sent before: by the process before, or for an attempt before. */
  resume(assignment?: Assignment): void {
    this.hasGap = true;
    this.attempt = assignment?.attempt;
    this.run(async () => {
      try {
        await this.follow((signal) => this.look(signal), false);
      } catch (error) {
        if (!assignment || !isTaskNotFound(error)) throw error;
        this.remote = { taskId: '', contextId: this.remote.contextId };
        await this.sendAndFollow(assignment, true);
      }
    });
  }

  /** The engine has given the task to this agent again while it was still followed. */
  rejoin({ attempt }: Assignment): void {
    this.attempt = attempt;
    this.unwantedSince = undefined;
    this.updates = new RemoteUpdates();
    this.hasGap = true;
  }

  /** Nobody wants it any more: the agent is told, as soon as it is known what to name. */
  cancel(): void {
    this.cancelAsked = true;
    this.unwantedSince ??= this.host.clock.now();
    if (this.remote.taskId !== '') void this.passCancel();
  }

  /** Follows no further; says nothing to anybody. */
  stop(): void {
    this.over = true;
    this.stopped.abort();
  }

  private run(work: () => Promise<void>): void {
    void work()
      .catch((error: unknown) => this.fail(error))
      .catch((error: unknown) => this.log.error(`task ${this.taskId}: ${String(error)}`))
      .finally(() => this.end(true));
  }

  private async sendAndFollow(assignment: Assignment, anew: boolean): Promise<void> {
    const request = await this.request(assignment, anew);
    if (!request) return;
    for (let tries = 1; ; tries++) {
      try {
        return await this.follow((signal) => this.first(request, signal), true);
      } catch (error) {
        const { sendAttempts, retryMin, retryMax } = this.host.config;
        if (!isUnsent(error) || tries >= sendAttempts || this.cancelAsked) throw error;
        const asked = error instanceof RemoteBusy ? (error.retryAfterMs ?? 0) : 0;
        const wait = Math.max(backoff(tries, retryMin, retryMax), Math.min(asked, retryMax));
        await pause(this.host.clock, wait, this.stopped.signal);
      }
    }
  }

  private async request(assignment: Assignment, anew: boolean): Promise<SendMessageRequest | undefined> {
    const record = this.host.record(this.taskId);
    if (!record) return undefined;
    if (this.remote.contextId === '')
      this.remote = { ...this.remote, contextId: await this.host.contextOf(record) };
    const { nameSkill } = this.host;
    const messageId = messageIdOf(record, anew);
    return toRequest({ assignment, record, remote: this.remote, nameSkill, messageId });
  }

  private async *first(request: SendMessageRequest, signal: AbortSignal): AsyncGenerator<Payload> {
    const client = await this.client();
    if (this.host.streams)
      try {
        yield* client.stream(request, signal, () => (this.pulsed = true));
        return;
      } catch (error) {
        if (!isUnsupported(error)) throw error;
      }
    yield await client.send(request, signal);
  }

  /** Follows until the task is over here, from one source to the next. `sends`: the first one is what sends the message. */
  private async follow(first: Source, sends: boolean): Promise<void> {
    let source = first;
    for (let failures = 0, looks = 0, unsent = sends; !this.isOver(); unsent = false) {
      try {
        for await (const payload of heard(source, this.stopped.signal, this.silence)) {
          failures = 0;
          unsent = false;
          await this.take(payload);
          if (this.isOver()) return;
        }
        looks++;
        if (this.remote.taskId === '') throw new Error('the answer ended before it named the task');
      } catch (error) {
        if (this.isOver()) return;
        // Nothing to go on with, or the agent says no: that is for the caller to judge.
        const isLost = this.remote.taskId === '' || (unsent && isUnsent(error));
        if (isLost || !isTransport(error)) throw error;
        this.log.debug(`task ${this.taskId}: followed again after: ${wordsOf(error)}`);
        failures++;
      }
      this.hasGap = true;
      source = (inner) => this.look(inner);
      await this.pauseAfter(failures, looks);
    }
  }

  private pauseAfter(failures: number, looks: number): Promise<void> {
    const { clock, config } = this.host;
    const wait = failures
      ? backoff(failures, config.retryMin, config.retryMax)
      : Math.min(config.pollInterval, FIRST_POLL_MS * 2 ** Math.min(looks, 16));
    return pause(clock, wait, this.stopped.signal);
  }

  private async client(): Promise<RemoteClient> {
    const client = await this.host.client();
    this.updates.guessesAppend = client.losesAppend;
    return client;
  }

  /** How the task stands now, then what comes, as far as the agent can tell. */
  private async *look(signal: AbortSignal): AsyncGenerator<Payload> {
    const client = await this.client();
    yield { $case: 'task', value: await client.task(this.remote.taskId, signal) };
    if (!this.host.streams || !this.canSubscribe) return;
    try {
      yield* client.subscribe(this.remote.taskId, signal);
    } catch (error) {
      if (isTransport(error)) throw error;
      this.canSubscribe = false;
    }
  }

  private get silence(): Silence {
    const { clock, config } = this.host;
    return { clock, afterMs: config.pollInterval, ask: () => this.lookIn() };
  }

  /**
   * Nothing has come for a while. A task that goes on has given a sign of life; one that has ended without a word is
   * what the stream ends with. What a lively stream will bring is not taken from here: it would come twice.
   */
  private async lookIn(): Promise<Payload | undefined> {
    if (this.remote.taskId === '') {
      if (this.pulsed) await this.report({ status: 'running' });
      this.pulsed = false;
      return undefined;
    }
    const task = await this.snapshot();
    if (!task) return undefined;
    const payload = { $case: 'task', value: task } as const;
    const standing = standingIn(this.stale?.judge(payload) ?? payload);
    if (standing === 'ended' || standing === 'input_required') return payload;
    if (standing === 'active') await this.report({ status: 'running' });
    return undefined;
  }

  private async snapshot(): Promise<Task | undefined> {
    try {
      return await (await this.host.client()).task(this.remote.taskId, this.stopped.signal);
    } catch (error) {
      this.log.debug(`task ${this.taskId}: not to be asked after: ${wordsOf(error)}`);
      return undefined;
    }
  }

  private async take(given: Payload): Promise<void> {
    const payload = this.stale?.judge(given) ?? given;
    await this.learn(payload);
    if (this.cancelAsked && isCanceled(payload)) return this.end(true);
    const known = await this.completed(payload);
    for (const report of this.updates.of(known)) await this.report(report);
    const standing = standingIn(known);
    if (standing.endsWith('_required')) this.asked = askedIn(known);
    if (standing === 'ended') this.end(true);
    else if (standing === 'input_required' && !this.cancelAsked) this.end(false);
  }

  /** The last status of a stream that was cut, or that brought no artifact, may not be all there is. */
  private async completed(payload: Payload): Promise<Payload> {
    if (payload.$case !== 'statusUpdate' || standingOf(payload.value.status) !== 'ended') return payload;
    if (!this.hasGap && !this.updates.isDoubtful) return payload;
    const task = await this.snapshot();
    return task && standingOf(task.status) === 'ended' ? { $case: 'task', value: task } : payload;
  }

  /** Before anything is said about a task, its name at the agent is on disk: whatever happens, it will be found again. */
  private async learn(payload: Payload): Promise<void> {
    const ids = idsIn(payload);
    if (!ids || ids.taskId === '' || ids.taskId === this.remote.taskId) return;
    this.remote = ids;
    if (standingIn(payload) !== 'ended') await this.host.keep(this.taskId, ids);
    if (this.cancelAsked) void this.passCancel();
  }

  /** `heard`: by an answer of the agent, which is there then. */
  private async report(report: TaskReport, heard = true): Promise<void> {
    this.begun = true;
    const attempt = this.attempt === undefined ? {} : { attempt: this.attempt };
    try {
      await this.host.report(this.taskId, { ...report, ...attempt }, heard);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.unwantedSince ??= this.host.clock.now();
    }
  }

  private async passCancel(): Promise<void> {
    const { clock, config } = this.host;
    for (let tries = 1; tries <= CANCEL_TRIES && !this.isOver(); tries++) {
      try {
        const task = await (await this.host.client()).cancel(this.remote.taskId, this.stopped.signal);
        if (standingOf(task.status) === 'ended') await this.take({ $case: 'task', value: task });
        return;
      } catch (error) {
        // A task that cannot be canceled ends by itself, and is followed until then.
        if (isTaskNotFound(error)) return this.end(true);
        if (!isTransport(error)) return;
        await pause(clock, backoff(tries, config.retryMin, config.retryMax), this.stopped.signal);
      }
    }
  }

  private async fail(error: unknown): Promise<void> {
    if (this.over) return;
    const why = isTaskNotFound(error) ? 'it no longer knows the task' : wordsOf(error);
    await this.report({ status: 'failed', error: `remote agent: ${why}` }, false);
  }

  private isOver(): boolean {
    if (this.over) return true;
    const late = this.unwantedSince !== undefined && this.host.clock.now() - this.unwantedSince > LATE_MS;
    if (late) this.end(true);
    return late;
  }

  private end(forget: boolean): void {
    if (this.over) return;
    this.over = true;
    this.stopped.abort();
    this.host.finished(this, forget);
  }
}

function idsIn(payload: Payload): RemoteIds | undefined {
  if (payload.$case === 'message') return undefined;
  if (payload.$case === 'task') return { taskId: payload.value.id, contextId: payload.value.contextId };
  return { taskId: payload.value.taskId, contextId: payload.value.contextId };
}

function standingIn(payload: Payload) {
  if (payload.$case === 'message') return 'ended';
  return payload.$case === 'artifactUpdate' ? 'active' : standingOf(payload.value.status);
}

const askedIn = (payload: Payload): string | undefined =>
  payload.$case === 'task' || payload.$case === 'statusUpdate' ? printOf(payload.value.status) : undefined;
