import { GENESIS, type Chain, type ChainEnd } from '../../core/audit.js';
import { hashOf } from './entry-hash.js';
import type { StoredEntry } from './audit.store.js';

/** What is wrong with a chain. */
export interface ChainFault {
  readonly chain: Chain;
  /** The entry at which it shows. */
  readonly seq: number;
  readonly fault: string;
}

/** Walks along one chain. */
export class ChainVerifier {
  private end: ChainEnd;
  private count = 0;

  /** @param beginning what comes before the first entry that is given; undefined: not known, the first one is believed */
  constructor(
    private readonly chain: Chain,
    private readonly beginning: ChainEnd | undefined,
  ) {
    this.end = beginning ?? GENESIS;
  }

  /** Entries that have been found right. */
  get verified(): number {
    return this.count;
  }

  /** The newest of them. */
  get head(): ChainEnd {
    return this.end;
  }

  /** The next entry. @returns what is wrong with it; the walk ends there, for nothing after it means anything */
  next({ seq, hash, body }: Omit<StoredEntry, 'chain'>): ChainFault | undefined {
    const known = this.beginning !== undefined || this.count > 0;
    if (known && seq !== this.end.seq + 1)
      return this.fault(seq, `it follows ${this.end.seq}: entries between them are missing`);
    if (known && hash !== hashOf(this.end.hash, this.chain, seq, body))
      return this.fault(
        seq,
        'its hash is not that of its content and of the entry before: one of them was changed',
      );
    this.end = { seq, at: 0, hash };
    this.count++;
    return undefined;
  }

  private fault(seq: number, fault: string): ChainFault {
    return { chain: this.chain, seq, fault };
  }
}
