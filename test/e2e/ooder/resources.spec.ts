import { GatewayProcess } from '../../support/gateway-process.js';
import { Orchestrator, type Fields } from '../../support/orchestrator.js';
import { API, makePlant, refusal } from '../../support/control-plane.js';

let gateway: GatewayProcess;
let http: Orchestrator;

beforeAll(async () => {
  gateway = await GatewayProcess.start();
  http = new Orchestrator(gateway.httpUrl);
  await makePlant(http);
});
afterAll(() => gateway.stop());

const idsOf = (body: Fields, field = 'resource_id') => (body['items'] as Fields[]).map((item) => item[field]);

describe('creation', () => {
  const SPACE = {
    resource_id: 'sp.1:a~b_c-d',
    type: 'space',
    name: '厂房 1',
    description: 'line\nline',
    properties: { key1: 'value1', nested: { deep: [1, { x: null }] } },
    metadata: { key1: 'value1' },
  };

  test('every field of the seed comes back, with its columns', async () => {
    const answer = await http.post(`${API}/resources`, SPACE);
    expect([answer.status, answer.headers.get('etag')]).toEqual([201, '"1"']);
    const { created_at: created, updated_at: updated, ...rest } = answer.body;
    expect(rest).toEqual({ ...SPACE, parent_id: null, status: 'active', version: 1 });
    expect(updated).toBe(created);
    expect(new Date(created as string).toISOString()).toBe(created);
    expect((await http.get(`${API}/resources/${SPACE.resource_id}`)).body).toEqual(answer.body);
  });

  test('the same content under the same id: the original, in any order of fields', async () => {
    const first = await http.get(`${API}/resources/${SPACE.resource_id}`);
    const reordered = Object.fromEntries(Object.entries(SPACE).reverse());
    const again = await http.post(`${API}/resources`, { ...reordered, unknown: 1 });
    expect([again.status, again.headers.get('idempotent-replay')]).toEqual([200, 'true']);
    expect(again.body).toEqual(first.body);
    expect(first.headers.get('idempotent-replay')).toBeNull();
  });

  test('other content under the same id: 409/3006', async () => {
    const other = await http.post(`${API}/resources`, { ...SPACE, name: 'other' });
    expect(refusal(other)).toEqual([409, '3006', 'id_taken']);
  });

  test('of many at once exactly one creates', async () => {
    const body = { resource_id: 'raced', type: 'space', name: 'x' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => http.post(`${API}/resources`, body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(19).fill(200), 201]);
  });

  test('without an id one is made: a UUIDv7, later ones later', async () => {
    const make = async () =>
      (await http.post(`${API}/resources`, { type: 'space', name: 'x' })).body['resource_id'] as string;
    const ids = [await make(), await make()];
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(ids[0]! < ids[1]!).toBe(true);
  });

  test.each<[string, Fields, string[]]>([
    ['no name and no type', {}, ['type', 'name']],
    ['an unknown type', { type: 'planet', name: 'x' }, ['type']],
    ['an empty name', { type: 'space', name: '' }, ['name']],
    ['a name of 256', { type: 'space', name: 'x'.repeat(256) }, ['name']],
    ['a name with a line feed', { type: 'space', name: 'a\nb' }, ['name']],
    ['a description of 1025', { type: 'space', name: 'x', description: 'x'.repeat(1025) }, ['description']],
    ['an id of 37', { type: 'space', name: 'x', resource_id: 'x'.repeat(37) }, ['resource_id']],
    ['an id with a slash', { type: 'space', name: 'x', resource_id: 'a/b' }, ['resource_id']],
    ['properties that are a list', { type: 'space', name: 'x', properties: [] }, ['properties']],
    [
      'properties over 64 KiB',
      { type: 'space', name: 'x', properties: { a: 'x'.repeat(65_536) } },
      ['properties'],
    ],
    ['an unknown status', { type: 'space', name: 'x', status: 'online' }, ['status']],
    ['an unknown parent', { type: 'zone', name: 'x', parent_id: 'nope' }, ['parent_id']],
    ['a space in a zone', { type: 'space', name: 'x', parent_id: 'zone-123' }, ['parent_id']],
    ['a zone under a device', { type: 'zone', name: 'x', parent_id: 'dev-1' }, ['parent_id']],
    ['a zone under nothing', { type: 'zone', name: 'x' }, ['parent_id']],
    ['a device in a space', { type: 'device', name: 'x', parent_id: 'plant' }, ['parent_id']],
  ])('%s: 400/3004 that names the field', async (_, body, fields) => {
    expect(refusal(await http.post(`${API}/resources`, body))).toEqual([400, '3004', fields]);
  });

  test('names and descriptions at their limit are taken', async () => {
    const body = {
      type: 'space',
      name: 'x'.repeat(255),
      description: 'x'.repeat(1024),
      resource_id: 'x'.repeat(36),
    };
    expect((await http.post(`${API}/resources`, body)).status).toBe(201);
  });

  test('unknown fields: ignored, with strict=true refused', async () => {
    const body = { type: 'space', name: 'x', color: 'red' };
    const taken = await http.post(`${API}/resources`, body);
    expect([taken.status, 'color' in taken.body]).toEqual([201, false]);
    expect(refusal(await http.post(`${API}/resources?strict=true`, body))).toEqual([400, '3004', ['color']]);
  });

  test('no JSON, no object, no JSON type, too much, no such path: in the seed’s format', async () => {
    const post = (body: unknown, type?: string) =>
      http.post(`${API}/resources`, body, type === undefined ? {} : { 'content-type': type });
    expect(refusal(await post('{', 'application/json'))).toEqual([400, '3004', ['body']]);
    expect(refusal(await post([]))).toEqual([400, '3004', ['body']]);
    expect(refusal(await post('x', 'text/plain'))).toEqual([415, '3004', undefined]);
    const huge = { type: 'space', name: 'x', properties: { a: 'x'.repeat(1024 * 1024) } };
    expect(refusal(await post(huge))).toEqual([413, '3004', undefined]);
    expect(refusal(await http.get(`${API}/nothing`))).toEqual([404, '3001', undefined]);
    expect(refusal(await http.request('DELETE', `${API}/resources`))).toEqual([404, '3001', undefined]);
  });

  test('a body `__proto__` is a field like any other', async () => {
    const text = '{"resource_id":"proto","type":"space","name":"x","properties":{"__proto__":{"a":1}}}';
    expect((await http.post(`${API}/resources`, text, { 'content-type': 'application/json' })).status).toBe(
      201,
    );
    const merge = '{"properties":{"__proto__":{"b":2}}}';
    const json = { 'content-type': 'application/json' };
    const merged = await http.request('PATCH', `${API}/resources/proto`, merge, json);
    expect(merged.text).toContain('"properties":{"__proto__":{"a":1,"b":2}}');
  });
});

