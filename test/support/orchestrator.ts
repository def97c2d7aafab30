import { EventReader } from './event-reader.js';
import { eventually } from './eventually.js';

export type Fields = Readonly<Record<string, unknown>>;
type Headings = Readonly<Record<string, string>>;

/** An HTTP answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; `{}` when it is something else. */
  readonly body: Fields;
}

export interface Ack {
  readonly task_id: string;
  readonly status: string;
  readonly assigned_agent: string | null;
}

export interface Agent {
  readonly name: string;
  readonly namespace: string;
  readonly load: number;
  readonly max_concurrency: number;
  readonly skills: readonly { readonly id: string }[];
}

/** Somebody who gives the gateway work, by HTTP as it is on the wire. */
export class Orchestrator {
  private readonly authorization: Headings;

  constructor(
    readonly url: string,
    token?: string,
  ) {
    this.authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** The headers that say who he is. */
  get credentials(): Headings {
    return this.authorization;
  }

  async request(method: string, path: string, body?: unknown, headers: Headings = {}): Promise<Answer> {
    const isText = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...this.authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? (body as string) : JSON.stringify(body) }),
      redirect: 'manual',
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  }

  get(path: string, headers?: Headings): Promise<Answer> {
    return this.request('GET', path, undefined, headers);
  }

  post(path: string, body?: unknown, headers?: Headings): Promise<Answer> {
    return this.request('POST', path, body, headers);
  }

  /** Sends a task. @throws Error when it is refused */
  async submit(fields: Fields, headers?: Headings): Promise<Ack> {
    const answer = await this.post('/tasks', { instruction: 'do it', ...fields }, headers);
    if (answer.status !== 200) throw new Error(`refused: ${answer.status} ${answer.text}`);
    return answer.body as unknown as Ack;
  }

  /** GET /tasks/:id. @throws Error when it is refused */
  async task(id: string): Promise<Fields> {
    const answer = await this.get(`/tasks/${id}`);
    if (answer.status !== 200) throw new Error(`refused: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  async status(id: string): Promise<unknown> {
    return (await this.task(id))['status'];
  }

  /** Resolves to the task when it has that status. */
  async untilStatus(id: string, status: string, timeoutMs = 5_000): Promise<Fields> {
    return eventually(
      async () => {
        const task = await this.task(id);
        if (task['status'] !== status) throw new Error(`${id} is not ${status}: ${JSON.stringify(task)}`);
        return task;
      },
      { timeoutMs },
    );
  }

  cancel(id: string): Promise<Answer> {
    return this.post(`/tasks/${id}/cancel`);
  }

  /** Cancels whatever has not ended, so that nothing of one test reaches the next. */
  async cancelAll(): Promise<void> {
    for (const status of ['queued', 'running', 'input_required', 'auth_required'])
      for (;;) {
        const { body } = await this.get(`/tasks?status=${status}&limit=200`);
        const tasks = body['tasks'] as readonly Ack[];
        if (tasks.length === 0) break;
        await Promise.all(tasks.map(({ task_id: id }) => this.cancel(id)));
      }
  }

  stream(id: string, lastEventId?: string): Promise<EventReader> {
    return EventReader.open(`${this.url}/tasks/${id}/stream`, {
      ...this.authorization,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    });
  }

  async agents(): Promise<readonly Agent[]> {
    return (await this.get('/agents')).body['agents'] as readonly Agent[];
  }

  /** The agent of that name; undefined when it is not online. */
  async agent(name: string): Promise<Agent | undefined> {
    return (await this.agents()).find((agent) => agent.name === name);
  }

  /** A call to POST /jsonrpc; the whole answer. */
  rpc(method: string, params?: unknown, id: unknown = 1): Promise<Answer> {
    return this.post('/jsonrpc', { jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }), id });
  }
}

function parsed(text: string): Fields {
  try {
    return JSON.parse(text) as Fields;
  } catch {
    return {};
  }
}
