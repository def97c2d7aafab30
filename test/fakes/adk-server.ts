import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Fields = Readonly<Record<string, unknown>>;

/** What the agent behind the server does with a text: the pieces of its answer, or why it fails. */
export type AdkAgent = (text: string) => { readonly pieces: readonly string[]; readonly failure?: string };

/**
 * An A2A server as adk-rust's is, with all its ways: parts without kind, `taskId` in `tasks/get` and `tasks/cancel`, streams at
 * `/a2a/stream` only, `status.message` as text, `finalUpdate`, pieces as several artifacts with one id, unknown tasks as internal
 * errors, any task can be canceled, a silent `event: done` at the end, refusals of the stream with status 400.
 */
export class AdkServer {
  /** Every JSON-RPC call, with its path. */
  readonly calls: { readonly path: string; readonly method: string; readonly params: Fields }[] = [];
  /** What the next requests are answered with, instead of by the agent. */
  readonly refusals: { readonly status: number; readonly headers?: Record<string, string> }[] = [];
  private readonly tasks = new Map<string, Fields>();

  private constructor(
    private readonly server: Server,
    private readonly agent: AdkAgent,
  ) {
    server.on('request', (req, res) => void this.serve(req, res));
  }

  static async start(agent: AdkAgent): Promise<AdkServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new AdkServer(server, agent);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const refusal = this.refusals.shift();
    if (refusal) return void res.writeHead(refusal.status, refusal.headers).end();
    const path = req.url ?? '';
    if (req.method === 'GET' && path === '/.well-known/agent.json') return json(res, 200, this.card());
    if (req.method !== 'POST' || (path !== '/a2a' && path !== '/a2a/stream'))
      return void res.writeHead(404).end();
    let text = '';
    for await (const chunk of req) text += String(chunk);
    const {
      id = null,
      method,
      params,
    } = JSON.parse(text) as { id?: unknown; method: string; params: Fields };
    this.calls.push({ path, method, params });
    if (path === '/a2a') return json(res, 200, { jsonrpc: '2.0', ...this.answer(method, params), id });
    if (method !== 'message/stream' && method !== 'message/send')
      return json(res, 400, { jsonrpc: '2.0', ...refused(-32601, `Method not found: ${method}`), id });
    this.stream(res, id, params);
  }

  private answer(method: string, params: Fields): Fields {
    if (method === 'message/send') return { result: this.run(params).task };
    if (method === 'tasks/get') {
      const { taskId } = params;
      if (typeof taskId !== 'string') return refused(-32602, 'missing field `taskId`');
      const task = this.tasks.get(taskId);
      return task ? { result: task } : refused(-32603, `Task not found: ${taskId}`);
    }
    if (method !== 'tasks/cancel') return refused(-32601, `Method not found: ${method}`);
    const { taskId } = params;
    if (typeof taskId !== 'string') return refused(-32602, 'missing field `taskId`');
    const contextId = randomUUID();
    return { result: { taskId, contextId, status: { state: 'canceled' }, finalUpdate: true } };
  }

  private run(params: Fields) {
    const message = params['message'] as { parts: { text?: string }[]; contextId?: string };
    const { pieces, failure } = this.agent(message.parts[0]?.text ?? '');
    const ids = { taskId: randomUUID(), contextId: message.contextId ?? randomUUID() };
    const artifactId = randomUUID();
    const artifacts = pieces.map((text) => ({
      artifactId,
      parts: [{ text }],
      metadata: { adk_app_name: 'fake' },
    }));
    const status = failure === undefined ? { state: 'completed' } : { state: 'failed', message: failure };
    const task = { id: ids.taskId, contextId: ids.contextId, status, artifacts };
    this.tasks.set(task.id, task);
    return { ids, task, status, artifacts };
  }

  private stream(res: ServerResponse, id: unknown, params: Fields): void {
    const { ids, status, artifacts } = this.run(params);
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (result: Fields) => res.write(`data: ${JSON.stringify({ jsonrpc: '2.0', result, id })}\n\n`);
    send({ ...ids, status: { state: 'submitted' }, finalUpdate: false });
    send({ ...ids, status: { state: 'working' }, finalUpdate: false });
    res.write(': ping\n\n');
    for (const artifact of artifacts) send({ ...ids, artifact, append: true, lastChunk: false });
    send({ ...ids, status, finalUpdate: true });
    res.end('event: done\n\n');
  }

  private card(): Fields {
    return {
      name: 'fake_adk',
      description: 'An agent of the adk family',
      url: `${this.url}/a2a`,
      version: '1.0.0',
      protocolVersion: '0.3.0',
      capabilities: { streaming: true, pushNotifications: false, stateTransitionHistory: true },
      skills: [{ id: 'fake_adk', name: 'fake_adk', description: 'Answers', tags: ['agent'] }],
    };
  }
}

const refused = (code: number, message: string): Fields => ({ error: { code, message } });

function json(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
