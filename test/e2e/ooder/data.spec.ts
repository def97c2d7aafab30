import { EventReader } from '../../support/event-reader.js';
import { GatewayProcess } from '../../support/gateway-process.js';
import { parsePrometheus, total } from '../../support/prometheus.js';
import { Orchestrator, type Answer, type Fields } from '../../support/orchestrator.js';
import { API, makePlant, refusal } from '../../support/control-plane.js';

let gateway: GatewayProcess;
let http: Orchestrator;

beforeAll(async () => {
  gateway = await GatewayProcess.start();
  http = new Orchestrator(gateway.httpUrl);
  await makePlant(http);
});
afterAll(() => gateway.stop());

const MINUTE = 60_000;
let count = 0;
const newId = (): string => `d-${++count}`;
const point = (more: Fields = {}): Fields => ({
  data_id: newId(),
  device_id: 'dev-1',
  sensor_id: 'temp-1',
  value: 21.5,
  ...more,
});
const report = (body: unknown, query = ''): Promise<Answer> => http.post(`${API}/data/report${query}`, body);
const newSensor = async (more: Fields = {}): Promise<string> => {
  const sensor_id = `s-${newId()}`;
  const made = await http.post(`${API}/sensors`, {
    sensor_id,
    device_id: 'dev-1',
    name: 'x',
    type: 'x',
    ...more,
  });
  expect(made.status).toBe(201);
  return sensor_id;
};
const idsOf = ({ body }: Answer): unknown[] => (body['items'] as Fields[]).map((item) => item['data_id']);

