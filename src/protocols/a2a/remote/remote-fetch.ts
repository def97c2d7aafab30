import { OutgoingError, type OutgoingHttp } from '../../../core/outgoing-http.js';
import type { RemotesConfig } from '../../../config/remotes.config.js';
import type { Access } from './access.js';

/** The remote agent has turned a call away before it did anything: the same call may be made again. */
export class RemoteBusy extends Error {
  constructor(
    status: number,
    /** Milliseconds that it asks for; undefined: it does not say. */
    readonly retryAfterMs: number | undefined,
  ) {
    super(`the remote agent answered ${status}`);
    this.name = 'RemoteBusy';
  }
}

/** Who wants to know whether the remote agent answers. */
export interface Reachability {
  answered(): void;
  failed(error: Error): void;
}

const UNAUTHORIZED = 401;
const TOO_MANY = 429;
const UNAVAILABLE = 503;

/** A `fetch` for the SDK's transports: through the door, with the credentials, watched. */
export function remoteFetch(
  door: OutgoingHttp,
  config: RemotesConfig,
  access: Access,
  reachability: Reachability,
): typeof fetch {
  const shared = { purpose: 'agent', tls: access.tls, idleMs: config.sendTimeout } as const;
  const limits = { maxBytes: config.maxAnswer, headers: () => access.headers() };
  const whole = door.fetcher({ ...shared, ...limits, timeoutMs: config.sendTimeout });
  const stream = door.fetcher({ ...shared, ...limits, timeoutMs: config.timeout });
  const once = async (url: string, init: RequestInit | undefined): Promise<Response> => {
    const streams = new Headers(init?.headers).get('accept')?.includes('text/event-stream');
    return (streams ? stream : whole)(access.url(url), init);
  };
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    try {
      let answer = await once(url, init);
      if (answer.status === UNAUTHORIZED && access.renew()) answer = await once(url, init);
      judge(answer, reachability);
      return answer;
    } catch (error) {
      if (error instanceof OutgoingError && error.kind !== 'aborted') reachability.failed(error);
      throw error;
    }
  };
}

/** @throws RemoteBusy */
function judge({ status, headers }: Response, reachability: Reachability): void {
  if (status < 500) reachability.answered();
  else reachability.failed(new Error(`the remote agent answered ${status}`));
  if (status === TOO_MANY || status === UNAVAILABLE)
    throw new RemoteBusy(status, retryAfter(headers.get('retry-after')));
}

/** Seconds, or a date (RFC 9110 §10.2.3), which is not worth a clock comparison with a stranger's. */
const retryAfter = (value: string | null): number | undefined =>
  value !== null && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
