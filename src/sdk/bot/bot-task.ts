import { isObject, type JsonObject } from '../../core/json.js';
import { agentSays, type Artifact, type Message } from '../../core/task.js';
import type { InterruptedState } from '../../core/task-states.js';
import { Artifacts } from './bot-artifacts.js';

/** What a bot is sent with `tasks/send`. */
export interface TaskFrame {
  readonly id: string;
  readonly message: Message;
  readonly metadata: JsonObject;
}

/** How a task speaks to the gateway. */
export interface TaskLink {
  /** Sends a report that may be lost: the next one is as good. */
  tell(report: JsonObject): void;
  /** Sends a report; resolves when it is stored, refused, or the connection is lost: never rejects. */
  store(report: JsonObject): Promise<void>;
  /** Sends a question until it is stored. */
  ask(report: JsonObject): void;
}

/** What a caller answered. */
export interface Answer {
  /** All texts of the message, joined by line feeds. */
  readonly text: string;
  readonly message: Message;
}

/** Thrown by {@link BotTask.reject}. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
}

/** A task that a bot works on. */
export class BotTask {
  readonly id: string;
  readonly skill: string;
  readonly message: Message;
  /** All texts of the message, joined by line feeds. */
  readonly instruction: string;
  readonly constraints: JsonObject;
  /** The caller's metadata, with `skill`, `constraints` and (from the second dispatch on) `attempt`. */
  readonly metadata: JsonObject;
  /** 1 for the first dispatch. */
  readonly attempt: number;
  /**
   * `message` is the answer to a question that this agent asked before its process was started anew: whoever asked is gone.
   * Otherwise answers come where they were asked for, by {@link requireInput}.
   */
  readonly continuation: boolean;
  /** What was said so far, where another agent had asked the caller and was lost; else empty. */
  readonly history: readonly Message[];
  private readonly control = new AbortController();
  private readonly artifacts = new Artifacts();
  private question: PromiseWithResolvers<Answer> | undefined;

  constructor(
    { id, message, metadata }: TaskFrame,
    private readonly link: TaskLink,
  ) {
    const { skill, constraints, attempt, continuation, history } = metadata;
    this.id = id;
    this.message = message;
    this.metadata = metadata;
    this.skill = typeof skill === 'string' ? skill : '';
    this.instruction = textOf(message);
    this.constraints = isObject(constraints) ? constraints : {};
    this.attempt = typeof attempt === 'number' ? attempt : 1;
    this.continuation = continuation === true;
    this.history = Array.isArray(history) ? history : [];
  }

  /** Aborts when the task is canceled or the bot closes: stop working; nothing more is reported. */
  get signal(): AbortSignal {
    return this.control.signal;
  }

  /** Reports how far it is: 0 to 100. Also says that the bot still works, which the task's timeout waits for. */
  progress(pct: number, message?: string): void {
    if (this.signal.aborted) return;
    this.link.tell({ id: this.id, status: 'running', pct, ...(message !== undefined && { message }) });
  }

  /** Says something about where the work stands; kept in the task's history. */
  say(message: string | Message): void {
    if (!this.signal.aborted) this.link.tell({ id: this.id, status: 'running', message: asJson(message) });
  }

  /**
   * Adds a piece to the result: a text, or an artifact whose `text` is concatenated and whose `parts` are appended. Several
   * artifacts are told apart by `artifact_id`.
   * Await it: it resolves when the gateway has stored the piece, so a slow gateway slows the bot down.
   */
  append(piece: string | Artifact): Promise<void> {
    return this.add(typeof piece === 'string' ? { text: piece } : piece, true);
  }

  /** Adds a whole artifact beside others, or in the place of the one with its `artifact_id`. Await it as {@link append}. */
  addArtifact(artifact: Artifact): Promise<void> {
    return this.add(artifact, false);
  }

  /**
   * Asks the caller, and resolves to what he answers, however long that takes; the task holds no slot of the bot meanwhile.
   * Rejects when the task is canceled or fails before that, or the bot closes.
   */
  requireInput(question: string | Message): Promise<Answer> {
    return this.ask('input_required', question);
  }

  /**
   * Says that the caller must authorize something, and resolves to his answer. Where the bot learns by itself that it may go
   * on it need not wait: the next report says that it works again.
   */
  requireAuth(what: string | Message): Promise<Answer> {
    return this.ask('auth_required', what);
  }

  /** Ends the task: this agent does not do it. Throws, so that `onTask` ends here too. */
  reject(reason: string): never {
    throw new Rejection(reason);
  }

  /** Whether pieces of the result have been sent. */
  get hasAppended(): boolean {
    return !this.artifacts.isEmpty;
  }

  /** The artifacts that were sent so far. */
  get appended(): Artifact[] {
    return this.artifacts.all();
  }

  /** Whether it waits for its caller. */
  get isAsking(): boolean {
    return this.question !== undefined;
  }

  /** @internal */
  answer(message: Message): void {
    this.question?.resolve({ text: textOf(message), message });
    this.question = undefined;
  }

  /** @internal */
  abort(reason: string): void {
    const error = new Error(reason);
    this.control.abort(error);
    this.question?.reject(error);
    this.question = undefined;
  }

  private async ask(status: InterruptedState, said: string | Message): Promise<Answer> {
    this.signal.throwIfAborted();
    if (this.question) throw new Error('the task waits for an answer already');
    const question = (this.question = Promise.withResolvers<Answer>());
    question.promise.catch(() => undefined); // who does not wait for it need not hear that it ends
    this.link.ask({ id: this.id, status, message: asJson(said) });
    return question.promise;
  }

  private add(artifact: Artifact, append: boolean): Promise<void> {
    if (this.signal.aborted) return Promise.resolve();
    this.artifacts.add(artifact, append);
    return this.link.store({ id: this.id, status: 'running', artifact, append });
  }
}

const textOf = ({ parts }: Message): string => parts.flatMap((part) => part.text ?? []).join('\n');

const asJson = (message: string | Message): JsonObject => ({
  ...(typeof message === 'string' ? agentSays(message) : message),
});
