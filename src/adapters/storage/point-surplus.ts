import { sql, type CompiledQuery, type Kysely } from 'kysely';
import type { LatestPointRow, Schema } from './schema.js';

/** Runs a query. */
type Run = <Row>(query: CompiledQuery<Row>) => Promise<Row[]>;
type Db = Kysely<Schema>;

const DAY_MS = 86_400_000;
/** Points of removed sensors that are looked for at once. */
const DROPPED = 20;

interface Keeping {
  readonly now: number;
  /** How long points are kept whose sensor says nothing. */
  readonly keptMs: number;
  readonly limit: number;
}

interface Surplus {
  readonly points: readonly LatestPointRow[];
  /** Removed sensors that may have no point left after these. */
  readonly dropped: readonly number[];
}

/** Which points can go: the too old, the too many, those of removed sensors; at most `limit`. */
export async function surplusPoints(run: Run, db: Db, keeping: Keeping): Promise<Surplus> {
  const left = (points: readonly unknown[]) => keeping.limit - points.length;
  const points = await tooOld(run, db, keeping);
  if (left(points) > 0) points.push(...(await tooMany(run, db, left(points))));
  const dropped = (
    await run(sql<{ series: number }>`select series from dropped_series limit ${DROPPED}`.compile(db))
  ).map(({ series }) => series);
  for (const series of dropped)
    if (left(points) > 0) points.push(...(await allOf(run, db, series, left(points))));
  return { points, dropped };
}

/** The latest point of a sensor stays, however old it is. */
const tooOld = (run: Run, db: Db, { now, keptMs, limit }: Keeping): Promise<LatestPointRow[]> =>
  run(
    sql<LatestPointRow>`select p.series, p.timestamp, p.seq from sensors s
      join data_points p on p.series = s.series
        and p.timestamp < ${now} - coalesce(s.retention_days * ${DAY_MS}, ${keptMs})
      left join latest_points l on l.series = p.series and l.timestamp = p.timestamp and l.seq = p.seq
      where l.series is null limit ${limit}`.compile(db),
  );

async function tooMany(run: Run, db: Db, limit: number): Promise<LatestPointRow[]> {
  const limited = await run(
    sql<{
      series: number;
      kept: number;
    }>`select series, retention_rows as kept from sensors where retention_rows is not null`.compile(db),
  );
  const found: LatestPointRow[] = [];
  for (const { series, kept } of limited) {
    const missing = limit - found.length;
    if (missing <= 0) break;
    const query = sql<LatestPointRow>`select series, timestamp, seq from data_points where series = ${series}
      order by timestamp desc, seq desc limit ${missing} offset ${kept}`;
    found.push(...(await run(query.compile(db))));
  }
  return found;
}

const allOf = (run: Run, db: Db, series: number, limit: number): Promise<LatestPointRow[]> =>
  run(
    sql<LatestPointRow>`select series, timestamp, seq from data_points where series = ${series} limit ${limit}`.compile(
      db,
    ),
  );

/** Active sensors without data for longer than they allow; the time before a sensor's first data counts from its creation. */
export async function staleSensors(run: Run, db: Db, now: number): Promise<readonly number[]> {
  const query = sql<{ series: number }>`select s.series from sensors s
    left join latest_points l on l.series = s.series
    left join data_points p on p.series = l.series and p.timestamp = l.timestamp and p.seq = l.seq
    where s.status = 'active' and s.stale_after is not null
      and coalesce(p.received_at, s.created_at) < ${now} - s.stale_after`;
  return (await run(query.compile(db))).map(({ series }) => series);
}
