import { Backoff, pause } from '../backoff.js';
import { GatewayRefusal, GatewayUnreachable, refusalOf } from './errors.js';

export interface ClientOptions {
  /** Base of the orchestrator API, e.g. `http://127.0.0.1:8443`. */
  readonly url: string;
  /** Bearer token or API key; a function is asked before every request, so that it can bring a fresh one. */
  readonly token?: string | (() => string | Promise<string>);
  /** Tries of a request that is safe to repeat; 5 by default, 1: none is repeated. */
  readonly tries?: number;
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The same request twice does what it does once. */
  readonly repeatable: boolean;
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_TRIES = 5;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** A gateway that asks for a longer pause is believed, up to here. */
const LONGEST_RETRY_AFTER_S = 60;

/** Requests to the gateway, repeated where that is safe and promises success. */
export class GatewayHttp {
  private readonly base: string;

  constructor(private readonly options: ClientOptions) {
    this.base = options.url.replace(/\/+$/, '');
  }

  /** @throws GatewayRefusal, GatewayUnreachable, or the reason of the signal */
  async json<T>(request: HttpRequest): Promise<T> {
    const response = await this.send(request);
    return (await response.json()) as T;
  }

  /** The accepted answer, its body unread. @throws as {@link json} */
  async send(request: HttpRequest): Promise<Response> {
    const { tries = DEFAULT_TRIES } = this.options;
    const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(request);
      } catch (error) {
        const pauseMs = attempt < tries && request.repeatable ? pauseAfter(error, backoff) : undefined;
        if (pauseMs === undefined) throw error;
        await pause(pauseMs, request.signal);
      }
    }
  }

  private async once({ method = 'GET', path, body, headers, signal }: HttpRequest): Promise<Response> {
    const { token, fetch: ask = fetch } = this.options;
    const bearer = typeof token === 'function' ? await token() : token;
    const init = {
      method,
      headers: {
        ...headers,
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    };
    const response = await ask(this.base + path, init).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new GatewayUnreachable(this.base, error);
    });
    if (!response.ok) throw await refusalOf(response);
    return response;
  }
}

/** Milliseconds to wait before the same request is sent again; undefined: it would not help. */
function pauseAfter(error: unknown, backoff: Backoff): number | undefined {
  if (error instanceof GatewayUnreachable) return backoff.next();
  if (!(error instanceof GatewayRefusal)) return undefined;
  const { status, retryAfterS } = error;
  if (retryAfterS !== undefined && (status === 429 || status === 503))
    return retryAfterS <= LONGEST_RETRY_AFTER_S ? Math.max(retryAfterS * 1000, backoff.next()) : undefined;
  return status === 502 || status === 504 ? backoff.next() : undefined;
}
