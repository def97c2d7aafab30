import type { Kysely } from 'kysely';
import { param, placeholders, Prepared } from './prepared.js';
import type { AuditBlockRow, AuditChainRow, Schema } from './schema.js';

type Of = Pick<AuditBlockRow, 'namespace'>;
type UpTo = Of & Pick<AuditBlockRow, 'seq'>;

const namespace = param<string>('namespace');
const seq = param<number>('seq');

/** Every statement of the audit log, compiled once for a dialect. */
export const auditStatements = (db: Kysely<Schema>) => ({ ...writes(db), ...reads(db) });

const writes = (db: Kysely<Schema>) => ({
  insertBlock: new Prepared<AuditBlockRow>(
    db.insertInto('audit_log').values(placeholders<AuditBlockRow>('namespace', 'seq', 'first', 'entries')),
  ),
  beginChain: new Prepared<AuditChainRow>(
    db
      .insertInto('audit_chains')
      .values(placeholders<AuditChainRow>('namespace', 'seq', 'at', 'hash'))
      .onConflict((conflict) => conflict.column('namespace').doNothing()),
  ),
  moveBeginning: new Prepared<AuditChainRow>(
    db
      .updateTable('audit_chains')
      .set({ seq, at: param<number>('at'), hash: param<string>('hash') })
      .where('namespace', '=', namespace),
  ),
  deleteUpTo: new Prepared<UpTo>(
    db.deleteFrom('audit_log').where('namespace', '=', namespace).where('seq', '<=', seq),
  ),
});

const reads = (db: Kysely<Schema>) => ({
  beginning: new Prepared<Of>(db.selectFrom('audit_chains').selectAll().where('namespace', '=', namespace)),
  chains: new Prepared<object>(db.selectFrom('audit_chains').selectAll().orderBy('namespace')),
  newestSeq: new Prepared<Of>(
    db
      .selectFrom('audit_log')
      .select('seq')
      .where('namespace', '=', namespace)
      .orderBy('seq', 'desc')
      .limit(1),
  ),
  /** The block that holds an entry. */
  block: new Prepared<UpTo>(
    db
      .selectFrom('audit_log')
      .selectAll()
      .where('namespace', '=', namespace)
      .where('seq', '>=', seq)
      .orderBy('seq')
      .limit(1),
  ),
  /** The last of the oldest blocks that end up to an entry. */
  oldest: new Prepared<UpTo & { readonly limit: number }>(
    db
      .selectFrom((from) =>
        from
          .selectFrom('audit_log')
          .select('seq')
          .where('namespace', '=', namespace)
          .where('seq', '<=', seq)
          .orderBy('seq')
          .limit(param<number>('limit'))
          .as('blocks'),
      )
      .select((of) => [of.fn.max<number | null>('seq').as('last'), of.fn.countAll<number>().as('count')]),
  ),
});
