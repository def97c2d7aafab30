import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.js';

type Fields = Readonly<Record<string, unknown>>;

/** A post, as it was on the wire. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Fields;
}

/** What a receiver answers; `hang`: nothing, ever. */
export interface ReceiverAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly hang?: true;
}

type Behaviour = (received: Received) => ReceiverAnswer | Promise<ReceiverAnswer>;

const open = new Set<WebhookReceiver>();
// Inside jest nothing outlives the file that started it, also when a test fails half-way.
if (typeof afterAll === 'function')
  afterAll(() => Promise.all([...open].map((receiver) => receiver.close())));

/** The far end of a webhook: a real server on the loopback interface that keeps what it gets. */
export class WebhookReceiver {
  readonly received: Received[] = [];

  private constructor(
    private readonly server: Server,
    /** Changed by a test as it goes. */
    public behaviour: Behaviour,
  ) {}

  /** @param port 0: a free one */
  static async start(
    behaviour: Behaviour = () => ({ body: '{"status":"received"}' }),
    port = 0,
  ): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server, behaviour);
    server.on('request', (req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const post = { path: req.url ?? '', headers: req.headers, text, body: JSON.parse(text) as Fields };
        receiver.received.push(post);
        void Promise.resolve(receiver.behaviour(post)).then(
          ({ status = 200, headers = {}, body = '', hang }) => {
            if (hang) return;
            res.writeHead(status, headers);
            res.end(body);
          },
        );
      });
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    open.add(receiver);
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  url(path = '/webhook/a2a-messages'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /** Resolves when so many posts have come. */
  until(count: number, timeoutMs = 10_000): Promise<unknown> {
    return eventually(
      () => {
        if (this.received.length < count)
          throw new Error(`${this.received.length} of ${count} posts: ${JSON.stringify(this.received)}`);
        return true;
      },
      { timeoutMs },
    );
  }

  async close(): Promise<void> {
    open.delete(this);
    if (!this.server.listening) return;
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
