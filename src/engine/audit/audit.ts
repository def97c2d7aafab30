import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { GENESIS, type AuditEvent, type Chain, type ChainEnd } from '../../core/audit.js';
import { Clock } from '../../core/clock.js';
import { AuditStore } from './audit.store.js';
import { DenialFold } from './denial-fold.js';
import { bodyOf, hashOf } from './entry-hash.js';

/** Entries that wait for a storage that takes no writes; what comes beyond them is counted only. */
const MAX_UNWRITTEN = 10_000;

/**
 * The audit log: one hash chain per namespace, so that each tenant can verify his own and sees nothing of how much others
 * do. An entry is linked and in line for the disk when the call returns: what is written after it is not there without it.
 */
@Injectable()
export class Audit implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('Audit');
  private readonly ends = new Map<Chain, ChainEnd>();
  private readonly denials: DenialFold;
  private newest: Promise<void> = Promise.resolve();
  private unwritten = 0;
  private lost = 0;

  constructor(
    private readonly clock: Clock,
    private readonly store: AuditStore,
  ) {
    this.denials = new DenialFold(clock, (event, count) => void this.put(event, count));
  }

  /** Finds the ends of all chains: the next entries link to them. */
  async onModuleInit(): Promise<void> {
    for (const chain of await this.store.chains()) this.ends.set(chain, await this.store.end(chain));
  }

  /** Adds an entry; resolves when it is on disk, never rejects. */
  record(event: AuditEvent): Promise<void> {
    return this.put(event, 1);
  }

  /** Adds a refusal; many of a kind become one entry with their number. */
  denied(event: AuditEvent): void {
    this.denials.add(event);
  }

  /** Resolves when everything that has happened until now is on disk; at once while the storage takes nothing. */
  settled(): Promise<void> {
    this.denials.flush();
    return this.store.available ? this.newest : Promise.resolve();
  }

  /** Before the storage is closed. */
  beforeApplicationShutdown(): Promise<void> {
    return this.settled();
  }

  private put(event: AuditEvent, count: number): Promise<void> {
    if (this.unwritten >= MAX_UNWRITTEN) {
      this.lost += count;
      return Promise.resolve();
    }
    this.unwritten++;
    const { chain } = event;
    const end = this.ends.get(chain) ?? GENESIS;
    const seq = end.seq + 1;
    const at = Math.max(this.clock.now(), end.at);
    const body = bodyOf(event, at, count);
    const hash = hashOf(end.hash, chain, seq, body);
    this.ends.set(chain, { seq, at, hash });
    const written = this.store.append({ chain, seq, body, hash });
    return (this.newest = written.then(
      () => this.settle(),
      (error: unknown) => {
        this.logger.error(`an entry is lost: ${String(error)}`);
        this.settle();
      },
    ));
  }

  private settle(): void {
    this.unwritten--;
    if (this.lost === 0 || this.unwritten > MAX_UNWRITTEN / 2) return;
    const { lost } = this;
    this.lost = 0;
    void this.put(LOST, lost);
  }
}

const LOST: AuditEvent = {
  chain: null,
  actor: null,
  credential: null,
  action: 'audit.lost',
  object: null,
  outcome: 'failed',
  requestId: null,
  address: null,
  detail: 'came while the storage took no writes',
};
