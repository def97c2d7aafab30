import { isIP } from 'node:net';
import type { Clock } from '../../core/clock.js';
import { invalid } from '../../core/errors.js';
import {
  type FetcherDefaults,
  OutgoingError,
  type OutgoingFailure,
  OutgoingHttp,
  type OutgoingPurpose,
  type OutgoingRequest,
  type OutgoingResponse,
  type OutgoingStream,
  type OutgoingStreamRequest,
} from '../../core/outgoing-http.js';
import { version } from '../version.js';
import { AddressRules } from './address-rules.js';
import { type BodyLimits, boundedBody, textOf } from './bounded-body.js';
import { Call } from './call.js';
import { CheckedAddresses, refused, type Resolver, systemResolver } from './checked-addresses.js';
import { Dispatchers } from './dispatchers.js';
import { toOutgoingError } from './failure.js';
import { makeFetcher } from './fetcher.js';
import { joined } from './headers.js';

/** How a call went: the class of its status, or why it has none. */
export type OutgoingOutcome = '2xx' | '3xx' | '4xx' | '5xx' | OutgoingFailure;
/** `ms`: from the call to the headers of the answer. */
export type OutgoingListener = (purpose: OutgoingPurpose, outcome: OutgoingOutcome, ms: number) => void;

type AnyRequest = Omit<OutgoingStreamRequest, 'idleMs' | 'maxBytes'>;
type Undici = typeof import('undici');
interface Loaded {
  readonly undici: Undici;
  readonly dispatchers: Dispatchers;
}

const USER_AGENT = `agent-gateway/${version}`;

/** {@link OutgoingHttp} on undici, which the first call loads. */
export class SafeOutgoingHttp extends OutgoingHttp {
  private readonly rules: AddressRules;
  private readonly addresses: CheckedAddresses;
  private readonly listeners: OutgoingListener[] = [];
  private loading: Promise<Loaded> | undefined;

  /** @param allowed networks that may be reached besides public addresses */
  constructor(
    private readonly clock: Clock,
    allowed: readonly string[],
    resolve: Resolver = systemResolver,
  ) {
    super();
    this.rules = new AddressRules(allowed);
    this.addresses = new CheckedAddresses(this.rules, resolve);
  }

  /** Calls `listener` when a call has an answer or has failed. */
  observe(listener: OutgoingListener): void {
    this.listeners.push(listener);
  }

  override check(url: string, field = 'url'): void {
    const parsed = URL.parse(url);
    if (!parsed || !isHttp(parsed)) throw invalid(field, url, 'a URL http://… or https://…');
    if (hasCredentials(parsed)) throw invalid(field, 'credentials in the URL', 'a URL without them');
    if (!this.permitsLiteral(parsed, false))
      throw invalid(
        field,
        parsed.hostname,
        'a public address or one of the networks in webhooks.allowed_networks',
      );
  }

  override async request(request: OutgoingRequest): Promise<OutgoingResponse> {
    const { body, ...head } = await this.start(request, () => ({ maxBytes: request.maxBytes }));
    return { ...head, body: await textOf(body) };
  }

  override open(request: OutgoingStreamRequest): Promise<OutgoingStream> {
    return this.start(request, () => request);
  }

  override fetcher(defaults: FetcherDefaults): typeof fetch {
    return makeFetcher(defaults, (request, limits) => this.start(request, limits));
  }

  override async address(host: string, port: number): Promise<{ address: string; port: number }> {
    const [first] = await this.addresses.of(host, false);
    return { address: first!.address, port };
  }

  async destroy(): Promise<void> {
    const loaded = await this.loading;
    await loaded?.dispatchers.destroy();
  }

  /** `limits` of the body follow from the headers of the answer. */
  private async start(
    request: AnyRequest,
    limits: (headers: OutgoingResponse['headers']) => BodyLimits,
  ): Promise<OutgoingStream> {
    const begun = this.clock.now();
    const call = new Call(this.clock, request.signal);
    try {
      call.within(request.timeoutMs, 'answer');
      const answer = await this.send(request, call);
      this.tell(request.purpose, statusClass(answer.statusCode), begun);
      const headers = joined(answer.headers);
      const bounds = limits(headers);
      if (bounds.idleMs !== undefined) call.within(bounds.idleMs, 'silence');
      return { status: answer.statusCode, headers, body: boundedBody(answer.body, bounds, call) };
    } catch (error) {
      call.over();
      const failure = call.cutBy ?? toOutgoingError(error);
      this.tell(request.purpose, failure.kind, begun);
      throw failure;
    }
  }

  private async send({ url, method = 'GET', headers = {}, body, purpose, tls }: AnyRequest, call: Call) {
    const trusted = purpose === 'jwks';
    const target = URL.parse(url);
    if (!target || !isHttp(target) || hasCredentials(target))
      throw new OutgoingError('refused', 'only http and https URLs without credentials are called');
    // A literal address is never looked up, so no resolver would see it.
    if (!this.permitsLiteral(target, trusted)) throw refused(target.hostname);
    const { undici, dispatchers } = await this.load();
    return undici.request(target, {
      method,
      headers: { 'user-agent': USER_AGENT, ...headers },
      body: body ?? null,
      signal: call.signal,
      dispatcher: dispatchers.for(tls, trusted),
    });
  }

  private permitsLiteral({ hostname }: URL, trusted: boolean): boolean {
    const address = hostname.replace(/^\[|\]$/g, '');
    return isIP(address) === 0 || this.rules.permits(address, trusted);
  }

  private load(): Promise<Loaded> {
    this.loading ??= import('undici').then((undici) => ({
      undici,
      dispatchers: new Dispatchers(undici, this.addresses),
    }));
    return this.loading;
  }

  private tell(purpose: OutgoingPurpose, outcome: OutgoingOutcome, begun: number): void {
    const ms = this.clock.now() - begun;
    for (const listener of this.listeners) listener(purpose, outcome, ms);
  }
}

const isHttp = ({ protocol }: URL): boolean => protocol === 'http:' || protocol === 'https:';
const hasCredentials = ({ username, password }: URL): boolean => username !== '' || password !== '';

function statusClass(status: number): OutgoingOutcome {
  if (status < 300) return '2xx';
  if (status < 400) return '3xx';
  return status < 500 ? '4xx' : '5xx';
}
