import { Logger } from '@nestjs/common';
import type { RawData, WebSocket } from 'ws';
import { isMessageId, type AgentMessage } from '../../core/agent-message.js';
import type { Timer } from '../../core/clock.js';
import { GatewayError } from '../../core/errors.js';
import { isTaskId, type TaskId } from '../../core/ids.js';
import { withinDepth } from '../../core/json.js';
import type { Principal } from '../../core/principal.js';
import type { PeerCertificate } from '../../engine/auth/certificate.js';
import type { Agent } from '../../engine/registry/agent.js';
import {
  AgentConnection,
  type Assignment,
  type CloseReason,
} from '../../engine/registry/agent-connection.js';
import {
  malformed,
  parseFailure,
  parseMessage,
  RPC_METHOD_NOT_FOUND,
  rpcFailure,
  rpcResult,
  type RpcCall,
  type RpcId,
  type RpcReply,
  type RpcResponse,
} from '../../transport/jsonrpc/envelope.js';
import { toRpcError } from '../../transport/jsonrpc/error-codes.js';
import { errorText } from '../../transport/agents/task-report.js';
import type { BotContext } from './bot-context.js';
import { toCancelFrame, toMessageFrame, toRegistration, toReport, toSendFrame } from './bot.mapper.js';
import { CLOSE, PING_FRAME, PING_ID, UP, type RegisterResult } from './bot.wire.js';
import { Confirmations } from './confirmations.js';
import { FramePace } from './frame-pace.js';
import { Outgoing } from './outgoing.js';

/** Reports on their way to the disk; beyond it the socket is not read until half of them are stored. */
const MAX_UNSTORED = 64;
/** Time for the other side to answer a close before the socket is cut, in milliseconds. */
const CLOSE_PATIENCE = 2000;

const logger = new Logger('Bot');

/** One bot socket: its frames in order, its agent, and what the engine tells the agent. */
export class BotSession extends AgentConnection {
  override readonly kind = 'bot';
  private agent: Agent | undefined;
  private unstored = 0;
  private stopped = false;
  /** Tasks that the bot says it goes on with; undefined: it has not said. */
  private resuming: ReadonlySet<string> | undefined;
  private deadline: Timer | undefined;
  private expiry: Timer | undefined;
  private readonly pace: FramePace | undefined;
  /** It has sent all that it may for now. */
  private slowedDown: Timer | undefined;
  private readonly outgoing: Outgoing;
  /** There once a message had to be confirmed: most bots get none. */
  private confirmations: Confirmations | undefined;

  constructor(
    private readonly socket: WebSocket,
    override readonly principal: Principal,
    private readonly context: BotContext,
    /** Kept only where it can be revoked while the socket is open. */
    readonly certificate: PeerCertificate | undefined,
  ) {
    super();
    this.pace = context.frameRate && new FramePace(context.clock, context.frameRate);
    this.outgoing = new Outgoing(socket, context.clock, () => this.end(CLOSE.slow, 'does not read'));
    socket.on('message', (data: RawData) => this.receive(data));
    socket.on('close', () => this.gone());
    socket.on('error', (error) => this.broken(error));
    this.deadline = context.clock.after(context.registerTimeout, () => this.reject(null, lateRegistration()));
    this.watchExpiry();
  }

  get registered(): boolean {
    return this.agent !== undefined;
  }

  override get paused(): boolean {
    return this.unstored > MAX_UNSTORED || this.slowedDown !== undefined;
  }

  override stillHas(taskId: TaskId): boolean {
    return this.resuming?.has(taskId) ?? true;
  }

  override assign(assignment: Assignment): void {
    this.send(toSendFrame(assignment));
  }

  override cancel(taskId: TaskId): void {
    this.send(toCancelFrame(taskId));
  }

  override async deliver(message: AgentMessage, confirmed: boolean): Promise<void> {
    const { clock, messageTimeout } = this.context;
    if (this.stopped) throw new GatewayError('UPSTREAM', 'the connection of the bot is closed');
    const frame = toMessageFrame(message, confirmed);
    if (!confirmed) return this.send(frame);
    this.confirmations ??= new Confirmations(clock, messageTimeout);
    const taken = this.confirmations.of(message.id);
    this.send(frame);
    await taken;
  }

  override ping(): void {
    this.send(PING_FRAME);
  }

  override close(reason: CloseReason): void {
    this.end(CLOSE[reason], reason);
  }

  private receive(data: RawData): void {
    if (this.stopped) return;
    this.slowDown(this.pace?.pauseAfterFrame() ?? 0);
    const value = parse(data);
    if (value === undefined) return this.reply(parseFailure('a frame is JSON, at most 64 levels deep'));
    const message = parseMessage(value);
    if (message.kind === 'malformed') return this.refuse(rpcFailure(message.id, message.error));
    if (this.agent) this.context.registry.touch(this.agent);
    if (message.kind === 'reply') this.takeReply(message);
    else this.takeCall(message);
  }

  private takeCall(call: RpcCall): void {
    if (call.method === UP.register) return this.register(call);
    if (!this.agent)
      return this.refuse(
        rpcFailure(call.id ?? null, malformed(null, `the first frame is ${UP.register}`).error),
      );
    if (call.method === UP.status) return this.takeStatus(call, this.agent);
    if (call.method === UP.pong) return this.answer(call, {});
    this.fail(call, { code: RPC_METHOD_NOT_FOUND, message: 'Method not found' });
  }

  /** Before registration a wrong frame ends the socket, afterwards it is answered. */
  private refuse(response: RpcResponse): void {
    this.reply(response);
    if (!this.agent) this.end(CLOSE.policy, 'not registered');
  }

