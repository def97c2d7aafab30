import { GatewayError } from '../../core/errors.js';

/** How often a write is tried on what somebody else has made of the record meanwhile. */
const TRIES = 10;

/**
 * Optimistic writes of records. Those of one record in this process go one after the other, instead of in vain beside each
 * other; whoever was overtaken nevertheless (by another record's change, by another gateway) tries again on the newer state.
 */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Runs `write` when all that came before it for the key has ended. @param write reads, decides and writes */
  async take<T>(key: readonly string[], write: () => Promise<T>): Promise<T> {
    const name = key.join('\n');
    const work = () => whileOvertaken(write);
    const before = this.last.get(name);
    const mine = before ? before.then(work, work) : work();
    this.last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.last.get(name) === mine) this.last.delete(name);
    }
  }
}

async function whileOvertaken<T>(write: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await write();
    } catch (error) {
      if (!isOvertaken(error) || tries === TRIES) throw error;
    }
}

/** What stores say when somebody was faster; refusals of the engine itself carry their reason. */
const isOvertaken = (error: unknown): boolean =>
  error instanceof GatewayError && error.code === 'CONFLICT' && error.data === undefined;
