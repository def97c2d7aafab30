import { eventually } from './eventually.js';

/** One event as it was on the wire. */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  /** The data line as it was sent. */
  readonly raw: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** When it was read (`performance.now()`). */
  readonly at: number;
}

const readers = new Set<EventReader>();
// Inside jest no stream outlives the file that opened it, also when a test fails half-way.
if (typeof afterAll === 'function') afterAll(() => readers.forEach((reader) => reader.close()));

/** A subscriber of an event stream, strict about the format: what does not belong into one is an error. */
export class EventReader {
  readonly events: StreamEvent[] = [];
  readonly comments: string[] = [];
  /** Milliseconds of the last `retry:` field. */
  retry: number | undefined;
  /** When the first byte came (`performance.now()`). */
  firstByteAt: number | undefined;
  /** The whole text so far. */
  text = '';
  /** How it ended: by itself, or cut. Undefined while it is open. */
  ended: 'end' | 'cut' | undefined;
  private rest = '';

  private constructor(
    readonly response: Response,
    private readonly abort: AbortController,
  ) {}

  /** @throws Error when the answer is not a stream */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<EventReader> {
    const abort = new AbortController();
    const response = await fetch(url, { headers, signal: abort.signal });
    if (response.status !== 200) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    const reader = new EventReader(response, abort);
    readers.add(reader);
    void reader.read();
    return reader;
  }

  get names(): string[] {
    return this.events.map(({ event }) => event);
  }

  get ids(): (string | undefined)[] {
    return this.events.map(({ id }) => id);
  }

  /** Resolves when so many events are here, or one of that name. */
  async until(what: number | string, timeoutMs = 5_000): Promise<void> {
    const here = (): boolean =>
      typeof what === 'number' ? this.events.length >= what : this.names.includes(what);
    await eventually(() => here() || this.complain(`waits for ${what}`), { timeoutMs });
  }

  /** Resolves to all events when the other side has ended the stream. @throws Error when it was cut or does not end */
  async toEnd(timeoutMs = 5_000): Promise<readonly StreamEvent[]> {
    await eventually(() => this.ended !== undefined || this.complain('has not ended'), { timeoutMs });
    if (this.ended === 'cut') this.complain('was cut');
    return this.events;
  }

  /** Hangs up. */
  close(): void {
    readers.delete(this);
    this.abort.abort();
  }

  private complain(problem: string): never {
    throw new Error(`stream ${problem}; so far:\n${this.text.slice(-2_000)}`);
  }

  private async read(): Promise<void> {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    try {
      for await (const chunk of this.response.body as unknown as AsyncIterable<Uint8Array>) {
        this.firstByteAt ??= performance.now();
        this.take(decoder.decode(chunk, { stream: true }));
      }
      this.ended = this.rest === '' ? 'end' : 'cut';
    } catch {
      this.ended = 'cut';
    }
  }

  private take(text: string): void {
    this.text += text;
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop() ?? '';
    for (const block of blocks) this.takeBlock(block);
  }

  private takeBlock(block: string): void {
    if (block.startsWith(':')) return void this.comments.push(block);
    const fields = block.split('\n').map((line) => /^(id|event|data|retry): ([^\r]*)$/.exec(line));
    const found = new Map<string, string>();
    for (const match of fields) {
      if (!match || found.has(match[1]!)) throw new Error(`not an event: ${JSON.stringify(block)}`);
      found.set(match[1]!, match[2]!);
    }
    if (found.has('retry')) this.retry = Number(found.get('retry'));
    const raw = found.get('data');
    if (raw === undefined) return;
    const data = JSON.parse(raw) as StreamEvent['data'];
    this.events.push({
      id: found.get('id'),
      event: found.get('event') ?? '',
      raw,
      data,
      at: performance.now(),
    });
  }
}