  private register(call: RpcCall): void {
    try {
      const { card, namespace, resuming } = toRegistration(call.params, this.principal.namespace);
      this.resuming = resuming;
      this.enter(card, namespace);
      this.answer(call, this.welcome(this.agent!));
    } catch (error) {
      this.reject(call.id ?? null, error);
    }
  }

  /** Again on the same socket: a new card for the same agent, or another agent in its place. */
  private enter(card: Agent['card'], namespace: Agent['namespace']): void {
    const { registry } = this.context;
    const current = this.agent;
    if (current && current.namespace === namespace && current.card.name === card.name)
      return registry.amend(current, card);
    this.agent = registry.admit(this, card, namespace);
    if (current) registry.remove(current, 'disconnected');
    else this.context.registered();
    this.deadline?.cancel();
    this.deadline = undefined;
  }

  private welcome(agent: Agent): RegisterResult {
    const { heartbeat, holdings } = this.context;
    return {
      agent_id: agent.card.name,
      namespace: agent.namespace,
      heartbeat_interval_ms: heartbeat.interval,
      heartbeat_timeout_ms: heartbeat.timeout,
      holding: [...holdings.of(agent)].filter((task) => task.handed && !task.ended).map((task) => task.id),
    };
  }

  private takeStatus(call: RpcCall, agent: Agent): void {
    try {
      const { id, report } = toReport(call.params);
      this.store(this.context.tasks.report(agent, id, report), call);
    } catch (error) {
      this.fail(call, toRpcError(error));
    }
  }

  /** A result to tasks/send only says that it has arrived; an error fails the task. A message is confirmed, or refused. */
  private takeReply({ id, error }: RpcReply): void {
    if (typeof id === 'string' && isMessageId(id))
      return this.confirmations?.settle(id, error === undefined ? undefined : `the bot: ${errorText(error)}`);
    if (id === PING_ID || error === undefined || !this.agent || typeof id !== 'string' || !isTaskId(id))
      return;
    this.store(this.context.tasks.report(this.agent, id, { status: 'failed', error: errorText(error) }));
  }

  /** Answers when the report is on disk. While too many are on their way, nothing more is read. */
  private store(stored: Promise<void>, call?: RpcCall): void {
    if (++this.unstored > MAX_UNSTORED) this.socket.pause();
    void stored
      .then(
        () => call && this.answer(call, {}),
        (error: unknown) => (call ? this.fail(call, toRpcError(error)) : logUnexpected(error)),
      )
      .finally(() => this.oneStored());
  }

  private oneStored(): void {
    if (--this.unstored <= MAX_UNSTORED / 2) this.readOn();
  }

  /** Over its allowance a bot is not refused, which would lose what it reports, but read later: TCP makes it wait. */
  private slowDown(ms: number): void {
    if (ms === 0 || this.slowedDown) return;
    this.socket.pause();
    this.slowedDown = this.context.clock.after(ms, () => {
      this.slowedDown = undefined;
      this.readOn();
    });
  }

  private readOn(): void {
    if (this.paused || !this.socket.isPaused) return;
    this.socket.resume();
    if (this.agent) this.context.registry.touch(this.agent);
  }

  private answer(call: RpcCall, result: object): void {
    if (call.id !== undefined) this.reply(rpcResult(call.id, result));
  }

  private fail(call: RpcCall, error: ReturnType<typeof toRpcError>): void {
    if (call.id !== undefined) this.reply(rpcFailure(call.id, error));
  }

  private reply(response: RpcResponse): void {
    this.send(JSON.stringify(response));
  }

  /** A registration that cannot be: the error, then the end. */
  private reject(id: RpcId, error: unknown): void {
    this.reply(rpcFailure(id, toRpcError(error)));
    this.end(CLOSE.policy, 'registration refused');
  }

  private send(frame: string): void {
    if (!this.stopped) this.outgoing.send(frame);
  }

  /** Its frames count for nothing from now on. */
  private end(code: number, reason: string): void {
    if (this.stopped) return;
    this.stop();
    this.socket.close(code, reason);
    const { clock } = this.context;
    const cut = clock.after(CLOSE_PATIENCE, () => this.socket.terminate());
    this.socket.once('close', () => cut.cancel());
  }

  /** Not WebSocket, or too large: the library has said so to the other side (1002, 1007, 1009) and reads no further. */
  private broken(error: Error): void {
    logger.debug(`socket error: ${error.message}`);
    this.end(CLOSE.policy, 'protocol error');
  }

  private gone(): void {
    this.stop();
    this.context.left(this);
  }

  private stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.deadline?.cancel();
    this.expiry?.cancel();
    this.slowedDown?.cancel();
    this.confirmations?.giveUp();
    this.outgoing.stop();
    if (this.agent) this.context.registry.remove(this.agent, 'disconnected');
  }

  /** A credential ends while the socket is open: the bot has to come back with a fresh one. */
  private watchExpiry(): void {
    const { expiresAt } = this.principal;
    if (expiresAt === undefined || this.stopped) return;
    const { clock } = this.context;
    if (expiresAt <= clock.now()) this.close('expired');
    else this.expiry = clock.after(expiresAt - clock.now(), () => this.watchExpiry());
  }
}

/** The frame as a value; undefined when it is no JSON, or nested too deep. */
function parse(data: RawData): unknown {
  const text = (data as Buffer).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    return withinDepth(text, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const lateRegistration = (): GatewayError =>
  new GatewayError('INVALID', `the first frame, ${UP.register}, did not come in time`);

/** Refusals of notifications are part of the protocol (nobody waits for them); anything else is a defect. */
function logUnexpected(error: unknown): void {
  if (error instanceof GatewayError) logger.debug(`report refused: ${error.message}`);
  else logger.error(error instanceof Error ? error.stack : String(error));
}