describe('changes', () => {
  const path = `${API}/resources/changing`;
  beforeEach(async () => {
    await http.request('DELETE', path);
    const body = {
      resource_id: 'changing',
      type: 'space',
      name: 'x',
      description: 'd',
      properties: { a: 1, b: { c: 2 } },
    };
    expect((await http.post(`${API}/resources`, body)).status).toBe(201);
  });
  const patch = (body: unknown, headers = {}) => http.request('PATCH', path, body, headers);

  test('PATCH merges, null removes, the version counts', async () => {
    const { body, headers } = await patch({
      name: 'y',
      description: null,
      properties: { b: { d: 3 }, a: null },
    });
    expect(body).toMatchObject({
      name: 'y',
      description: null,
      properties: { b: { c: 2, d: 3 } },
      version: 2,
    });
    expect([body['properties'], headers.get('etag')]).toEqual([{ b: { c: 2, d: 3 } }, '"2"']);
  });

  test('PUT replaces; the status stays unless it is said', async () => {
    await patch({ status: 'maintenance' });
    const { body } = await http.request('PUT', path, { type: 'space', name: 'z' });
    expect(body).toMatchObject({
      name: 'z',
      description: null,
      properties: {},
      status: 'maintenance',
      version: 3,
    });
    const said = await http.request('PUT', path, { type: 'space', name: 'z', status: 'inactive' });
    expect(said.body).toMatchObject({ status: 'inactive', version: 4 });
  });

  test('If-Match: of the version that was seen, and of no other', async () => {
    expect((await patch({ name: 'a' }, { 'if-match': '"1"' })).status).toBe(200);
    const stale = [
      await patch({ name: 'b' }, { 'if-match': '"1"' }),
      await http.request('PUT', path, { type: 'space', name: 'b' }, { 'if-match': '"1"' }),
      await http.request('DELETE', path, undefined, { 'if-match': '"1"' }),
    ];
    for (const answer of stale) expect(refusal(answer)).toEqual([409, '3006', 'version_mismatch']);
    expect((await http.get(path)).body).toMatchObject({ name: 'a', version: 2 });
    expect((await patch({ name: 'c' }, { 'if-match': '*' })).status).toBe(200);
    expect(refusal(await patch({ name: 'd' }, { 'if-match': 'x' }))).toEqual([400, '3004', ['If-Match']]);
  });

  test('many at once without If-Match: none is lost', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
    const answers = await Promise.all(keys.map((key) => patch({ properties: { [key]: true } })));
    expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 200));
    const { properties, version } = (await http.get(path)).body;
    expect(Object.keys(properties as object).sort()).toEqual(['a', 'b', ...keys.sort()]);
    expect(version).toBe(21);
  });

  test('what cannot change: the type, the id; and every value is checked', async () => {
    expect(refusal(await patch({ type: 'zone', parent_id: 'plant' }))).toEqual([409, '3006', 'type_change']);
    expect(refusal(await patch({ resource_id: 'else' }))).toEqual([400, '3004', ['resource_id']]);
    expect(refusal(await patch({ name: null }))).toEqual([400, '3004', ['name']]);
    expect(refusal(await patch({ status: 'gone' }))).toEqual([400, '3004', ['status']]);
    expect(refusal(await http.request('PATCH', `${path}?strict=true`, { x: 1 }))).toEqual([
      400,
      '3004',
      ['x'],
    ]);
    expect(refusal(await http.request('PUT', path, { name: 'x' }))).toEqual([400, '3004', ['type']]);
    expect(refusal(await http.request('PUT', `${API}/resources/none`, { type: 'space', name: 'x' }))).toEqual(
      [404, '3001', undefined],
    );
  });
});

