import { connect, type Socket } from 'node:net';

/** `sse`: POST /tasks, then the stream to its end; `post`, `jsonrpc`: the submission alone. */
export type Door = 'sse' | 'post' | 'jsonrpc';

export interface LoadResult {
  ids: string[];
  /** Milliseconds per request cycle, ascending. */
  latencies: Float64Array;
}
interface Reply {
  status: number;
  body: string;
}

/**
 * One keep-alive connection, one request at a time, on a raw socket: node's own client costs more than the server
 * under test, and on a small machine it would be the thing measured. Bodies are ASCII, so latin1 counts bytes.
 */
export class Client {
  private socket: Socket | undefined;
  private text = '';
  private waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined;

  constructor(private readonly port: number) {}

  /** @param headers further header lines, each ended by CRLF */
  get(path: string, headers = ''): Promise<Reply> {
    return this.send(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}Accept: */*\r\n\r\n`);
  }

  /** @param headers further header lines, each ended by CRLF */
  post(path: string, body: string, headers = ''): Promise<Reply> {
    const head = `Host: 127.0.0.1\r\n${headers}Content-Type: application/json\r\nContent-Length: ${body.length}`;
    return this.send(`POST ${path} HTTP/1.1\r\n${head}\r\n\r\n${body}`);
  }

  close(): void {
    this.socket?.destroy();
  }

  private send(request: string): Promise<Reply> {
    this.socket ??= this.open();
    this.text = '';
    this.socket.write(request, 'latin1');
    return new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
  }

  private open(): Socket {
    const socket = connect({ port: this.port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
    socket.on('data', (text: string) => this.receive(text));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.socket = undefined;
      const excerpt = JSON.stringify(this.text.slice(0, 200));
      this.waiting?.reject(new Error(`connection closed before the response was complete: ${excerpt}`));
      this.waiting = undefined;
    });
    return socket;
  }

  private receive(text: string): void {
    this.text += text;
    const reply = parse(this.text);
    if (!reply) return;
    if (/^connection: close/im.test(this.text)) {
      this.socket?.removeAllListeners('close').destroy();
      this.socket = undefined;
    }
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(reply);
  }
}

/** The response once it is complete. */
function parse(text: string): Reply | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const status = Number(text.slice(9, 12));
  const length = /content-length: (\d+)/i.exec(head);
  if (length) return body.length >= Number(length[1]) ? { status, body } : undefined;
  if (status === 204) return { status, body: '' };
  return body.endsWith('0\r\n\r\n') ? unchunk(status, body) : undefined;
}

function unchunk(status: number, raw: string): Reply | undefined {
  let body = '';
  for (let at = 0; at < raw.length;) {
    const line = raw.indexOf('\r\n', at);
    const size = parseInt(raw.slice(at, line), 16);
    if (size === 0) return { status, body };
    body += raw.slice(line + 2, line + 2 + size);
    at = line + 4 + size;
  }
  return undefined;
}

const INSTRUCTION = 'Summarize: artificial intelligence changes the world, one benchmark after another.';
const TASK = JSON.stringify({ skill: 'summarize', instruction: INSTRUCTION });
const CALL = JSON.stringify({
  jsonrpc: '2.0',
  method: 'tasks/send',
  params: { skill: 'summarize', instruction: INSTRUCTION },
  id: 'req-001',
});

async function submit(client: Client, door: Door): Promise<string> {
  const { status, body } = await (door === 'jsonrpc'
    ? client.post('/jsonrpc', CALL)
    : client.post('/tasks', TASK));
  const id = /"task_id":"(t-[0-9a-f]{32})"/.exec(body)?.[1];
  if (status !== 200 || !id) throw new Error(`submission (${door}) answered ${status}: ${body}`);
  return id;
}

/** Follows a task to its end. @throws Error unless it is exactly queued, (running,) progress, completed with dense ids. */
async function follow(client: Client, id: string): Promise<void> {
  const { status, body } = await client.get(`/tasks/${id}/stream`);
  const names = Array.from(body.matchAll(/^event: (\w+)$/gm), (match) => match[1]).join();
  const ids = Array.from(body.matchAll(/^id: (\d+)$/gm), (match) => Number(match[1]));
  const dense = ids.every((seq, index) => seq === index + 1);
  const right =
    /^queued,(running,)?progress,completed$/.test(names) && body.includes(`"text":"result of ${id}"`);
  if (status !== 200 || !right || !dense) throw new Error(`stream of ${id} answered ${status}: ${body}`);
}

/** Submits `count` tasks, `users` at a time, each user sending its next one when its last is through. */
export function runLoad(port: number, door: Door, count: number, users: number): Promise<LoadResult> {
  return inTurns(port, count, users, async (client) => {
    const id = await submit(client, door);
    if (door === 'sse') await follow(client, id);
    return id;
  });
}

/** `count` request cycles by `users` at once, each on its own connection; a cycle resolves to the id of its task. */
export async function inTurns(
  port: number,
  count: number,
  users: number,
  cycle: (client: Client) => Promise<string>,
): Promise<LoadResult> {
  const ids: string[] = [];
  const latencies = new Float64Array(count);
  let started = 0;
  const user = async (): Promise<void> => {
    const client = new Client(port);
    try {
      while (started < count) {
        const index = started++;
        const begin = performance.now();
        const id = await cycle(client);
        latencies[index] = performance.now() - begin;
        ids.push(id);
      }
    } finally {
      client.close();
    }
  };
  await Promise.all(Array.from({ length: users }, user));
  return { ids, latencies: latencies.sort() };
}

/** @throws Error unless each of these tasks is completed with its own result. */
export async function verify(port: number, ids: readonly string[]): Promise<void> {
  const client = new Client(port);
  try {
    for (const id of ids) {
      const { status, body } = await client.get(`/tasks/${id}`);
      const right = body.includes('"status":"completed"') && body.includes(`"text":"result of ${id}"`);
      if (status !== 200 || !right) throw new Error(`task ${id} is not completed: ${status} ${body}`);
    }
  } finally {
    client.close();
  }
}
