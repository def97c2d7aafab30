export interface EventuallyOptions {
  /** How long it may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** Between two looks, in milliseconds. */
  readonly everyMs?: number;
}

/**
 * Calls `check` until it neither throws nor answers false or undefined; resolves to its answer.
 * @throws what it threw last (or that it never came true), once `timeoutMs` have passed
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 5000, everyMs = 20 }: EventuallyOptions = {},
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let problem: unknown = new Error(`not true within ${timeoutMs} ms: ${check.toString()}`);
    try {
      const answer = await check();
      if (answer !== false && answer !== undefined) return answer as Exclude<T, false | undefined>;
    } catch (error) {
      problem = error;
    }
    if (performance.now() > deadline) throw problem;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