describe('the tree', () => {
  beforeAll(async () => {
    await makePlant(http, '.t');
    const inner = { resource_id: 'inner', type: 'zone', name: 'A', parent_id: 'zone-123.t' };
    expect((await http.post(`${API}/resources`, inner)).status).toBe(201);
  });
  const move = (id: string, parent: string | null) =>
    http.request('PATCH', `${API}/resources/${id}`, { parent_id: parent });

  test('children, page by page; the tree', async () => {
    const first = (await http.get(`${API}/resources/zone-123.t/children?limit=1`)).body;
    expect([idsOf(first), first['total']]).toEqual([['inner'], 2]);
    const cursor = encodeURIComponent(first['next_cursor'] as string);
    const second = (await http.get(`${API}/resources/zone-123.t/children?limit=1&cursor=${cursor}`)).body;
    expect([idsOf(second), second['next_cursor']]).toEqual([['dev-1.t'], null]);
    const tree = (await http.get(`${API}/resources/plant.t/tree`)).body;
    expect(tree).toMatchObject({
      resource_id: 'plant.t',
      children: [
        {
          resource_id: 'zone-123.t',
          children: [
            { resource_id: 'inner', children: [] },
            { resource_id: 'dev-1.t', type: 'device', children: [] },
          ],
        },
      ],
    });
    for (const what of ['children', 'tree'])
      expect(refusal(await http.get(`${API}/resources/none/${what}`))).toEqual([404, '3001', undefined]);
  });

  test('a cycle: 409, however it is asked for', async () => {
    expect(refusal(await move('zone-123.t', 'inner'))).toEqual([409, '3006', 'cycle']);
    expect(refusal(await move('zone-123.t', 'zone-123.t'))).toEqual([409, '3006', 'cycle']);
    expect((await move('inner', 'plant.t')).status).toBe(200);
    expect((await move('inner', 'zone-123.t')).status).toBe(200);
  });

  test('removal: refused with children, sensors among them; with cascade all of it goes', async () => {
    for (const id of ['plant.t', 'zone-123.t', 'dev-1.t'])
      expect(refusal(await http.request('DELETE', `${API}/resources/${id}`))).toEqual([
        409,
        '3006',
        'has_children',
      ]);
    const gone = await http.request('DELETE', `${API}/resources/plant.t?cascade=true`);
    expect([gone.status, gone.text]).toEqual([204, '']);
    for (const path of ['resources/plant.t', 'resources/inner', 'devices/dev-1.t', 'sensors/temp-1.t'])
      expect(refusal(await http.get(`${API}/${path}`))).toEqual([404, '3001', undefined]);
    expect((await http.request('DELETE', `${API}/resources/plant.t`)).status).toBe(404);
  });
});

