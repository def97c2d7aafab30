import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client, inTurns } from './load.js';
import { median, USERS } from './measure.js';
import { Server, TEMP } from './processes.js';
import type { Row, Table } from './report.js';
import type { Settings } from './settings.js';

const DAY_S = 86_400;
/** The day that is asked for. */
const DAY = Date.UTC(2026, 0, 18);
const BATCH = 500;

/** Makes a space, a zone, a device and its sensors `s-0`, `s-1`, … */
async function makeSensors(port: number, count: number): Promise<void> {
  const client = new Client(port);
  const make = async (path: string, body: object) => {
    const { status, body: text } = await client.post(`/api/v1/${path}`, JSON.stringify(body));
    if (status !== 201) throw new Error(`${path} answered ${status}: ${text}`);
  };
  await make('resources', { resource_id: 'space', type: 'space', name: 'space' });
  await make('resources', { resource_id: 'zone', type: 'zone', name: 'zone', parent_id: 'space' });
  await make('devices', { device_id: 'dev', type: 'bench', name: 'dev', zone_id: 'zone' });
  for (let i = 0; i < count; i++)
    await make('sensors', { sensor_id: `s-${i}`, device_id: 'dev', type: 'bench', name: `s-${i}` });
  client.close();
}

const aPoint = (at: number) => ({
  data_id: randomUUID(),
  device_id: 'dev',
  sensor_id: `s-${at % USERS}`,
  timestamp: DAY + at,
  value: (at % 1000) / 10,
  unit: 'C',
  quality: 'good',
});

/** Points per second that the gateway takes and answers, durably, `perRequest` at a time, by 64 users. */
async function ingest(port: number, count: number, perRequest: number): Promise<number> {
  let at = 0;
  const begin = performance.now();
  await inTurns(port, count / perRequest, USERS, async (client) => {
    const points = Array.from({ length: perRequest }, () => aPoint(at++));
    const body = JSON.stringify(perRequest === 1 ? points[0] : { items: points });
    const { status, body: text } = await client.post('/api/v1/data/report', body);
    if (status !== 200 || !text.includes(`"accepted":${perRequest},`))
      throw new Error(`report answered ${status}: ${text}`);
    return '';
  });
  return (count / (performance.now() - begin)) * 1000;
}