describe('a report', () => {
  test('every field of the seed comes back', async () => {
    const body = point({
      timestamp: '2026-01-18T01:00:00+01:00',
      unit: '°C',
      quality: 'good',
      metadata: { key1: 'value1', nested: { a: [null] } },
    });
    const answer = await report(body);
    expect([answer.status, answer.body]).toEqual([200, { accepted: 1, duplicates: 0, rejected: [] }]);
    const stored = await http.get(`${API}/data/${String(body['data_id'])}`);
    const { received_at: received, seq, ...rest } = stored.body;
    expect(rest).toEqual({ ...body, timestamp: '2026-01-18T00:00:00.000Z', namespace: 'default' });
    expect([new Date(received as string).toISOString(), Number.isInteger(seq)]).toEqual([received, true]);
  });

  test.each<[string, unknown]>([
    ['a number', -0.5],
    ['a text', 'open – 开'],
    ['a truth', false],
    ['an object', { x: 1, y: { z: [1, null] } }],
  ])('a value that is %s', async (_, value) => {
    const body = point({ value });
    await report(body);
    expect((await http.get(`${API}/data/${String(body['data_id'])}`)).body['value']).toEqual(value);
  });

  test('what is left out: quality unknown, the gateway’s time', async () => {
    const body = point();
    const before = Date.now();
    await report(body);
    const stored = (await http.get(`${API}/data/${String(body['data_id'])}`)).body;
    expect(stored).toMatchObject({
      quality: 'unknown',
      unit: null,
      metadata: { timestamp_source: 'gateway' },
      timestamp: stored['received_at'],
    });
    expect(Date.parse(stored['timestamp'] as string)).toBeGreaterThanOrEqual(before);
  });

  test('out of range: stored, bad, with the reason; at the limits it is good', async () => {
    for (const [value, quality] of [
      [60, 'good'],
      [60.1, 'bad'],
      [-20, 'good'],
      [-21, 'bad'],
      ['hot', 'good'],
    ]) {
      const body = point({ value, quality: 'good', metadata: { k: 1 } });
      await report(body);
      const stored = (await http.get(`${API}/data/${String(body['data_id'])}`)).body;
      expect([value, stored['quality']]).toEqual([value, quality]);
      const reason = quality === 'bad' ? { quality_reason: 'out_of_range' } : {};
      expect(stored['metadata']).toEqual({ k: 1, timestamp_source: 'gateway', ...reason });
    }
  });

  test.each<[string, Fields, unknown[]]>([
    ['no value', { value: undefined }, [400, '3004', ['value']]],
    ['null', { value: null }, [400, '3004', ['value']]],
    ['a list', { value: [1] }, [400, '3004', ['value']]],
    ['no id', { data_id: undefined }, [400, '3004', ['data_id']]],
    ['an id of 37', { data_id: 'x'.repeat(37) }, [400, '3004', ['data_id']]],
    ['no device', { device_id: undefined }, [400, '3004', ['device_id']]],
    ['no sensor', { sensor_id: undefined }, [400, '3004', ['sensor_id']]],
    ['an unknown quality', { quality: 'fine' }, [400, '3004', ['quality']]],
    ['a unit of 33', { unit: 'x'.repeat(33) }, [400, '3004', ['unit']]],
    ['metadata over 64 KiB', { metadata: { a: 'x'.repeat(65_536) } }, [400, '3004', ['metadata']]],
    ['a time that is none', { timestamp: 'yesterday' }, [400, '3004', ['timestamp']]],
    ['a time without a zone', { timestamp: '2026-01-18T00:00:00' }, [400, '3004', ['timestamp']]],
    ['a time before 1970', { timestamp: -1 }, [400, '3004', ['timestamp']]],
    ['the future', { timestamp: Date.now() + 10 * MINUTE }, [400, '3004', ['timestamp']]],
    ['an unknown sensor', { sensor_id: 'nope' }, [404, '3001', undefined]],
    ['another device', { device_id: 'zone-123' }, [400, '3004', ['device_id']]],
  ])('%s: refused', async (_, more, expected) => {
    const body = point(more);
    expect(refusal(await report(body))).toEqual(expected);
    if (typeof body['data_id'] === 'string' && body['data_id'].length <= 36)
      expect((await http.get(`${API}/data/${body['data_id']}`)).status).toBe(404);
  });

  test('a little ahead of the gateway’s clock is taken; milliseconds too', async () => {
    expect((await report(point({ timestamp: Date.now() + 4 * MINUTE }))).status).toBe(200);
  });

  test('strict=true refuses unknown fields', async () => {
    expect((await report(point({ color: 1 }))).status).toBe(200);
    expect(refusal(await report(point({ color: 1 }), '?strict=true'))).toEqual([400, '3004', ['color']]);
  });

  test('a disabled sensor or device takes no data: 503/3002', async () => {
    const sensor_id = await newSensor({ status: 'disabled' });
    expect(refusal(await report(point({ sensor_id })))).toEqual([503, '3002', 'sensor_disabled']);
    const device = { device_id: 'off-1', name: 'x', type: 'x', zone_id: 'zone-123', status: 'disabled' };
    await http.post(`${API}/devices`, device);
    await http.post(`${API}/sensors`, { sensor_id: 'off-s', device_id: 'off-1', name: 'x', type: 'x' });
    const refused = await report(point({ device_id: 'off-1', sensor_id: 'off-s' }));
    expect(refusal(refused)).toEqual([503, '3002', 'device_disabled']);
  });
});

describe('a repeated id', () => {
  test('with the same point: a duplicate; with another: 409/3006', async () => {
    const body = point({ timestamp: 1_700_000_000_000, value: { a: 1, b: 2 } });
    await report(body);
    expect((await report({ ...body, value: { b: 2, a: 1 } })).body).toMatchObject({
      accepted: 0,
      duplicates: 1,
    });
    expect(refusal(await report({ ...body, value: 2 }))).toEqual([409, '3006', 'id_taken']);
    expect((await http.get(`${API}/data/${String(body['data_id'])}`)).body['value']).toEqual({ a: 1, b: 2 });
  });

  test('without a time: the time that was given to it counts', async () => {
    const body = point();
    expect((await report(body)).body['accepted']).toBe(1);
    expect((await report(body)).body['duplicates']).toBe(1);
  });

  test('of twenty at once one is accepted', async () => {
    const body = point();
    const answers = await Promise.all(Array.from({ length: 20 }, () => report(body)));
    expect(answers.map((one) => one.body['accepted'] as number).reduce((a, b) => a + b)).toBe(1);
    expect(answers.map((one) => one.body['duplicates'] as number).reduce((a, b) => a + b)).toBe(19);
  });
});

