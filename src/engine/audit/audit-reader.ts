import { Injectable } from '@nestjs/common';
import type { Principal } from '../../core/principal.js';
import { Policy } from '../auth/policy.js';
import { Audit } from './audit.js';
import type { AuditEntry } from '../../core/audit.js';
import { fieldsOf } from './entry-hash.js';
import { AuditStore, type AuditFilter, type AuditPageRequest, type StoredEntry } from './audit.store.js';

/** Entries of one read of an export. */
const SLICE = 500;

/** A page, newest first. */
export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** Where the next page begins; null: this is the last. */
  readonly nextBefore: number | null;
}

/** The audit log for the admins of a namespace. With auth off there is one log, and everybody reads it. */
@Injectable()
export class AuditReader {
  constructor(
    private readonly policy: Policy,
    private readonly audit: Audit,
    private readonly store: AuditStore,
  ) {}

  /** What was recorded until now, newest first. @throws GatewayError FORBIDDEN, STORAGE_UNAVAILABLE */
  async page(caller: Principal, request: AuditPageRequest): Promise<AuditPage> {
    this.policy.requireRight(caller, 'admin');
    await this.audit.settled();
    const { limit } = request;
    // The one more tells whether there is another page.
    const found = await this.store.list(caller.namespace, { ...request, limit: limit + 1 });
    const entries = found.slice(0, limit).map(toEntry);
    return { entries, nextBefore: found.length > limit ? (entries.at(-1)?.seq ?? null) : null };
  }

  /** Everything that matches, oldest first. @throws GatewayError as {@link page}, before the first entry */
  async export(caller: Principal, filter: AuditFilter): Promise<AsyncIterable<readonly AuditEntry[]>> {
    this.policy.requireRight(caller, 'admin');
    await this.audit.settled();
    const { seq: last } = await this.store.end(caller.namespace);
    return this.slices(caller, filter, last);
  }

  private async *slices(
    { namespace }: Principal,
    filter: AuditFilter,
    last: number,
  ): AsyncGenerator<readonly AuditEntry[]> {
    for (let seq = 0; ;) {
      const found = await this.store.after(namespace, seq, SLICE, filter);
      const entries = found.filter((entry) => entry.seq <= last).map(toEntry);
      if (entries.length > 0) yield entries;
      if (entries.length < SLICE) return;
      seq = entries.at(-1)!.seq;
    }
  }
}

const toEntry = ({ body, ...place }: StoredEntry): AuditEntry => ({ ...place, ...fieldsOf(body) });