/** The same rows written to the gateway's own tables by a program that does nothing else: one flush per `perFlush` points. */
function bareInserts(file: string, count: number, perFlush: number): number {
  const db = new DatabaseSync(file);
  db.exec('pragma synchronous = full');
  const { seq } = db.prepare('select coalesce(max(seq), 0) as seq from data_points').get() as { seq: number };
  const insert = db.prepare(
    'insert into data_points (series, timestamp, seq, namespace, data_id, number, unit, quality, received_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const begin = performance.now();
  for (let at = 0; at < count;) {
    db.exec('begin immediate');
    for (const end = at + perFlush; at < end; at++) {
      const { data_id, timestamp, value, unit, quality } = aPoint(at);
      const series = (at % USERS) + 1;
      insert.run(series, timestamp, seq + 1 + at, 'default', data_id, value, unit, quality, timestamp);
    }
    db.exec('commit');
  }
  const perSecond = (count / (performance.now() - begin)) * 1000;
  db.close();
  return perSecond;
}

/** A row: bare inserts, then the gateway, on the same file, in turn; medians. */
async function ingestRow(name: string, rounds: number, count: number, perRequest: number): Promise<Row> {
  const file = join(TEMP, `telemetry-${perRequest}.db`);
  let server = await Server.start('gateway', { database: file });
  await makeSensors(server.http, USERS);
  const [bare, own]: [number[], number[]] = [[], []];
  await ingest(server.http, count, perRequest); // warm-up
  for (let round = 0; round < rounds; round++) {
    own.push(await ingest(server.http, count, perRequest));
    await server.stop();
    bare.push(bareInserts(file, count, perRequest));
    server = await Server.start('gateway', { database: file });
    await ingest(server.http, count / 4, perRequest); // the new process warms up, too
  }
  await server.stop();
  return { name, unit: 'points/s', base: median(bare), value: median(own) };
}

/** Fills a file with a day of one point a second for each of its sensors. */
function fill(file: string, sensors: number): void {
  const db = new DatabaseSync(file);
  db.exec('pragma journal_mode = memory; pragma synchronous = off; pragma cache_size = -262144; begin');
  db.exec(`with recursive
      sensor(n) as (select 1 union all select n + 1 from sensor where n < ${sensors}),
      second(n) as (select 0 union all select n + 1 from second where n < ${DAY_S - 1})
    insert into data_points (series, timestamp, seq, namespace, data_id, number, unit, quality, received_at)
    select sensor.n, ${DAY} + second.n * 1000, (sensor.n - 1) * ${DAY_S} + second.n + 1, 'default',
      printf('%08x-0000-7000-8000-%012x', sensor.n, second.n), (second.n % 400) / 10.0, 'C', 'good', ${DAY}
    from sensor cross join second`);
  db.exec('commit; pragma journal_mode = wal');
  db.close();
}

/** Milliseconds of a query of the last sensor's day, median of `times`. */
async function queryTime(port: number, query: string, items: number, times: number): Promise<number> {
  const client = new Client(port);
  const taken: number[] = [];
  for (let i = 0; i <= times; i++) {
    const begin = performance.now();
    const { status, body } = await client.get(`/api/v1/data?${query}&from=${DAY}&to=${DAY + DAY_S * 1000}`);
    if (i > 0) taken.push(performance.now() - begin); // the first one finds nothing in memory
    const found = (JSON.parse(body) as { items: unknown[] }).items.length;
    if (status !== 200 || found !== items) throw new Error(`${query} answered ${status} with ${found} items`);
  }
  client.close();
  return median(taken);
}

async function queryTimes(sensors: number, times: number): Promise<readonly [number, number]> {
  const file = join(TEMP, `day-${sensors}.db`);
  const maker = await Server.start('gateway', { database: file });
  await makeSensors(maker.http, sensors);
  await maker.stop();
  fill(file, sensors);
  const server = await Server.start('gateway', { database: file });
  const sensor = `sensor_id=s-${sensors - 1}`;
  const page = await queryTime(server.http, `${sensor}&limit=500`, 500, times);
  const buckets = await queryTime(server.http, `${sensor}&agg=avg&bucket=1m`, 1440, times);
  await server.stop();
  return [page, buckets];
}

/** Data taken in by HTTP against bare inserts into the same tables. */
export async function telemetry({ quick }: Settings): Promise<Table> {
  const rounds = quick ? 3 : 5;
  const scale = quick ? 1 : 4;
  const rows = [
    await ingestRow('one point per request', rounds, 6_400 * scale, 1),
    await ingestRow(`${BATCH} points per request`, rounds, 64_000 * scale, BATCH),
  ];
  const title = `Telemetry by HTTP, durable (${USERS} concurrent)`;
  const note = 'Bare inserts: one connection, as many rows per flush as there are points in a request.';
  return { title, columns: ['bare inserts', 'gateway'], rows, note };
}

/** A sensor's day among few and among many points. */
export async function sensorDay({ quick }: Settings): Promise<Table> {
  const counts = [1, quick ? 12 : 116] as const;
  const [few, many] = [await queryTimes(counts[0], 20), await queryTimes(counts[1], 20)];
  const rows = [
    { name: 'a page of 500, newest first, and how many there are', unit: 'ms', base: few[0], value: many[0] },
    { name: 'averages of its 1,440 minutes', unit: 'ms', base: few[1], value: many[1] },
  ];
  const [a, b] = counts.map((count) => `${(count * DAY_S).toLocaleString('en')} points`) as [string, string];
  return { title: 'A day of one sensor, a point a second', columns: [a, b], rows };
}
