import cors from 'cors';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isObject, withinDepth } from '../../../core/json.js';
import { adkEvents, withTextStatus } from '../../../protocols/a2a/json-rpc/adk.wire.js';
import type { Agent } from '../agent/agent.js';
import type { AgentCard } from '../types.js';
import { buildAgentCard } from './agent-card.js';
import { AgentCalls, type AgentAnswer } from './agent-calls.js';
import { AgentTasks } from './agent-tasks.js';
import { HttpRefusal, readJsonBody, sendEvents, sendJson } from './http-answer.js';
import { SecurityConfig } from './security-config.js';

export interface A2aAppConfig {
  /** Where callers reach it, for the card; by default the address that it listens on. */
  readonly baseUrl?: string;
  /** {@link SecurityConfig.default} unless given. */
  readonly security?: SecurityConfig;
  /** Whether a request may call the agent; the card and /health are open. All may unless given. */
  readonly authorize?: (request: IncomingMessage) => boolean | Promise<boolean>;
  /** Of the agent, for the card; `1.0.0` unless given. */
  readonly version?: string;
  /** Ended tasks that are remembered; 1,000 unless given. */
  readonly keepTasks?: number;
  /** Gets what went wrong; `console.error` unless given. */
  readonly onError?: (error: unknown) => void;
}

const CARDS: ReadonlySet<string> = new Set(['/.well-known/agent-card.json', '/.well-known/agent.json']);
const CALLS: ReadonlySet<string> = new Set(['/a2a', '/a2a/stream']);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const PARSE_ERROR = -32700;
/** The adk family waits for this at the end of a stream. */
const DONE = 'event: done\ndata:\n\n';

/**
 * An HTTP server for an agent: its card at `/.well-known/agent-card.json` and `agent.json`, A2A 1.0 and 0.3 over JSON-RPC at
 * `/a2a`, the adk family's stream at `/a2a/stream`, and `/health`. Streams are live. Tasks are in memory: a gateway in front makes
 * them durable.
 *
 * ```js
 * const app = createA2aApp(agent, { baseUrl: 'http://localhost:8080', security: SecurityConfig.development() });
 * await app.listen(8080);
 * ```
 *
 * @throws TypeError when the agent has no name or no description
 */
export const createA2aApp = (agent: Agent, config: A2aAppConfig = {}): A2aApp => new A2aApp(agent, config);

/** What {@link createA2aApp} makes. */
export class A2aApp {
  private readonly tasks: AgentTasks;
  private readonly calls: AgentCalls;
  private readonly security: SecurityConfig;
  private readonly withCors: ReturnType<typeof cors>;
  private server: Server | undefined;
  private address: string | undefined;

  /** @internal */
  constructor(
    private readonly agent: Agent,
    private readonly config: A2aAppConfig,
  ) {
    const { security = SecurityConfig.default(), keepTasks: keep = 1_000, onError = console.error } = config;
    buildAgentCard(agent, '');
    this.security = security;
    this.tasks = new AgentTasks(agent, { keep, onError, exposeErrorDetails: security.exposeErrorDetails });
    this.calls = new AgentCalls(this.tasks, () => this.card, onError);
    this.withCors = cors({
      origin: security.allowedOrigins.length === 0 ? '*' : [...security.allowedOrigins],
      methods: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
      allowedHeaders: ['content-type', 'authorization', 'x-request-id', 'a2a-version', 'a2a-extensions'],
      exposedHeaders: ['x-request-id', 'a2a-version'],
    });
  }

  /** @throws TypeError when it neither listens nor was told its address */
  get card(): AgentCard {
    const baseUrl = this.config.baseUrl ?? this.address;
    if (baseUrl === undefined) throw new TypeError('baseUrl: is needed where the app does not listen itself');
    const { version, authorize } = this.config;
    return buildAgentCard(this.agent, baseUrl, {
      ...(version && { version }),
      guarded: authorize !== undefined,
    });
  }

  /** Listens; port 0: any free one. Resolves to the address. */
  async listen(port: number, host = '127.0.0.1'): Promise<string> {
    const server = createServer((req, res) => void this.handle(req, res)).listen(port, host);
    await once(server, 'listening');
    this.server = server;
    const bound = (server.address() as AddressInfo).port;
    this.address = `http://${nameOf(host)}:${bound}`;
    return this.config.baseUrl ?? this.address;
  }

  /** Cancels what is under way, closes every connection. */
  async close(): Promise<void> {
    this.tasks.cancelAll();
    const { server } = this;
    if (!server?.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 1_000).unref();
    await closed;
  }

