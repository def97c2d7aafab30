import QuickLRU from 'quick-lru';
import { A2aClient } from '../client/a2a-client.js';
import type { ConnectionOptions } from '../client/http.js';
import { Backoff, pause } from '../../backoff.js';
import { A2A_CODES, A2aRequestError, A2aRpcError, AgentFailedError } from '../errors.js';
import { asksBack, hasEnded, textOf, type Message, type TaskStatus, type UpdateEvent } from '../types.js';
import type { Agent, AgentEvent, AgentInput } from './agent.js';
import { Answer } from './answer.js';

/** How a remote agent is reached, and how it is spoken to. */
export interface RemoteAgentOptions extends ConnectionOptions {
  readonly name: string;
  readonly description: string;
  /** The agent's address, or that of its card. */
  readonly agentUrl: string;
  /** Whether its answers come in pieces; by default as its card says. */
  readonly streaming?: boolean;
}

/** Where the conversation goes on at the other side. */
interface Thread {
  readonly contextId?: string;
  /** The task that waits for an answer, and what it has brought so far. */
  readonly waiting?: { readonly taskId: string; readonly answer: Answer };
}

/** A card is asked for anew after this long. */
const CARD_MS = 300_000;
const MAX_THREADS = 1_000;
/** Pauses between two looks at a task that cannot be followed. */
const POLL_MS = { first: 500, longest: 5_000 };
/** Attempts to find a task again after its stream broke, one after another without news. */
const MAX_RESUMES = 5;

/**
 * An agent somewhere else, as if it were here: fetches its card, sends it messages and brings its answers, and can be the
 * sub-agent of another one. A stream that breaks is taken up again where it was. Conversations go on: the remote agent's context
 * is remembered by the caller's.
 *
 * ```js
 * const prime = RemoteA2aAgent.builder('prime_checker')
 *   .description('Checks if numbers are prime')
 *   .agentUrl('http://localhost:8001')
 *   .build();
 * ```
 */
export class RemoteA2aAgent implements Agent {
  readonly name: string;
  readonly description: string;
  private readonly threads = new QuickLRU<string, Thread>({ maxSize: MAX_THREADS });
  private client: Promise<A2aClient> | undefined;
  private clientUntil = 0;

  constructor(private readonly options: RemoteAgentOptions) {
    this.name = options.name;
    this.description = options.description;
  }

  static builder(name: string): RemoteA2aAgentBuilder {
    return new RemoteA2aAgentBuilder(name);
  }

  /** @throws AgentFailedError (it has failed), A2aRpcError (it refuses), A2aRequestError (it cannot be reached) */
  async *run(input: AgentInput): AsyncGenerator<AgentEvent, void, undefined> {
    const client = await this.connect();
    const { streaming = client.card.capabilities.streaming } = this.options;
    const answer = this.threads.get(input.contextId)?.waiting?.answer ?? new Answer();
    const updates = streaming ? this.streamed(client, input) : this.whole(client, input);
    let last: UpdateEvent | undefined;
    try {
      for await (const update of updates) {
        this.remember(input.contextId, update, answer);
        yield* answer.of(update);
        last = update;
      }
    } catch (error) {
      if (last === undefined) this.waitsNoMore(input.contextId, error);
      throw error;
    } finally {
      if (last && input.signal.aborted && !isDone(last)) cancel(client, taskIdOf(last)!);
    }
    if (last && 'status' in last) yield* this.conclusion(last.status);
  }

  private connect(): Promise<A2aClient> {
    if (!this.client || Date.now() > this.clientUntil) {
      const client = A2aClient.fromUrl(this.options.agentUrl, this.options);
      this.client = client;
      this.clientUntil = Date.now() + CARD_MS;
      client.catch(() => {
        if (this.client === client) this.client = undefined;
      });
    }
    return this.client;
  }

  private async *whole(
    client: A2aClient,
    { message, contextId, signal }: AgentInput,
  ): AsyncGenerator<UpdateEvent> {
    const { result, error } = await client.sendMessage(this.toSend(message, contextId), { signal });
    if (error) throw error;
    yield result;
    // Agents of 0.3 may answer before they have finished.
    if (!isDone(result)) yield* followed(client, taskIdOf(result)!, signal);
  }

