import { NotTaken } from '../../core/not-taken.js';
import {
  OutgoingError,
  type OutgoingHttp,
  type OutgoingResponse,
  type OutgoingStreamRequest,
} from '../../core/outgoing-http.js';
import { retryAfter } from '../../engine/messages/http-deliverer.js';

/** Posts under way to one webhook at most: one that hangs costs no more than this. */
const MAX_UNDER_WAY = 64;
/** Failures in a row after which a webhook counts as broken and gets one post at a time, until one succeeds. */
const BROKEN_AFTER = 5;
/** Longest answer that is read. */
const MAX_ANSWER = 16 * 1024 * 1024;
/** Of an answer that nobody wants: reading it to its end leaves the connection usable. */
const MAX_UNWANTED = 64 * 1024;
const UNWANTED_IDLE_MS = 1000;
const GONE = 410;

export interface EndpointSettings {
  /** One attempt, milliseconds. */
  readonly timeout: number;
  /** Only a literal 200 is success (seed 001 read to the letter). */
  readonly strict200: boolean;
}

/** One webhook: what goes to it at a time is bounded, and a broken one is tried by one post at a time. */
export class Endpoint {
  private underWay = 0;
  private failures = 0;

  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly settings: EndpointSettings,
  ) {}

  /**
   * @param reads whether the body of the answer is wanted; else its status alone counts, and the body is empty
   * @throws NotTaken with the reason when it was not taken
   */
  async post(
    url: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    reads: boolean,
    signal?: AbortSignal,
  ): Promise<OutgoingResponse> {
    const most = this.failures >= BROKEN_AFTER ? 1 : MAX_UNDER_WAY;
    if (this.underWay >= most)
      throw new NotTaken(`${this.underWay} posts to this webhook are unanswered already`);
    this.underWay++;
    try {
      const answer = await this.send(url, body, headers, reads, signal);
      this.failures = 0;
      return answer;
    } catch (error) {
      if (!signal?.aborted) this.failures++;
      throw error;
    } finally {
      this.underWay--;
    }
  }

  private async send(
    url: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    reads: boolean,
    signal?: AbortSignal,
  ): Promise<OutgoingResponse> {
    const { timeout: timeoutMs } = this.settings;
    const call = {
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      timeoutMs,
      purpose: 'webhook',
      signal,
    } as const;
    const answering = reads ? this.outgoing.request({ ...call, maxBytes: MAX_ANSWER }) : this.head(call);
    const answer = await answering.catch((error: unknown) => Promise.reject(unanswered(error, timeoutMs)));
    if (!this.isTaken(answer.status)) throw refused(answer);
    return answer;
  }

  private async head(call: Omit<OutgoingStreamRequest, 'idleMs' | 'maxBytes'>): Promise<OutgoingResponse> {
    const limits = { idleMs: UNWANTED_IDLE_MS, maxBytes: MAX_UNWANTED };
    const { body, ...head } = await this.outgoing.open({ ...call, ...limits });
    void readOut(body, call.timeoutMs);
    return { ...head, body: '' };
  }

  private isTaken(status: number): boolean {
    return this.settings.strict200 ? status === 200 : status >= 200 && status < 300;
  }
}

/** The verdict stands by now: whatever goes wrong here changes nothing. */
async function readOut(body: AsyncIterable<Uint8Array>, ms: number): Promise<void> {
  const until = performance.now() + ms;
  try {
    for await (const chunk of body) if (chunk.length === 0 || performance.now() > until) return;
  } catch {
    // The connection is closed; that is all.
  }
}

/** Only these refusals may be another answer later: too early, too many, and what the server blames on itself. */
const isTransient = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500;

function refused({ status, headers }: OutgoingResponse): NotTaken {
  const reason = status >= 300 && status < 400 ? ': redirects are not followed' : '';
  return new NotTaken(`the webhook answered ${status}${reason}`, {
    status,
    retryAfterMs: retryAfter(headers['retry-after'], Date.now()),
    final: status === GONE,
    alive: !isTransient(status),
  });
}

function unanswered(error: unknown, timeoutMs: number): NotTaken {
  if (!(error instanceof OutgoingError)) throw error;
  const { kind, message } = error;
  const said = kind === 'timeout' ? `the webhook did not answer within ${timeoutMs} ms` : message;
  return new NotTaken(said, { final: kind === 'refused', cause: error });
}