describe('lists', () => {
  beforeAll(async () => {
    for (let i = 0; i < 7; i++)
      await http.post(`${API}/resources`, {
        resource_id: `list-${i}`,
        type: 'zone',
        name: `L${i % 2}`,
        parent_id: 'plant',
        status: i < 3 ? 'inactive' : 'active',
      });
  });
  const pages = async (query: string) => {
    const found: unknown[] = [];
    for (let cursor = ''; ;) {
      const { body } = await http.get(`${API}/resources?${query}${cursor}`);
      found.push(...idsOf(body));
      if (body['next_cursor'] === null) return found;
      cursor = `&cursor=${encodeURIComponent(body['next_cursor'] as string)}`;
    }
  };

  test('newest first, by cursor, filtered, sorted', async () => {
    expect(await pages('name=L1&limit=2')).toEqual(['list-5', 'list-3', 'list-1']);
    expect(await pages('parent_id=plant&type=zone&status=inactive&limit=1')).toEqual([
      'list-2',
      'list-1',
      'list-0',
    ]);
    expect(await pages('parent_id=plant&status=inactive&sort=id&limit=2')).toEqual([
      'list-0',
      'list-1',
      'list-2',
    ]);
    expect(await pages('parent_id=plant&status=active&name=L0&sort=-name&limit=500')).toEqual([
      'list-6',
      'list-4',
    ]);
    const { body } = await http.get(`${API}/resources?name=L0&limit=1`);
    expect(body['total']).toBe(4);
    expect(await pages('parent_id=&type=zone')).toEqual([]);
  });

  test('a cursor stays where it is while others are added', async () => {
    const { body } = await http.get(`${API}/resources?name=L0&limit=2`);
    await http.post(`${API}/resources`, { type: 'zone', name: 'L0', parent_id: 'plant' });
    const rest = await http.get(
      `${API}/resources?name=L0&cursor=${encodeURIComponent(body['next_cursor'] as string)}`,
    );
    expect(idsOf(rest.body)).toEqual(['list-2', 'list-0']);
  });

  test.each([
    'limit=0',
    'limit=501',
    'limit=x',
    'limit=1&limit=2',
    'sort=color',
    'type=planet',
    'cursor=abc',
    'status=online',
  ])('?%s: 400/3004', async (query) => {
    expect(refusal(await http.get(`${API}/resources?${query}`))).toEqual([
      400,
      '3004',
      [query.split('=')[0]],
    ]);
  });

  test('a cursor of another sort: 400', async () => {
    const { body } = await http.get(`${API}/resources?limit=1`);
    const cursor = encodeURIComponent(body['next_cursor'] as string);
    expect(refusal(await http.get(`${API}/resources?sort=name&cursor=${cursor}`))).toEqual([
      400,
      '3004',
      ['cursor'],
    ]);
  });
});

