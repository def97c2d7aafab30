/**
 * Tells that something comes in on a stream, also where that is nothing but comments: an adk agent streams nothing else
 * while it works. Streams are known by the signal of their call, the one thing that passes through the SDK unchanged.
 */
export class StreamPulses {
  private readonly watched = new WeakMap<AbortSignal, () => void>();

  constructor(private readonly inner: typeof fetch) {}

  watch(signal: AbortSignal, pulse: () => void): void {
    this.watched.set(signal, pulse);
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const answer = await this.inner(input, init);
    const pulse = init?.signal ? this.watched.get(init.signal) : undefined;
    if (!pulse || !answer.body) return answer;
    const beat = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, out) {
        pulse();
        out.enqueue(chunk);
      },
    });
    const { status, headers } = answer;
    return new Response(answer.body.pipeThrough(beat), { status, headers });
  };
}
