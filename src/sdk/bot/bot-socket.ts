import { WebSocket } from 'ws';
import { isObject, type JsonObject } from '../../core/json.js';
import { CLOSE, DOWN, PING_ID, UP, type RegisterResult } from '../../protocols/bot/bot.wire.js';
import type { PushWire } from '../../transport/agents/message.wire.js';
import { Backoff } from '../backoff.js';
import type { BotOptions, BotSkill } from './bot-options.js';
import type { TaskFrame } from './bot-task.js';

/** What a socket tells its bot. */
export interface SocketEvents {
  /** Tasks that the bot goes on with, asked at each registration. */
  resuming(): string[];
  registered(result: RegisterResult): void;
  task(frame: TaskFrame): void;
  cancel(id: string): void;
  /** The answer to a report that was sent with an id. */
  answered(id: string, error: string | undefined): void;
  lost(code: number, reason: string, retryMs: number | undefined): void;
  /** It does not come back. */
  ended(error: Error | undefined): void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** Without a frame for this many heartbeat timeouts the connection is taken for dead. */
const PATIENCE = 1.5;
/** Codes after which the same bot has no reason to come back. */
const FINAL: readonly number[] = [CLOSE.policy, CLOSE.replaced];
const REGISTER_ID = 'register';
/** JSON-RPC 2.0. */
const METHOD_NOT_FOUND = -32601;
const INTERNAL = -32603;

/** The connection of a bot: dials, registers, answers pings, and comes back with growing pauses. */
export class BotSocket {
  private socket: WebSocket | undefined;
  private skills: readonly BotSkill[];
  private readonly backoff: Backoff;
  private isRegistered = false;
  private wasRegistered = false;
  private refusal: Error | undefined;
  private ending = false;
  private retry: NodeJS.Timeout | undefined;
  private watchdog: NodeJS.Timeout | undefined;
  private silenceMs = Infinity;

  constructor(
    private readonly options: BotOptions,
    private readonly events: SocketEvents,
  ) {
    const { firstMs = FIRST_PAUSE_MS, maxMs = LONGEST_PAUSE_MS } = options.backoff ?? {};
    this.backoff = new Backoff(firstMs, maxMs);
    this.skills = options.card.skills;
  }

  /** Connects; what goes wrong is told by {@link SocketEvents}. */
  async open(): Promise<void> {
    const { token, url, tls } = this.options;
    try {
      const bearer = typeof token === 'function' ? await token() : token;
      if (this.ending) return;
      const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
      this.listen(new WebSocket(url, { headers, perMessageDeflate: false, ...tls }));
    } catch (error) {
      if (error instanceof SyntaxError) this.refusal = error; // the url: it will not get better
      this.closed(0, messageOf(error));
    }
  }

  /** Sends a frame if the bot is registered; false: it is not. */
  send(frame: JsonObject): boolean {
    if (!this.isRegistered) return false;
    this.write(frame);
    return true;
  }

  /** Registers with other skills: again on the same socket, and on those that follow. */
  offer(skills: readonly BotSkill[]): void {
    this.skills = skills;
    if (this.isRegistered) this.register();
  }

  /** Ends it for good. */
  close(): void {
    this.ending = true;
    clearTimeout(this.retry);
    clearTimeout(this.watchdog);
    if (this.socket) this.socket.close(1000);
    else this.events.ended(undefined);
  }

  private listen(socket: WebSocket): void {
    this.socket = socket;
    let problem = '';
    socket.on('open', () => this.register());
    socket.on('message', (data: Buffer) => this.receive(data.toString()));
    socket.on('unexpected-response', (_, { statusCode = 0 }) => {
      problem = `the gateway refused the connection: ${statusCode}`;
      const mayChange =
        typeof this.options.token === 'function' || (statusCode !== 401 && statusCode !== 403);
      if (!mayChange) this.refusal = new Error(problem);
      socket.terminate();
    });
    socket.on('error', (error) => (problem ||= error.message));
    socket.on('close', (code, reason) => this.closed(code, reason.toString() || problem));
  }

  private register(): void {
    const { card, namespace } = this.options;
    const skills = this.skills.map((skill) => (typeof skill === 'string' ? { id: skill } : skill));
    const params = {
      card: { ...card, skills },
      ...(namespace !== undefined && { namespace }),
      resuming: this.events.resuming(),
    };
    this.write({ method: UP.register, params, id: REGISTER_ID });
  }

  private write(frame: JsonObject): void {
    if (this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ jsonrpc: '2.0', ...frame }));
  }

  private receive(text: string): void {
    this.alive();
    const frame = parsed(text);
    if (!frame) return void this.socket?.terminate(); // not the gateway: dial again
    const { method, params, id } = frame;
    if (method === DOWN.ping) this.write({ id: PING_ID, result: {} });
    else if (method === DOWN.send) this.events.task(params as unknown as TaskFrame);
    else if (method === DOWN.message) void this.takeMessage(params as unknown as PushWire, id);
    else if (method === DOWN.cancel && isObject(params)) this.events.cancel(textOf(params['id']));
    else if (id === REGISTER_ID) this.answeredRegistration(frame);
    else if (method === undefined && typeof id === 'string') this.events.answered(id, errorOf(frame));
  }

  /** Answered where the gateway wants to know that it has arrived. */
  private async takeMessage(message: PushWire, id: JsonObject['id']): Promise<void> {
    const { onMessage } = this.options;
    const answer = (said: JsonObject) => void (id !== undefined && this.write({ id, ...said }));
    if (!onMessage)
      return answer({ error: { code: METHOD_NOT_FOUND, message: 'this bot takes no messages' } });
    try {
      await onMessage(message);
      answer({ result: {} });
    } catch (error) {
      answer({ error: { code: INTERNAL, message: messageOf(error) } });
    }
  }

  private answeredRegistration(frame: JsonObject): void {
    const error = errorOf(frame);
    if (error !== undefined) {
      this.refusal = new Error(`registration refused: ${error}`);
      return; // the gateway closes the socket
    }
    const result = frame['result'] as unknown as RegisterResult;
    this.silenceMs = result.heartbeat_timeout_ms * PATIENCE;
    this.alive();
    this.backoff.reset();
    if (this.isRegistered) return; // a changed card
    this.isRegistered = this.wasRegistered = true;
    this.events.registered(result);
  }

  /** The gateway pings: when nothing comes for long, the connection is dead though nobody has said so. */
  private alive(): void {
    clearTimeout(this.watchdog);
    if (Number.isFinite(this.silenceMs))
      this.watchdog = setTimeout(() => this.socket?.terminate(), this.silenceMs).unref();
  }

  private closed(code: number, reason: string): void {
    clearTimeout(this.watchdog);
    this.socket = undefined;
    this.isRegistered = false;
    const isFinal = this.ending || code >= 4500 || FINAL.includes(code) || this.refusal !== undefined;
    if (isFinal && !(code === CLOSE.policy && this.wasRegistered && !this.refusal)) {
      this.events.lost(code, reason, undefined);
      this.events.ended(this.ending ? undefined : (this.refusal ?? new Error(`closed: ${code} ${reason}`)));
      return;
    }
    const retryMs = this.backoff.next();
    this.events.lost(code, reason, retryMs);
    this.retry = setTimeout(() => void this.open(), retryMs);
  }
}

function parsed(text: string): JsonObject | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    return isObject(frame) ? frame : undefined;
  } catch {
    return undefined;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

function errorOf({ error }: JsonObject): string | undefined {
  return isObject(error) ? textOf(error['message'] ?? error['code']) : undefined;
}