describe('devices', () => {
  const NEW = { device_id: 'd-1', name: 'Pump', type: 'pump', zone_id: 'zone-123', properties: { p: 1 } };
  const set = (status: string, path = 'devices') => http.request('PATCH', `${API}/${path}/d-1`, { status });

  test('a device is the resource of its id, made by either address', async () => {
    const made = await http.post(`${API}/devices`, NEW);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      ...NEW,
      description: null,
      status: 'inactive',
      last_seen: null,
      version: 1,
    });
    expect((await http.get(`${API}/resources/d-1`)).body).toMatchObject({
      resource_id: 'd-1',
      type: 'device',
      parent_id: 'zone-123',
      name: 'Pump',
      properties: { p: 1 },
      version: 1,
    });
    const other = { resource_id: 'd-2', type: 'device', name: 'x', parent_id: 'zone-123' };
    await http.post(`${API}/resources`, { ...other, properties: { device_type: 'valve' } });
    expect((await http.get(`${API}/devices/d-2`)).body).toMatchObject({ device_id: 'd-2', type: 'valve' });
    await http.post(`${API}/resources`, { ...other, resource_id: 'd-3' });
    expect((await http.get(`${API}/devices/d-3`)).body).toMatchObject({
      type: 'device',
      zone_id: 'zone-123',
    });
    await http.request('PATCH', `${API}/resources/d-1`, { name: 'Pump 2' });
    expect((await http.get(`${API}/devices/d-1`)).body).toMatchObject({
      name: 'Pump 2',
      type: 'pump',
      version: 2,
    });
  });

  test('its status takes the steps of its state machine, and no others', async () => {
    expect(refusal(await set('sleeping'))).toEqual([409, '3006', 'illegal_transition']);
    for (const status of ['online', 'sleeping', 'online', 'offline', 'online', 'fault', 'offline', 'offline'])
      expect((await set(status)).body['status']).toBe(status);
    expect(refusal(await set('sleeping'))).toEqual([409, '3006', 'illegal_transition']);
    expect(refusal(await set('broken'))).toEqual([400, '3004', ['status']]);
  });

  test('disabled is disabled in both words', async () => {
    expect((await set('disabled', 'resources')).body['status']).toBe('disabled');
    expect((await http.get(`${API}/devices/d-1`)).body['status']).toBe('disabled');
    await set('active', 'resources');
    expect((await http.get(`${API}/devices/d-1`)).body['status']).toBe('inactive');
    await set('disabled');
    expect((await http.get(`${API}/resources/d-1`)).body['status']).toBe('disabled');
    await set('online');
    expect((await http.get(`${API}/resources/d-1`)).body['status']).toBe('active');
  });

  test('lists and filters', async () => {
    const list = async (query: string) =>
      idsOf((await http.get(`${API}/devices?${query}`)).body, 'device_id');
    expect(await list('type=pump')).toEqual(['d-1']);
    expect(await list('zone_id=zone-123&status=online')).toEqual(['d-1']);
    expect(await list('zone_id=zone-123&sort=type')).toEqual(['d-3', 'd-1', 'dev-1', 'd-2']);
    expect(await list('agent_id=')).toHaveLength(4);
  });

  test.each<[string, Fields, string[]]>([
    ['no zone', { name: 'x', type: 'x' }, ['zone_id']],
    ['a zone that is none', { name: 'x', type: 'x', zone_id: 'plant' }, ['zone_id']],
    ['no type', { name: 'x', zone_id: 'zone-123' }, ['type']],
    ['a type of 65', { name: 'x', zone_id: 'zone-123', type: 'x'.repeat(65) }, ['type']],
  ])('%s: 400', async (_, body, fields) => {
    expect(refusal(await http.post(`${API}/devices`, body))).toEqual([400, '3004', fields]);
  });

  test('a resource that is no device is none', async () => {
    for (const [method, path] of [
      ['GET', 'devices/plant'],
      ['DELETE', 'devices/plant?cascade=true'],
      ['GET', 'devices/zone-123/sensors'],
      ['GET', 'devices/zone-123/twin'],
    ] as const)
      expect(refusal(await http.request(method, `${API}/${path}`))).toEqual([404, '3001', undefined]);
  });

  test('PUT replaces, the agent too', async () => {
    const put = (more: object) => http.request('PUT', `${API}/devices/d-1`, { ...NEW, ...more });
    expect((await put({ agent_id: 'end-1' })).body).toMatchObject({ agent_id: 'end-1', name: 'Pump' });
    expect((await put({})).body).toMatchObject({ agent_id: null });
  });
});