describe('a report of many', () => {
  test('each for itself', async () => {
    const good = [point(), point()];
    const bad = [
      point({ value: null }),
      point({ sensor_id: 'nope' }),
      'text',
      { ...good[0], value: 'other' },
    ];
    const answer = await report({ items: [good[0], ...bad, good[1], good[0]] });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      accepted: 2,
      duplicates: 1,
      rejected: [
        {
          index: 1,
          data_id: bad[0] && (bad[0] as Fields)['data_id'],
          code: '3004',
          message: expect.any(String) as string,
        },
        { index: 2, data_id: (bad[1] as Fields)['data_id'], code: '3001', message: 'Sensor not found' },
        { index: 3, data_id: null, code: '3004', message: expect.any(String) as string },
        { index: 4, data_id: good[0]!['data_id'], code: '3006', message: expect.any(String) as string },
      ],
    });
  });

  test('all refused: 400 that tells of each', async () => {
    const answer = await report({ items: [point({ value: null }), point({ sensor_id: 'nope' })] });
    expect(refusal(answer)).toEqual([400, '3004', ['items[0]', 'items[1]']]);
    expect(answer.body['details']).toMatchObject({
      accepted: 0,
      rejected: [{ code: '3004' }, { code: '3001' }],
    });
  });

  test('a thousand are taken, one more is not; nor are none', async () => {
    const sensor_id = await newSensor();
    const items = Array.from({ length: 1000 }, (_, i) =>
      point({ sensor_id, value: i, timestamp: 1_000_000 + i }),
    );
    expect((await report({ items })).body).toMatchObject({ accepted: 1000, duplicates: 0 });
    expect((await report({ items })).body).toMatchObject({ accepted: 0, duplicates: 1000 });
    expect(refusal(await report({ items: [...items, point()] }))).toEqual([400, '3004', ['items']]);
    expect(refusal(await report({ items: [] }))).toEqual([400, '3004', ['items']]);
    const page = await http.get(`${API}/data?sensor_id=${sensor_id}&limit=500`);
    expect(page.body).toMatchObject({ total: 1000, items: { length: 500 } });
  });
});

describe('queries', () => {
  let sensor_id: string;
  const T0 = Date.UTC(2026, 0, 18);
  beforeAll(async () => {
    sensor_id = await newSensor();
    const items = [1, 2, 3, 'x', 5, 6].map((value, i) =>
      point({
        data_id: `q-${i}`,
        sensor_id,
        value,
        timestamp: T0 + i * 30_000,
        quality: i < 2 ? 'bad' : 'good',
      }),
    );
    await report({ items });
  });
  const query = (text: string): Promise<Answer> => http.get(`${API}/data?sensor_id=${sensor_id}${text}`);

  test('newest first, or oldest first, page by page', async () => {
    expect(idsOf(await query(''))).toEqual(['q-5', 'q-4', 'q-3', 'q-2', 'q-1', 'q-0']);
    const found: unknown[] = [];
    for (let cursor = ''; ;) {
      const page = await query(`&order=asc&limit=4${cursor}`);
      expect(page.body['total']).toBe(6);
      found.push(...idsOf(page));
      if (page.body['next_cursor'] === null) break;
      cursor = `&cursor=${page.body['next_cursor'] as string}`;
    }
    expect(found).toEqual(['q-0', 'q-1', 'q-2', 'q-3', 'q-4', 'q-5']);
  });

  test('by time and quality', async () => {
    expect(idsOf(await query(`&from=${T0 + 30_000}&to=${T0 + 90_000}`))).toEqual(['q-2', 'q-1']);
    expect(idsOf(await query('&from=2026-01-18T00:02:00Z'))).toEqual(['q-5', 'q-4']);
    expect(idsOf(await query('&quality=bad'))).toEqual(['q-1', 'q-0']);
    expect(idsOf(await http.get(`${API}/data?device_id=none`))).toEqual([]);
  });

  test('aggregates', async () => {
    const buckets = async (text: string) => (await query(text)).body['items'];
    const at = (minute: number): string => new Date(T0 + minute * MINUTE).toISOString();
    expect(await buckets('&agg=avg&bucket=1m')).toEqual([
      { bucket: at(0), value: 1.5, count: 2 },
      { bucket: at(1), value: 3, count: 1 },
      { bucket: at(2), value: 5.5, count: 2 },
    ]);
    expect(await buckets('&agg=last&bucket=1m&order=desc')).toMatchObject([
      { value: 6 },
      { value: 'x' },
      { value: 2 },
    ]);
    expect(await buckets('&agg=sum')).toEqual([{ bucket: at(0), value: 17, count: 5 }]);
    expect(await buckets('&agg=max&quality=bad')).toEqual([{ bucket: at(0), value: 2, count: 2 }]);
    expect(await buckets('&agg=min')).toMatchObject([{ value: 1 }]);
    expect(await buckets('&agg=count&bucket=1h')).toEqual([{ bucket: at(0), value: 6, count: 6 }]);
  });

  test.each([
    'agg=median',
    'bucket=1m',
    'agg=avg&bucket=1y',
    'from=x',
    'order=up',
    'quality=x',
    'limit=0',
    'cursor=x',
  ])('?%s: 400', async (text) => {
    expect((await query(`&${text}`)).status).toBe(400);
  });

  test('more buckets than anybody can read: 400', async () => {
    const many = await newSensor();
    for (let i = 0; i < 11; i++)
      await report({
        items: Array.from({ length: 1000 }, (_, k) =>
          point({ sensor_id: many, timestamp: (i * 1000 + k) * 10 }),
        ),
      });
    const answer = await http.get(`${API}/data?sensor_id=${many}&agg=avg&bucket=10ms`);
    expect(refusal(answer)).toEqual([400, '3004', ['bucket']]);
    expect((await http.get(`${API}/data?sensor_id=${many}&agg=count&bucket=1d`)).body).toMatchObject({
      items: [{ count: 11_000 }],
    });
  });
});

