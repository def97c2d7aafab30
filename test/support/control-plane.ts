import type { Answer, Fields, Orchestrator } from './orchestrator.js';

export const API = '/api/v1';

/** A space with a zone, a device and a sensor in it, made by the API. @throws Error when one of them is refused */
export async function makePlant(http: Orchestrator, suffix = ''): Promise<void> {
  const made = [
    await http.post(`${API}/resources`, { resource_id: `plant${suffix}`, type: 'space', name: 'Plant' }),
    await http.post(`${API}/resources`, {
      resource_id: `zone-123${suffix}`,
      type: 'zone',
      name: 'Hall',
      parent_id: `plant${suffix}`,
    }),
    await http.post(`${API}/devices`, {
      device_id: `dev-1${suffix}`,
      name: 'Thermostat',
      type: 'thermostat',
      zone_id: `zone-123${suffix}`,
    }),
    await http.post(`${API}/sensors`, {
      sensor_id: `temp-1${suffix}`,
      device_id: `dev-1${suffix}`,
      name: 'Temperature',
      type: 'temperature',
      unit: '°C',
      range_min: -20,
      range_max: 60,
    }),
  ];
  const refused = made.find(({ status }) => status !== 201);
  if (refused) throw new Error(`refused: ${refused.status} ${refused.text}`);
}

/** Status, code and reason (or the wrong fields) of an error in the seed's format; anything else in it shows as it is. */
export function refusal({ status, body }: Answer): unknown[] {
  const { code, message, details, timestamp, ...more } = body as Fields & { details: Fields };
  const errors = details['errors'] as readonly { field: string }[] | undefined;
  const wellFormed =
    typeof message === 'string' && new Date(timestamp as string).toISOString() === timestamp ? [] : [body];
  return [
    status,
    code,
    details['reason'] ?? errors?.map(({ field }) => field),
    ...wellFormed,
    ...Object.keys(more),
  ];
}
