import { Logger } from '@nestjs/common';
import { newMessageId, type AgentMessage } from '../../core/agent-message.js';
import type { Clock } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import type { IdSource, TaskId } from '../../core/ids.js';
import { NotTaken } from '../../core/not-taken.js';
import type { TaskReport } from '../../core/task.js';
import { MemberConnection } from '../../engine/members/member-connection.js';
import type { Member } from '../../core/member.js';
import type { MemberSecrets } from '../../engine/members/member-secrets.js';
import type { Members } from '../../engine/members/members.service.js';
import { webhookHeaders } from '../../engine/messages/signature.js';
import type { Assignment } from '../../engine/registry/agent-connection.js';
import type { TasksService } from '../../engine/tasks/tasks.service.js';
import { toPush } from '../../transport/agents/message-push.js';
import type { PushWire } from '../../transport/agents/message.wire.js';
import { saysStatus, toTaskReport } from '../../transport/agents/task-report.js';
import type { Endpoint } from './endpoint.js';
import { toCancelPush, toTaskPush } from './push.js';

/** Tries of one dispatch; then the task goes back to the engine, which counts its dispatches. */
const TRIES = 4;
/** Before the second try; doubled before each further one. Milliseconds. */
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 30_000;
const GONE = 410;

const logger = new Logger('Webhook');

/** What all webhook connections share. */
export interface WebhookContext {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly members: Members;
  readonly secrets: MemberSecrets;
  readonly tasks: TasksService;
}

/**
 * An agent that has a URL: messages and tasks are posted to it. A task that it takes is begun; it answers with a report on it
 * in the HTTP response, or later by POST /gateway/tasks/:id/status.
 */
export class WebhookConnection extends MemberConnection {
  override readonly kind = 'webhook';
  /** Tasks on their way to it: `stop` cuts the post off, `taken` only ends its repetition. */
  private readonly pushes = new Map<
    TaskId,
    { readonly stop: AbortController; readonly taken: AbortController }
  >();

  constructor(
    member: Member,
    private readonly endpoint: Endpoint,
    private readonly context: WebhookContext,
  ) {
    super(member);
  }

  override async deliver(message: AgentMessage): Promise<void> {
    await this.post(toPush(message), false);
  }

  override assign(assignment: Assignment): void {
    const push = { stop: new AbortController(), taken: new AbortController() };
    this.pushes.set(assignment.taskId, push);
    void this.push(assignment, push.stop.signal, push.taken.signal)
      .catch((error: unknown) => logger.error(error instanceof Error ? error.stack : String(error)))
      .finally(() => {
        if (this.pushes.get(assignment.taskId) === push) this.pushes.delete(assignment.taskId);
      });
  }

  /** Best effort, as with every agent: a result that comes all the same is refused. */
  override cancel(taskId: TaskId): void {
    this.end(taskId);
    const { clock, ids } = this.context;
    this.post(toCancelPush(newMessageId(ids), taskId, clock.now()), false).catch((error: unknown) =>
      logger.debug(`cancel not taken: ${String(error)}`),
    );
  }

  /** It has the task, so it is not posted again; but the answer to the post that is under way may still hold the result. */
  override reported(taskId: TaskId): void {
    this.pushes.get(taskId)?.taken.abort();
  }

  override close(): void {
    for (const taskId of this.pushes.keys()) this.end(taskId);
  }

  private end(taskId: TaskId): void {
    const push = this.pushes.get(taskId);
    push?.taken.abort();
    push?.stop.abort();
  }

  private async push(assignment: Assignment, signal: AbortSignal, taken: AbortSignal): Promise<void> {
    const { clock, ids } = this.context;
    const push = toTaskPush(newMessageId(ids), assignment, clock.now());
    for (let tries = 1; !taken.aborted; tries++)
      try {
        const { body } = await this.post(push, true, signal);
        if (signal.aborted) return;
        // That it was taken is news only before it has reported by a call.
        const report = reportIn(body) ?? (taken.aborted ? undefined : TAKEN);
        if (report) await this.report(assignment, report);
        return;
      } catch (error) {
        if (taken.aborted) return;
        if (!(error instanceof NotTaken)) throw error;
        if (isForGood(error) || tries === TRIES) return this.giveUp(assignment, error);
        await this.rest(waitBefore(tries, error.details.retryAfterMs), taken);
      }
  }

  private async post(
    push: PushWire,
    reads: boolean,
    signal?: AbortSignal,
  ): Promise<{ readonly body: string }> {
    const { ref, webhookUrl, secrets } = this.member;
    if (webhookUrl === null) throw new Error('a webhook agent has a URL');
    const text = JSON.stringify(push);
    const { clock, members, secrets: box } = this.context;
    const headers = webhookHeaders(push.message_id, clock.now(), text, box.open(secrets));
    try {
      return await this.endpoint.post(webhookUrl, text, headers, reads, signal);
    } catch (error) {
      if (isGone(error)) await members.disable(ref, webhookUrl);
      throw error;
    }
  }

  /** The engine may have taken the task back meanwhile; then nobody wants to hear of it. */
  private async report({ taskId, attempt }: Assignment, report: TaskReport): Promise<void> {
    if (!this.agent) return;
    try {
      await this.context.tasks.report(this.agent, taskId, { attempt, ...report });
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      logger.debug(`report refused: ${error.message}`);
    }
  }

  /** Another agent may take it, or this one later; but not the caller's answer, which is for this one alone. */
  private async giveUp(assignment: Assignment, error: NotTaken): Promise<void> {
    if (isForGood(error) || assignment.continuation)
      return this.report(assignment, { status: 'failed', error: error.message });
    if (this.agent) this.context.tasks.giveBack(this.agent, assignment.taskId);
  }

  private rest(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.context.clock.after(ms, done);
      signal.addEventListener('abort', done, { once: true });
      function done(): void {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      }
    });
  }
}

const isGone = (error: unknown): boolean => error instanceof NotTaken && error.details.status === GONE;

/** It answers, and does not want this task. */
const isForGood = ({ details: { final = false, alive = false } }: NotTaken): boolean => final || alive;

const waitBefore = (tries: number, asked: number | undefined): number =>
  Math.min(MAX_WAIT_MS, asked ?? FIRST_WAIT_MS * 2 ** (tries - 1) * (0.75 + Math.random() / 2));

const TAKEN: TaskReport = { status: 'running' };

/** What the answer says about the task; any other answer only says that it was taken. */
function reportIn(body: string): TaskReport | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!saysStatus(value)) return undefined;
  try {
    return toTaskReport(value);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { status: 'failed', error: `the webhook's answer is not understood: ${error.message}` };
  }
}
