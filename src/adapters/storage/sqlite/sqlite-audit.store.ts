import type { Namespace } from '../../../core/ids.js';
import { GENESIS, type Chain, type ChainEnd } from '../../../core/audit.js';
import {
  AuditStore,
  type AuditFilter,
  type AuditPageRequest,
  type StoredEntry,
} from '../../../engine/audit/audit.store.js';
import { entriesOf, nameOf, timeOf, toBlock, toEntry } from '../audit-blocks.js';
import { searchAudit, type Range } from '../audit-queries.js';
import { auditStatements } from '../audit-statements.js';
import type { AuditBlockRow, AuditChainRow } from '../schema.js';
import type { Op } from './protocol.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { builder, op, statements } from './statements.js';

const STATEMENTS = statements(auditStatements);

/** The audit log in the gateway's SQLite file. */
export class SqliteAuditStore extends AuditStore {
  /** In line for the disk, in order. */
  private waiting: StoredEntry[] = [];
  private written: Promise<void> | undefined;

  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override get available(): boolean {
    return this.database.available;
  }

  /** The first entry takes a place among the writes, and those that come until its batch goes to the disk go with it. */
  override append(entry: StoredEntry): Promise<void> {
    this.waiting.push(entry);
    return (this.written ??= this.database.write(() => this.takeWaiting(), false));
  }

  private takeWaiting(): Op[] {
    const { waiting } = this;
    this.waiting = [];
    this.written = undefined;
    const blocks = Map.groupBy(waiting, ({ chain }) => chain).values();
    return [...blocks].map(toBlock).flatMap((block) => {
      const insert = op(STATEMENTS.insertBlock, block);
      const { namespace, first } = block;
      return first === 1 ? [op(STATEMENTS.beginChain, { namespace, ...GENESIS }), insert] : [insert];
    });
  }

  override async end(chain: Chain): Promise<ChainEnd> {
    const values = { namespace: nameOf(chain) };
    const newest = await this.database.one<{ seq: number }, typeof values>(STATEMENTS.newestSeq, values);
    return (newest && (await this.entry(chain, newest.seq))) ?? this.beginning(chain);
  }

  override async beginning(chain: Chain): Promise<ChainEnd> {
    const namespace = nameOf(chain);
    const row = await this.database.one<AuditChainRow, { namespace: string }>(STATEMENTS.beginning, {
      namespace,
    });
    return row ? endOf(row) : GENESIS;
  }

  override async chains(): Promise<readonly Chain[]> {
    const rows = await this.database.all<AuditChainRow, object>(STATEMENTS.chains, {});
    return rows.map(({ namespace }) => (namespace === '' ? null : (namespace as Namespace)));
  }

  override async list(chain: Chain, { before, limit, ...filter }: AuditPageRequest): Promise<StoredEntry[]> {
    const range = await this.rangeOf(chain, filter);
    const last = Math.min(range.last, (before ?? Infinity) - 1);
    return this.search(chain, { ...range, last }, filter, limit, true);
  }

  override async after(
    chain: Chain,
    seq: number,
    limit: number,
    filter: AuditFilter = {},
  ): Promise<StoredEntry[]> {
    const range = await this.rangeOf(chain, filter);
    return this.search(chain, { ...range, first: Math.max(range.first, seq + 1) }, filter, limit, false);
  }

  override async purge(chain: Chain, before: number, limit: number): Promise<number> {
    const { last: seq } = await this.rangeOf(chain, { to: before });
    const namespace = nameOf(chain);
    const values = { namespace, seq, limit };
    const oldest = await this.database.one<{ last: number | null; count: number }, typeof values>(
      STATEMENTS.oldest,
      values,
    );
    const beginning = oldest?.last ? await this.entry(chain, oldest.last) : undefined;
    if (!oldest || !beginning) return 0;
    const { moveBeginning, deleteUpTo } = STATEMENTS;
    await this.database.write(
      [
        op(moveBeginning, { namespace, ...beginning }, true),
        op(deleteUpTo, { namespace, seq: beginning.seq }),
      ],
      true,
    );
    return oldest.count;
  }

  private async search(
    chain: Chain,
    range: Range,
    filter: AuditFilter,
    limit: number,
    newestFirst: boolean,
  ): Promise<StoredEntry[]> {
    const search = { namespace: nameOf(chain), filter, limit, newestFirst };
    const found = await searchAudit((query) => this.database.scan(query), builder, range, search);
    return found.map((text) => toEntry(chain, text));
  }

  /** What lies between two moments. Times never go back within a chain, so their places are found by halving. */
  private async rangeOf(chain: Chain, { from, to }: AuditFilter): Promise<Range> {
    const first = (await this.beginning(chain)).seq + 1;
    const last = (await this.end(chain)).seq;
    return {
      first: from === undefined ? first : await this.firstSince(chain, from, first, last),
      last: to === undefined ? last : (await this.firstSince(chain, to, first, last)) - 1,
    };
  }

  /** The first entry that is not before a moment; the one after `last` when there is none. */
  private async firstSince(chain: Chain, moment: number, first: number, last: number): Promise<number> {
    let [low, high] = [first, last + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const entry = await this.entry(chain, middle);
      if (entry && entry.at < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private async entry(chain: Chain, seq: number): Promise<ChainEnd | undefined> {
    const values = { namespace: nameOf(chain), seq };
    const block = await this.database.one<AuditBlockRow, typeof values>(STATEMENTS.block, values);
    const found = block && entriesOf(chain, block).find((entry) => entry.seq === seq);
    return found && { seq, at: timeOf(found), hash: found.hash };
  }
}

const endOf = ({ seq, at, hash }: ChainEnd): ChainEnd => ({ seq, at, hash });
