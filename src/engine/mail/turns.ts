/** Work that is done one after the other, per key. */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Does the work when what came before is over, however that ended. */
  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.last.get(key) ?? Promise.resolve()).then(work, work);
    this.last.set(key, turn);
    const clear = () => {
      if (this.last.get(key) === turn) this.last.delete(key);
    };
    turn.then(clear, clear);
    return turn;
  }
}
