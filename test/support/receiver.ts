import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request as it came in. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The body as JSON. */
  readonly body: Record<string, unknown>;
}

/** What is answered; `hang`: nothing, ever. */
export type Reply = number | { readonly status: number; readonly headers: Record<string, string> } | 'hang';

/** The far end of a webhook: a real server that remembers what it got. Closed after the file's last test. */
export class Receiver {
  readonly got: Received[] = [];
  private server: Server | undefined;
  private port = 0;

  private constructor(public reply: (request: Received, count: number) => Reply) {}

  static async start(reply: (request: Received, count: number) => Reply = () => 200): Promise<Receiver> {
    const receiver = new Receiver(reply);
    await receiver.up();
    receivers.add(receiver);
    return receiver;
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Listens, on the same port as before. */
  async up(): Promise<void> {
    this.server = createServer((req, res) => void this.take(req, res));
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Refuses connections from now on. */
  async down(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  private async take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await text(req);
    const request = {
      path: req.url ?? '',
      headers: req.headers,
      text: body,
      body: JSON.parse(body) as Received['body'],
    };
    this.got.push(request);
    const reply = this.reply(request, this.got.length);
    if (reply === 'hang') return;
    const { status, headers } = typeof reply === 'number' ? { status: reply, headers: {} } : reply;
    res.writeHead(status, headers).end();
  }
}

const receivers = new Set<Receiver>();
afterAll(() => Promise.all([...receivers].map((receiver) => receiver.down())));