  /** Answers one request: for a server of your own, or as middleware of Express. Never rejects. */
  readonly handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    this.setHeaders(req, res);
    const late = setTimeout(() => {
      sendJson(res, 408, { error: 'the answer took too long; the task lives on' }, { connection: 'close' });
    }, this.security.requestTimeoutMs);
    res.once('close', () => clearTimeout(late));
    try {
      await new Promise<void>((resolve) => this.withCors(req, res, () => resolve()));
      await this.route(req, res);
    } catch (error) {
      this.refuse(res, error);
    }
  };

  private setHeaders(req: IncomingMessage, res: ServerResponse): void {
    const given = req.headers['x-request-id'];
    res.setHeader('x-request-id', typeof given === 'string' && UUID.test(given) ? given : randomUUID());
    res.setHeader('x-content-type-options', 'nosniff');
    res.setHeader('x-frame-options', 'DENY');
    res.setHeader('x-xss-protection', '1; mode=block');
  }

  private async route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    // Express leaves in `url` what is below the place where it has mounted us.
    const url = URL.parse(req.url ?? '/', 'http://localhost');
    const pathname = url?.pathname ?? '';
    const isCall = CALLS.has(pathname);
    if (!isCall && !CARDS.has(pathname) && pathname !== '/health') throw new HttpRefusal(404, 'not found');
    if (req.method !== (isCall ? 'POST' : 'GET'))
      throw new HttpRefusal(405, 'method not allowed', { allow: isCall ? 'POST' : 'GET' });
    if (pathname === '/health') return sendJson(res, 200, { status: 'healthy' });
    if (!isCall) return sendJson(res, 200, this.card, { 'cache-control': 'max-age=60' });
    await this.admit(req);
    await this.call(req, res, pathname === '/a2a/stream', versionOf(req, url));
  }

  private async admit(req: IncomingMessage): Promise<void> {
    const { authorize } = this.config;
    if (!authorize || (await authorize(req))) return;
    const reason = req.headers.authorization === undefined ? 'missing authorization' : 'invalid token';
    throw new HttpRefusal(401, reason, { 'www-authenticate': 'Bearer' });
  }

  private async call(
    req: IncomingMessage,
    res: ServerResponse,
    isAdkStream: boolean,
    version: string | undefined,
  ): Promise<void> {
    const hangUp = new AbortController();
    res.once('close', () => hangUp.abort());
    const text = await readJsonBody(req, this.security.maxBodyBytes);
    const payload = parsed(text);
    const asked = isAdkStream ? asStream(payload) : payload;
    if (payload === undefined) return sendJson(res, isAdkStream ? 400 : 200, NOT_JSON);
    const call = { payload: asked, version: isAdkStream ? '0.3' : version, signal: hangUp.signal };
    const answer = await this.calls.answer(call);
    if (isAdkStream) return this.sendAdk(res, answer, hangUp.signal);
    if (!res.headersSent) res.setHeader('a2a-version', answer.dialect); // else it was too late
    if (answer.stream) return sendEvents(res, answer.stream, hangUp.signal);
    sendJson(res, 200, answer.untyped ? withTextStatus(answer.body!) : answer.body);
  }

  private sendAdk(res: ServerResponse, answer: AgentAnswer, signal: AbortSignal): void | Promise<void> {
    if (!answer.stream) return sendJson(res, 400, answer.body);
    return sendEvents(res, asAdk(answer.stream), signal, DONE);
  }

  private refuse(res: ServerResponse, error: unknown): void {
    if (error instanceof HttpRefusal)
      return sendJson(res, error.status, { error: error.message }, error.headers);
    if (res.destroyed) return; // the caller has hung up
    (this.config.onError ?? console.error)(error);
    if (res.headersSent) res.destroy();
    else sendJson(res, 500, { error: 'Internal server error' });
  }
}

/** 1.0 §3.6.1: the header, or a parameter of the query. */
function versionOf({ headers }: IncomingMessage, url: URL | null): string | undefined {
  const version = headers['a2a-version'] ?? url?.searchParams.get('A2A-Version');
  return typeof version === 'string' ? version : undefined;
}

/** What a URL calls a host; one that stands for all addresses is nobody's address. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

const NOT_JSON = { jsonrpc: '2.0', id: null, error: { code: PARSE_ERROR, message: 'the body is not JSON' } };

/** Undefined: not JSON, or nested deeper than anything that means well. */
function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return withinDepth(text, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Both of adk's methods stream at its address, and nothing else does. */
function asStream(payload: unknown): unknown {
  if (!isObject(payload)) return payload;
  const { method } = payload;
  if (method === 'message/send' || method === 'message/stream')
    return { ...payload, method: 'message/stream' };
  return typeof method === 'string' ? { ...payload, method: `${method} (not on /a2a/stream)` } : payload;
}

async function* asAdk(events: AsyncIterable<object>): AsyncGenerator<object, void, undefined> {
  for await (const event of events) yield* adkEvents(event);
}
