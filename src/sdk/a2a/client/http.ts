import { types } from 'node:util';
import { isObject } from '../../../core/json.js';
import { Backoff, pause } from '../../backoff.js';
import { A2aRequestError } from '../errors.js';

/** How an agent is reached. */
export interface ConnectionOptions {
  /** Bearer token; a function is asked before every request, so that it can bring a fresh one. */
  readonly token?: string | (() => string | Promise<string>);
  /** More headers for every request, such as an API key. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Tries of a request that is safe to repeat; 3 by default, 1: none is repeated. */
  readonly tries?: number;
  /** Milliseconds for cards, for reading and for canceling tasks; 30,000 by default. */
  readonly timeoutMs?: number;
  /** Milliseconds until the answer to a message comes, or its stream begins; 300,000 by default. */
  readonly answerTimeoutMs?: number;
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
}

const DEFAULTS = { tries: 3, timeoutMs: 30_000, answerTimeoutMs: 300_000 };
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** An agent that asks for a longer pause is not waited for. */
const LONGEST_RETRY_AFTER_S = 60;

/** The other side never got these requests, so that even a message may be sent again. */
const NEVER_SENT: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** A message: what it causes is not known after a failure. Everything else may be asked twice. */
const SENDS = /"method":"(message\/|Send|tasks\/send)|\/message:(send|stream)/;

/**
 * A fetch with credentials, timeouts and repeats for the official SDK's client. Reading is repeated after any failure, a message
 * only when it was not taken: no connection, or status 429 or 503.
 * @throws A2aRequestError (no answer, or a status that is no answer of A2A), or the reason of the caller's signal
 */
export function connection(options: ConnectionOptions): typeof fetch {
  const { tries = DEFAULTS.tries } = options;
  return async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    const backoff = new Backoff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(options, url, init);
      } catch (error) {
        const pauseMs = attempt < tries ? pauseAfter(error, isSend(url, init), backoff) : undefined;
        if (pauseMs === undefined) throw error;
        await pause(pauseMs, init.signal ?? undefined);
      }
    }
  };
}

const isSend = (url: string, { body }: RequestInit): boolean =>
  SENDS.test(url) || (typeof body === 'string' && SENDS.test(body));

async function once(options: ConnectionOptions, url: string, init: RequestInit): Promise<Response> {
  const { fetch: ask = fetch, timeoutMs = DEFAULTS.timeoutMs } = options;
  const { answerTimeoutMs = DEFAULTS.answerTimeoutMs } = options;
  const limitMs = isSend(url, init) ? answerTimeoutMs : timeoutMs;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), limitMs);
  const signal = init.signal ? AbortSignal.any([late.signal, init.signal]) : late.signal;
  try {
    const headers = await withCredentials(options, init.headers);
    return await answerOf(url, await ask(url, { ...init, headers, signal }));
  } catch (error) {
    init.signal?.throwIfAborted();
    if (late.signal.aborted) throw new A2aRequestError(url, 'timeout', `no answer within ${limitMs} ms`);
    if (error instanceof A2aRequestError) throw error;
    throw new A2aRequestError(url, 'unreachable', reasonOf(error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function withCredentials(
  { token, headers }: ConnectionOptions,
  given: RequestInit['headers'],
): Promise<Headers> {
  const all = new Headers(given);
  for (const [name, value] of Object.entries(headers ?? {})) all.set(name, value);
  const bearer = typeof token === 'function' ? await token() : token;
  if (bearer !== undefined) all.set('authorization', `Bearer ${bearer}`);
  return all;
}

/** A stream as it is; anything else read whole, within the time limit. A refusal that is none of A2A is an error. */
async function answerOf(url: string, response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  if (response.ok && headers.get('content-type')?.startsWith('text/event-stream')) return response;
  const text = await response.text();
  if (!response.ok && !isA2aError(text)) {
    const retryAfter = Number(headers.get('retry-after') ?? NaN);
    throw new A2aRequestError(url, 'status', `${status} ${text.slice(0, 200) || statusText}`, {
      status,
      ...(Number.isFinite(retryAfter) && { retryAfterS: retryAfter }),
    });
  }
  const kept = new Headers({ 'content-type': headers.get('content-type') ?? '' });
  return new Response(status === 204 ? null : text, { status, statusText, headers: kept });
}

/** JSON-RPC and HTTP+JSON of 1.0 tell an error as an object, HTTP+JSON of 0.3 by its number. */
function isA2aError(text: string): boolean {
  try {
    const body: unknown = JSON.parse(text);
    return isObject(body) && (isObject(body['error']) || typeof body['code'] === 'number');
  } catch {
    return false;
  }
}

/** Milliseconds to wait before the same request is sent again; undefined: it must not, or it would not help. */
function pauseAfter(error: unknown, isMessage: boolean, backoff: Backoff): number | undefined {
  if (!(error instanceof A2aRequestError)) return undefined;
  const { reason, status, retryAfterS } = error;
  if (reason === 'unreachable') return isMessage && !wasNeverSent(error) ? undefined : backoff.next();
  if (status === 429 || status === 503) {
    if (retryAfterS === undefined) return backoff.next();
    return retryAfterS <= LONGEST_RETRY_AFTER_S ? Math.max(retryAfterS * 1000, backoff.next()) : undefined;
  }
  const mayHelp = reason === 'timeout' || status === 502 || status === 504;
  return mayHelp && !isMessage ? backoff.next() : undefined;
}

/** `fetch` hides why it failed in the cause of its error. */
const causeOf = (error: unknown): unknown => (types.isNativeError(error) ? (error.cause ?? error) : error);

function wasNeverSent(error: A2aRequestError): boolean {
  const cause = causeOf(error.cause);
  return NEVER_SENT.has((cause as { code?: unknown } | undefined)?.code);
}

function reasonOf(error: unknown): string {
  const cause = causeOf(error);
  return types.isNativeError(cause)
    ? cause.message || String((cause as { code?: unknown }).code)
    : String(cause);
}