describe('sensors', () => {
  const NEW = { sensor_id: 'hum-1', device_id: 'dev-1', name: 'Humidity', type: 'humidity', unit: '%' };

  test('every field of the seed comes back', async () => {
    const body = { ...NEW, range_min: 0, range_max: 100, precision: 0.5 };
    const answer = await http.post(`${API}/sensors`, body);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ ...body, status: 'active', version: 1 });
    expect((await http.post(`${API}/sensors`, body)).headers.get('idempotent-replay')).toBe('true');
    expect(refusal(await http.post(`${API}/sensors`, NEW))).toEqual([409, '3006', 'id_taken']);
    expect(idsOf((await http.get(`${API}/devices/dev-1/sensors`)).body, 'sensor_id')).toEqual([
      'hum-1',
      'temp-1',
    ]);
    expect(idsOf((await http.get(`${API}/sensors?type=humidity`)).body, 'sensor_id')).toEqual(['hum-1']);
  });

  test('changes, versions, removal', async () => {
    const patched = await http.request(
      'PATCH',
      `${API}/sensors/hum-1`,
      { range_max: 90 },
      { 'if-match': '"1"' },
    );
    expect(patched.body).toMatchObject({ range_min: 0, range_max: 90, version: 2 });
    expect(refusal(await http.request('PATCH', `${API}/sensors/hum-1`, { range_max: -1 }))).toEqual([
      400,
      '3004',
      ['range_min'],
    ]);
    expect(refusal(await http.request('PATCH', `${API}/sensors/hum-1`, { device_id: 'd-1' }))).toEqual([
      409,
      '3006',
      'device_change',
    ]);
    const put = await http.request('PUT', `${API}/sensors/hum-1`, NEW);
    expect(put.body).toMatchObject({ range_min: null, precision: null, version: 3 });
    expect(
      (await http.request('DELETE', `${API}/sensors/hum-1`, undefined, { 'if-match': '"2"' })).status,
    ).toBe(409);
    expect((await http.request('DELETE', `${API}/sensors/hum-1`)).status).toBe(204);
    expect(refusal(await http.get(`${API}/sensors/hum-1`))).toEqual([404, '3001', undefined]);
  });

  test.each<[string, Fields, unknown[]]>([
    ['no device', { name: 'x', type: 'x' }, [400, '3004', ['device_id']]],
    ['a device that is none', { ...NEW, device_id: 'zone-123' }, [404, '3001', undefined]],
    ['a range upside down', { ...NEW, range_min: 2, range_max: 1 }, [400, '3004', ['range_min']]],
    ['a range that is text', { ...NEW, range_min: '2' }, [400, '3004', ['range_min']]],
    ['a precision of 0', { ...NEW, precision: 0 }, [400, '3004', ['precision']]],
    ['a unit of 33', { ...NEW, unit: 'x'.repeat(33) }, [400, '3004', ['unit']]],
  ])('%s', async (_, body, expected) => {
    expect(refusal(await http.post(`${API}/sensors`, body))).toEqual(expected);
  });
});

describe('the twin', () => {
  const patch = (half: string, body: unknown, headers = {}) =>
    http.request('PATCH', `${API}/devices/dev-1/twin/${half}`, body, headers);

  test('what is desired, what is reported, and what differs; one version', async () => {
    const empty = await http.get(`${API}/devices/dev-1/twin`);
    expect(empty.body).toMatchObject({
      device_id: 'dev-1',
      desired: {},
      reported: {},
      delta: {},
      version: 0,
    });
    await patch('desired', { t: 20, mode: { fan: 'low', heat: true } });
    const reported = await patch('reported', { t: 18, mode: { fan: 'low', heat: true }, extra: 1 });
    expect(reported.body).toMatchObject({ delta: { t: 20 }, version: 2 });
    expect((await patch('reported', { t: 20 })).body['delta']).toEqual({});
    expect((await patch('desired', { mode: { heat: null }, t: null })).body).toMatchObject({
      desired: { mode: { fan: 'low' } },
      delta: { mode: { fan: 'low' } },
      version: 4,
    });
  });

  test('If-Match and refusals', async () => {
    expect((await patch('desired', { t: 1 }, { 'if-match': '"4"' })).headers.get('etag')).toBe('"5"');
    expect(refusal(await patch('reported', { t: 1 }, { 'if-match': '"4"' }))).toEqual([
      409,
      '3006',
      'version_mismatch',
    ]);
    expect(refusal(await patch('desired', [1]))).toEqual([400, '3004', ['body']]);
    const large = { a: 'x'.repeat(40_000) };
    expect((await patch('desired', large)).status).toBe(200);
    expect(refusal(await patch('desired', { b: large.a }))).toEqual([400, '3004', ['desired']]);
    expect((await http.get(`${API}/devices/none/twin`)).status).toBe(404);
  });
});

test('a killed gateway has lost nothing of what it has answered', async () => {
  const before = await http.get(`${API}/resources?limit=500`);
  const twin = await http.get(`${API}/devices/dev-1/twin`);
  await http.post(`${API}/resources`, { resource_id: 'last', type: 'space', name: 'last' });
  await gateway.kill9();
  await gateway.restart();
  const after = await http.get(`${API}/resources?limit=500`);
  expect(idsOf(after.body)).toEqual(['last', ...idsOf(before.body)]);
  expect((await http.get(`${API}/devices/dev-1/twin`)).body).toEqual(twin.body);
});

test('every time is ISO 8601 in UTC', async () => {
  const { text } = await http.get(`${API}/resources?limit=500`);
  const times = [...text.matchAll(/"(?:created|updated)_at":"([^"]+)"/g)].map(([, time]) => time!);
  expect(times.length).toBeGreaterThan(10);
  for (const time of times) expect(new Date(time).toISOString()).toBe(time);
});