  /** A broken stream is taken up again, however often that is needed, as long as something new comes in between. */
  private async *streamed(
    client: A2aClient,
    { message, contextId, signal }: AgentInput,
  ): AsyncGenerator<UpdateEvent, void, undefined> {
    const toSend = this.toSend(message, contextId);
    let stream = client.sendStreamingMessage(toSend, { signal });
    let taskId: string | undefined;
    // The task that the message goes on with may be shown first as it was: asking.
    let isOld = toSend.taskId !== undefined;
    for (let resumes = 0; ; resumes++) {
      try {
        for await (const update of stream) {
          if (update.kind !== 'task') resumes = 0;
          taskId = taskIdOf(update);
          yield update;
          if (isDone(update) && !isOld) return;
          isOld = false;
        }
      } catch (error) {
        const isBroken = error instanceof A2aRequestError && error.reason === 'unreachable';
        if (!isBroken || taskId === undefined || resumes >= MAX_RESUMES) throw error;
      }
      if (taskId === undefined || resumes >= MAX_RESUMES)
        throw new A2aRequestError(client.card.url, 'protocol', 'the stream ended before the task did');
      stream = followed(client, taskId, signal);
    }
  }

  /** The message with the remote agent's own ids: it knows nothing of ours. */
  private toSend({ contextId: _, taskId: __, ...message }: Message, contextId: string): Message {
    const { waiting, ...thread } = this.threads.get(contextId) ?? {};
    return { ...message, ...thread, ...(waiting && { taskId: waiting.taskId }) };
  }

  /** The task that waited has ended meanwhile, or is forgotten: the next message begins another. */
  private waitsNoMore(ours: string, error: unknown): void {
    if (!(error instanceof A2aRpcError)) return;
    const { contextId } = this.threads.get(ours) ?? {};
    if (contextId !== undefined) this.threads.set(ours, { contextId });
  }

  private remember(ours: string, update: UpdateEvent, answer: Answer): void {
    const { contextId } = update;
    if (!contextId) return;
    const waits =
      update.kind !== 'message' && update.kind !== 'artifact-update' && asksBack(update.status.state);
    const taskId = waits ? taskIdOf(update) : undefined;
    this.threads.set(ours, { contextId, ...(taskId !== undefined && { waiting: { taskId, answer } }) });
  }

  private *conclusion({ state, message }: TaskStatus): Generator<AgentEvent, void, undefined> {
    if (state === 'completed') return;
    const said = message ? textOf(message.parts) : '';
    if (!asksBack(state)) throw new AgentFailedError(this.name, state, said);
    yield { type: 'input-required', text: said || state };
  }
}

const taskIdOf = (update: UpdateEvent): string | undefined =>
  update.kind === 'task' ? update.id : update.taskId;

const isDone = (update: UpdateEvent): boolean => {
  if (update.kind === 'message') return true;
  return (
    update.kind !== 'artifact-update' && (hasEnded(update.status.state) || asksBack(update.status.state))
  );
};

/** Nobody waits for the task any more. That it cannot be told so is no matter: then it ends by itself. */
function cancel(client: A2aClient, taskId: string): void {
  client.cancelTask(taskId).catch(() => undefined);
}

/** What an agent says that has no streams, or none for a task that has just ended. */
const CANNOT_FOLLOW: ReadonlySet<number> = new Set([A2A_CODES.methodNotFound, A2A_CODES.unsupported]);

/** A task as it is, then what comes. Where it cannot be subscribed to, it is asked for again and again. */
async function* followed(
  client: A2aClient,
  taskId: string,
  signal: AbortSignal,
): AsyncGenerator<UpdateEvent, void, undefined> {
  const backoff = new Backoff(POLL_MS.first, POLL_MS.longest);
  for (;;) {
    const task = await client.getTask(taskId, { signal });
    yield task;
    if (isDone(task)) return;
    try {
      for await (const update of client.resubscribe(taskId, { signal })) {
        yield update;
        if (isDone(update)) return;
      }
    } catch (error) {
      if (!(error instanceof A2aRpcError && CANNOT_FOLLOW.has(error.code))) throw error;
    }
    await pause(backoff.next(), signal);
  }
}

/** Builds a RemoteA2aAgent. */
class RemoteA2aAgentBuilder {
  private options: Partial<RemoteAgentOptions> = {};

  constructor(private readonly name: string) {}

  /** By default empty; models choose by it. */
  description(description: string): this {
    return this.with({ description });
  }

  agentUrl(agentUrl: string): this {
    return this.with({ agentUrl });
  }

  /** Whether its answers come in pieces; by default as its card says. */
  streaming(streaming = true): this {
    return this.with({ streaming });
  }

  /** Credentials, timeouts, repeats. */
  connection(options: ConnectionOptions): this {
    return this.with(options);
  }

  /** @throws TypeError without an address, or with one that is none */
  build(): RemoteA2aAgent {
    const { agentUrl = '', description = '' } = this.options;
    if (!URL.canParse(agentUrl))
      throw new TypeError(`agentUrl: got ${JSON.stringify(agentUrl)}, allowed: a URL`);
    return new RemoteA2aAgent({ ...this.options, name: this.name, description, agentUrl });
  }

  private with(options: Partial<RemoteAgentOptions>): this {
    this.options = { ...this.options, ...options };
    return this;
  }
}
