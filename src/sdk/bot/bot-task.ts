import { isObject, type JsonObject } from '../../core/json.js';
import type { Artifact, Message, Part } from '../../core/task.js';

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
  private readonly control = new AbortController();
  private text = '';
  private parts: Part[] = [];
  private pieces = 0;

  constructor(
    { id, message, metadata }: TaskFrame,
    private readonly link: TaskLink,
  ) {
    this.id = id;
    this.message = message;
    this.metadata = metadata;
    this.skill = typeof metadata['skill'] === 'string' ? metadata['skill'] : '';
    this.instruction = message.parts.flatMap((part) => part.text ?? []).join('\n');
    this.constraints = isObject(metadata['constraints']) ? metadata['constraints'] : {};
    this.attempt = typeof metadata['attempt'] === 'number' ? metadata['attempt'] : 1;
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

  /**
   * Adds a piece to the result: a text, or an artifact whose `text` is concatenated and whose `parts` are appended.
   * Await it: it resolves when the gateway has stored the piece, so a slow gateway slows the bot down.
   */
  append(piece: string | Artifact): Promise<void> {
    if (this.signal.aborted) return Promise.resolve();
    const artifact = typeof piece === 'string' ? { text: piece } : piece;
    this.text += artifact.text ?? '';
    this.parts.push(...(artifact.parts ?? []));
    this.pieces++;
    return this.link.store({ id: this.id, status: 'running', artifact: artifact, append: true });
  }

  /** Whether pieces of the result have been sent. */
  get hasAppended(): boolean {
    return this.pieces > 0;
  }

  /** The pieces so far as one. */
  get appended(): Artifact {
    return {
      ...(this.text !== '' && { text: this.text }),
      ...(this.parts.length > 0 && { parts: this.parts }),
    };
  }

  /** @internal */
  abort(reason: string): void {
    this.control.abort(new Error(reason));
  }
}
