import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PushWire } from '../../transport/agents/message.wire.js';
import { GatewayHttp, type ClientOptions } from '../orchestrator/http.js';
import { AgentTask, kindOf, reportOf, taskIdOf, type AgentReport, type OnTask } from './agent-task.js';
import { verifyWebhook, WebhookSignatureError, type VerifyOptions } from './signature.js';

/** Posts that are remembered, so that a repeat is answered and not worked on again. */
const MAX_REMEMBERED = 10_000;
/** Largest body that is read. */
const MAX_BODY = 16 * 1024 * 1024;

export interface WebhookOptions extends Pick<VerifyOptions, 'toleranceS'> {
  /** The signing secret(s) that registration returned; undefined only for tests on a trusted network: nothing is checked. */
  readonly secret: string | readonly string[] | undefined;
  readonly onMessage?: (message: PushWire) => void | Promise<void>;
  readonly onTask?: OnTask;
  /**
   * Where reports go: tasks are taken at once and reported on when they are done, so that they may take as long as they like.
   * Without it a task is answered in the HTTP response, within the gateway's GATEWAY_WEBHOOKS_TIMEOUT (10 s).
   */
  readonly gateway?: ClientOptions;
  /** A report that could not be brought to the gateway. */
  readonly onError?: (error: unknown) => void;
}

/** A request of node:http, Express or Nest; a body parser may have been there before. */
export type WebhookRequest = IncomingMessage & {
  readonly rawBody?: Buffer | undefined;
  readonly body?: unknown;
};

interface Reply {
  readonly status: number;
  readonly body: object;
}

/**
 * The handler of an agent's webhook, for `http.createServer(handler)`, `app.post(path, handler)` of Express, or a Nest controller
 * that passes `@Req()` and `@Res()` on. The signature is over the bytes as they came: put it before body parsers, or let them
 * keep `rawBody` (Nest: `rawBody: true`).
 */
export function webhookReceiver(
  options: WebhookOptions,
): (req: WebhookRequest, res: ServerResponse) => Promise<void> {
  const receiver = new Receiver(options);
  return async (req, res) => {
    const { status, body } = await receiver.answer(req);
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(body));
  };
}

class Receiver {
  private readonly http: GatewayHttp | undefined;
  private readonly known = new Map<string, Promise<Reply>>();
  private readonly running = new Map<string, AbortController>();

  constructor(private readonly options: WebhookOptions) {
    this.http = options.gateway && new GatewayHttp(options.gateway);
  }

  async answer(req: WebhookRequest): Promise<Reply> {
    try {
      const bytes = await bodyOf(req);
      const { secret, toleranceS } = this.options;
      if (secret !== undefined)
        verifyWebhook(req.headers, bytes, { secret, ...(toleranceS !== undefined && { toleranceS }) });
      const push = JSON.parse(bytes.toString('utf8')) as PushWire;
      return await this.once(push);
    } catch (error) {
      if (error instanceof WebhookSignatureError) return { status: 401, body: { error: error.message } };
      if (error instanceof SyntaxError) return { status: 400, body: { error: 'not JSON' } };
      return { status: 500, body: { error: error instanceof Error ? error.message : String(error) } };
    }
  }

  /** A repeat of what has been taken gets the same answer; of what was not taken, another try. */
  private once(push: PushWire): Promise<Reply> {
    const id = push.message_id;
    const known = this.known.get(id);
    if (known) return known;
    const reply = this.take(push);
    this.known.set(id, reply);
    reply.catch(() => this.known.delete(id));
    const [oldest] = this.known.keys();
    if (this.known.size > MAX_REMEMBERED && oldest !== undefined) this.known.delete(oldest);
    return reply;
  }

  private async take(push: PushWire): Promise<Reply> {
    const kind = kindOf(push);
    if (kind === 'cancel') this.running.get(taskIdOf(push))?.abort(new Error('canceled'));
    if (kind === 'message') await this.options.onMessage?.(push);
    if (kind === 'task') return this.work(push);
    return { status: 200, body: { status: 'received' } };
  }

  private async work(push: PushWire): Promise<Reply> {
    const { onTask, onError } = this.options;
    if (!onTask) return { status: 422, body: { error: 'this agent takes no tasks' } };
    const control = new AbortController();
    const task = new AgentTask(push, control.signal, (id, report) => this.tell(id, report));
    this.running.set(task.id, control);
    const done = reportOf(task, onTask).finally(() => this.running.delete(task.id));
    if (!this.http) return { status: 200, body: await done };
    done.then((report) => task.report(report)).catch((error: unknown) => onError?.(error));
    return { status: 202, body: { status: 'accepted' } };
  }

  private async tell(taskId: string, report: AgentReport): Promise<void> {
    if (!this.http) return;
    const path = `/gateway/tasks/${encodeURIComponent(taskId)}/status`;
    await this.http.json({ method: 'POST', path, body: report, repeatable: true });
  }
}

/** The bytes as they came. @throws Error when a parser has taken them */
async function bodyOf(req: WebhookRequest): Promise<Buffer> {
  if (req.rawBody) return req.rawBody;
  if (Buffer.isBuffer(req.body)) return req.body;
  if (req.readableEnded) throw new Error('the body has been parsed already: put this before body parsers');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error(`the body is over ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
