import { GENESIS, type AuditFields, type Chain, type ChainEnd } from '../../src/core/audit.js';
import {
  AuditStore,
  type AuditFilter,
  type AuditPageRequest,
  type StoredEntry,
} from '../../src/engine/audit/audit.store.js';
import { fieldsOf } from '../../src/engine/audit/entry-hash.js';

interface MemoryChain {
  beginning: ChainEnd;
  entries: StoredEntry[];
}

/** The audit log in memory, each entry a commit of its own; held to the contract of the real stores. */
export class MemoryAuditStore extends AuditStore {
  override available = true;
  private readonly log = new Map<Chain, MemoryChain>();

  override async append(entry: StoredEntry): Promise<void> {
    const known = this.log.get(entry.chain) ?? { beginning: GENESIS, entries: [] };
    this.log.set(entry.chain, known);
    known.entries.push(entry);
  }

  override async end(chain: Chain): Promise<ChainEnd> {
    const newest = this.of(chain).entries.at(-1);
    return newest ? endOf(newest) : this.of(chain).beginning;
  }

  override async beginning(chain: Chain): Promise<ChainEnd> {
    return this.of(chain).beginning;
  }

  override async chains(): Promise<readonly Chain[]> {
    return [...this.log.keys()].sort();
  }

  override async list(
    chain: Chain,
    { before = Infinity, limit, ...filter }: AuditPageRequest,
  ): Promise<readonly StoredEntry[]> {
    const found = this.of(chain).entries.filter((entry) => entry.seq < before && matches(entry, filter));
    return found.reverse().slice(0, limit);
  }

  override async after(
    chain: Chain,
    seq: number,
    limit: number,
    filter: AuditFilter = {},
  ): Promise<readonly StoredEntry[]> {
    return this.of(chain)
      .entries.filter((entry) => entry.seq > seq && matches(entry, filter))
      .slice(0, limit);
  }

  override async purge(chain: Chain, before: number, limit: number): Promise<number> {
    const known = this.of(chain);
    const old = known.entries.filter(({ body }) => fieldsOf(body).at < before).slice(0, limit);
    const last = old.at(-1);
    if (!last) return 0;
    known.beginning = endOf(last);
    known.entries = known.entries.slice(old.length);
    return old.length;
  }

  private of(chain: Chain): MemoryChain {
    return this.log.get(chain) ?? { beginning: GENESIS, entries: [] };
  }
}

const endOf = ({ seq, hash, body }: StoredEntry): ChainEnd => ({ seq, at: fieldsOf(body).at, hash });

function matches({ body }: StoredEntry, { from, to, ...wanted }: AuditFilter): boolean {
  const fields: AuditFields = fieldsOf(body);
  if (fields.at < (from ?? 0) || fields.at >= (to ?? Infinity)) return false;
  return (['actor', 'action', 'object', 'outcome'] as const).every(
    (name) => wanted[name] === undefined || wanted[name] === fields[name],
  );
}