describe('the latest value', () => {
  test('moves forward in time only, and not to what was held back', async () => {
    const sensor_id = await newSensor();
    const latest = () => http.get(`${API}/data/latest?device_id=dev-1&sensor_id=${sensor_id}`);
    expect(refusal(await latest())).toEqual([404, '3001', undefined]);
    await report(point({ sensor_id, value: 1, timestamp: 5000 }));
    await report(point({ sensor_id, value: 2, timestamp: 4000 }));
    await report(point({ sensor_id, value: 3, timestamp: 9000, metadata: { backfill: true } }));
    expect((await latest()).body).toMatchObject({ value: 1, sensor_id });
    await report(point({ sensor_id, value: 4, timestamp: 5000 }));
    expect((await latest()).body).toMatchObject({ value: 4 });
  });

  test('of all sensors of a device', async () => {
    const all: unknown[] = [];
    for (let cursor = ''; ;) {
      const { body } = await http.get(`${API}/data/latest?device_id=dev-1&limit=2${cursor}`);
      all.push(...(body['items'] as Fields[]).map((item) => item['sensor_id']));
      if (body['next_cursor'] === null) break;
      cursor = `&cursor=${body['next_cursor'] as string}`;
    }
    expect(all).toEqual(all.toSorted());
    expect(all).toContain('temp-1');
    const one = await http.get(`${API}/data/latest?sensor_id=temp-1`);
    expect(one.body['items']).toMatchObject([{ sensor_id: 'temp-1' }]);
  });

  test('data are the device’s sign of life', async () => {
    await report(point());
    const { body } = await http.get(`${API}/devices/dev-1`);
    const seen = Date.parse(body['last_seen'] as string);
    expect(Date.now() - seen).toBeLessThan(60_000);
    expect(body['version']).toBe(1);
  });
});

