import QuickLRU from 'quick-lru';
import type { Agent, buildConnector as BuildConnector } from 'undici';
import type { ClientTls } from '../../core/outgoing-http.js';
import { type CheckedAddresses, refused } from './checked-addresses.js';

/** Loaded by the first call: an idle gateway does without. */
type Undici = typeof import('undici');

/** TCP and TLS, milliseconds. */
const CONNECT_TIMEOUT = 10_000;
/** Client certificates whose connections are kept for the next call. */
const MAX_IDENTITIES = 100;

/** Connection pools: one per client certificate and trust, so that no call travels on another one's connection. */
export class Dispatchers {
  private readonly agents = new QuickLRU<string, Agent>({
    maxSize: MAX_IDENTITIES,
    onEviction: (_, agent) => void agent.close(),
  });

  constructor(
    private readonly undici: Undici,
    private readonly addresses: CheckedAddresses,
  ) {}

  for(tls: ClientTls | undefined, trusted: boolean): Agent {
    const key = JSON.stringify([trusted, tls?.cert, tls?.key, tls?.ca]);
    const known = this.agents.get(key);
    if (known) return known;
    const agent = new this.undici.Agent({
      connect: this.connector(tls, trusted),
      // Time is bounded by the caller of each request.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    });
    this.agents.set(key, agent);
    return agent;
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.agents.values()].map((agent) => agent.destroy()));
  }

  /** Connects to checked addresses only, and looks again at what it is connected to. */
  private connector(tls: ClientTls | undefined, trusted: boolean): BuildConnector.connector {
    const connect = this.undici.buildConnector({
      ...tls,
      lookup: this.addresses.lookup(trusted),
      timeout: CONNECT_TIMEOUT,
      allowH2: false,
    });
    return (options, done) =>
      connect(options, (error, socket) => {
        if (!socket) return done(error, null);
        if (this.addresses.permits(socket.remoteAddress ?? '', trusted)) return done(null, socket);
        socket.destroy();
        done(refused(options.hostname), null);
      });
  }
}
