/** What a call is for: the label of its metric. */
export type OutgoingPurpose = 'webhook' | 'callback' | 'push' | 'card' | 'jwks' | 'agent' | 'token';

/** A client certificate for mTLS; PEM texts. */
export interface ClientTls {
  readonly cert: string;
  readonly key: string;
  /** Trusted instead of the system's authorities. */
  readonly ca?: string | undefined;
}

interface Request {
  readonly url: string;
  /** Default: GET. */
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | undefined;
  readonly purpose: OutgoingPurpose;
  readonly tls?: ClientTls | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A call whose whole answer is wanted. */
export interface OutgoingRequest extends Request {
  /** From the call to the last byte of the answer, milliseconds. */
  readonly timeoutMs: number;
  /** Longest body of the answer. */
  readonly maxBytes: number;
}

/** A call whose answer is read as it comes. */
export interface OutgoingStreamRequest extends Request {
  /** From the call to the headers of the answer, milliseconds. */
  readonly timeoutMs: number;
  /** Longest silence between two chunks, milliseconds. There is no limit to the whole. */
  readonly idleMs: number;
  readonly maxBytes?: number | undefined;
}

interface Head {
  readonly status: number;
  /** Lower-case names; values of one name joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A redirect (3xx) is an answer like any other: nobody follows it. */
export interface OutgoingResponse extends Head {
  /** UTF-8. */
  readonly body: string;
}

export interface OutgoingStream extends Head {
  /** Leaving the loop, or the request's `signal`, ends the call. Throws {@link OutgoingError}. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What is the same for all calls of one `fetch`. */
export interface FetcherDefaults extends Pick<Request, 'purpose' | 'tls'> {
  /** The whole answer; of an event stream: its headers. Milliseconds. */
  readonly timeoutMs: number;
  /** Of an event stream: longest silence. Milliseconds. */
  readonly idleMs: number;
  /** Longest body that is no event stream. */
  readonly maxBytes: number;
  /** Added to every call, e.g. credentials that change: asked each time. */
  readonly headers?: (() => Promise<Readonly<Record<string, string>>>) | undefined;
}

/**
 * `refused`: the address is not allowed (trying again is useless); `connect`: no connection, so nothing was sent;
 * `timeout`; `too_large`; `aborted`: by the caller's signal; `protocol`: the connection broke or spoke no HTTP.
 */
export type OutgoingFailure = 'refused' | 'connect' | 'timeout' | 'too_large' | 'aborted' | 'protocol';

/** Why a call has no answer. The message may be shown to callers: it names neither addresses nor credentials. */
export class OutgoingError extends Error {
  constructor(
    readonly kind: OutgoingFailure,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'OutgoingError';
  }
}

/**
 * Port: the one door for every HTTP call that the gateway makes. Checks the literal address, every resolved one and the
 * one really connected to; allowed are public addresses and the networks of `webhooks.allowed_networks`; link-local and
 * metadata addresses never. Time and size are bounded, redirects are not followed.
 */
export abstract class OutgoingHttp {
  /**
   * Judges a URL when it is registered. A name that cannot be resolved now is no error here.
   * @throws GatewayError INVALID: no http(s), credentials in the URL, a literal address that is not allowed
   */
  abstract check(url: string, field?: string): void;
  /** @throws OutgoingError */
  abstract request(request: OutgoingRequest): Promise<OutgoingResponse>;
  /** Resolves with the headers of the answer. @throws OutgoingError */
  abstract open(request: OutgoingStreamRequest): Promise<OutgoingStream>;
  /** A `fetch` for libraries that want one, with the same checks and limits. */
  abstract fetcher(defaults: FetcherDefaults): typeof fetch;
  /** Resolves a name for those who connect by other means (gRPC). @throws OutgoingError refused, connect */
  abstract address(host: string, port: number): Promise<{ readonly address: string; readonly port: number }>;
}