describe('the stream', () => {
  const open = (query: string, headers = {}) =>
    EventReader.open(`${gateway.httpUrl}${API}/data/stream${query}`, headers);

  test('what arrives from now on, filtered', async () => {
    const sensor_id = await newSensor();
    await report(point({ sensor_id, value: 'before' }));
    const [all, one, bad] = await Promise.all([
      open(''),
      open(`?sensor_id=${sensor_id}`),
      open(`?device_id=dev-1&quality=bad`),
    ]);
    await report({ items: [point({ sensor_id, value: 1 }), point({ value: 2 })] });
    await report(point({ sensor_id, value: 3, quality: 'bad' }));
    await Promise.all([all.until(3), one.until(2), bad.until(1)]);
    const values = (reader: EventReader) => reader.events.map(({ data }) => data['value']);
    expect([values(all), values(one), values(bad)]).toEqual([[1, 2, 3], [1, 3], [3]]);
    expect(one.names).toEqual(['data', 'data']);
    const stored = (await http.get(`${API}/data/${String(one.events[0]!.data['data_id'])}`)).body;
    expect(one.events[0]!.data).toEqual(stored);
    expect(one.ids[0]).toBe(String(stored['seq']));
    for (const reader of [all, one, bad]) reader.close();
  });

  test('a reader comes back where it was, however much has come meanwhile, and goes on live', async () => {
    const sensor_id = await newSensor();
    const first = await open(`?sensor_id=${sensor_id}`);
    await report(point({ sensor_id, value: -1 }));
    await first.until(1);
    const [position] = first.ids;
    first.close();
    for (let i = 0; i < 3; i++)
      await report({
        items: Array.from({ length: 300 }, (_, k) => point({ sensor_id, value: i * 300 + k })),
      });
    const again = await open(`?sensor_id=${sensor_id}`, { 'last-event-id': position! });
    await again.until(900);
    await report(point({ sensor_id, value: 900 }));
    await again.until(901);
    expect(again.events.map(({ data }) => data['value'])).toEqual(Array.from({ length: 901 }, (_, i) => i));
    again.close();
  });

  test('repeated points are told once', async () => {
    const sensor_id = await newSensor();
    const reader = await open(`?sensor_id=${sensor_id}`);
    const body = point({ sensor_id, value: 1 });
    for (let i = 0; i < 3; i++) await report(body);
    await report(point({ sensor_id, value: 2 }));
    await reader.until(2);
    expect(reader.events.map(({ data }) => data['value'])).toEqual([1, 2]);
    reader.close();
  });
});

test('points are counted, by quality and what became of them', async () => {
  const counted = async (labels: Record<string, string>) => {
    const text = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
    return total(parsePrometheus(text), 'agent_gateway_data_points_total', labels);
  };
  const kinds = [
    { quality: 'bad', result: 'accepted' },
    { quality: 'good', result: 'duplicate' },
    { quality: 'unknown', result: 'rejected' },
  ];
  const before = await Promise.all(kinds.map(counted));
  const body = point({ quality: 'good', value: 20 });
  await report({
    items: [point({ value: 99 }), point({ value: 99 }), body, body, point({ sensor_id: 'nope' })],
  });
  const after = await Promise.all(kinds.map(counted));
  expect(after.map((count, i) => count - before[i]!)).toEqual([2, 1, 1]);
});

test('removing a sensor takes its data with it', async () => {
  const sensor_id = await newSensor();
  const body = point({ sensor_id });
  await report(body);
  await http.request('DELETE', `${API}/sensors/${sensor_id}`);
  expect((await http.get(`${API}/data/${String(body['data_id'])}`)).status).toBe(404);
  expect(idsOf(await http.get(`${API}/data?sensor_id=${sensor_id}`))).toEqual([]);
});

test('what was answered is there after kill -9, and is a duplicate then', async () => {
  const sensor_id = await newSensor();
  const accepted: Fields[] = [];
  const writers = Array.from({ length: 8 }, async () => {
    for (;;) {
      const body = point({ sensor_id });
      const answer = await report(body).catch(() => undefined);
      if (answer?.status !== 200) return;
      accepted.push(body);
      if (accepted.length === 100) void gateway.kill9();
    }
  });
  await Promise.all(writers);
  await gateway.restart();
  expect(accepted.length).toBeGreaterThanOrEqual(100);
  for (let at = 0; at < accepted.length; at += 500) {
    const items = accepted.slice(at, at + 500);
    expect((await report({ items })).body).toEqual({ accepted: 0, duplicates: items.length, rejected: [] });
  }
});
