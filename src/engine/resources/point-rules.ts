import { isDeepStrictEqual } from 'node:util';
import type { DataPoint, PointValue, Quality } from '../../core/data-point.js';
import { GatewayError } from '../../core/errors.js';
import type { Namespace } from '../../core/ids.js';
import type { JsonObject } from '../../core/json.js';
import type { SensorState } from './telemetry.store.js';

/** How far a clock may be ahead of the gateway's, in milliseconds. */
const MAX_AHEAD = 5 * 60_000;

/** A point as it is reported. */
export interface ReportedPoint {
  readonly id: string;
  readonly deviceId: string;
  readonly sensorId: string;
  /** Undefined: when it arrives. */
  readonly timestamp: number | undefined;
  readonly value: PointValue;
  readonly unit: string | null;
  readonly quality: Quality;
  readonly metadata: JsonObject;
}

/**
 * The point as it is kept: a number out of its sensor's range is a bad one, a time that is missing is the gateway's; its
 * metadata tell of both.
 * @throws GatewayError NOT_FOUND (no such sensor), INVALID (another device, the future), OVERLOADED (disabled)
 */
export function keptPoint(
  namespace: Namespace,
  reported: ReportedPoint,
  sensor: SensorState | undefined,
  now: number,
): Omit<DataPoint, 'seq'> {
  const known = requireSensor(reported, sensor);
  const { timestamp = now, value } = reported;
  if (timestamp > now + MAX_AHEAD) throw wrong('timestamp', 'at most 5 minutes ahead of the gateway’s clock');
  const outside = isOutside(value, known);
  const metadata = {
    ...reported.metadata,
    ...(reported.timestamp === undefined && { timestamp_source: 'gateway' }),
    ...(outside && { quality_reason: 'out_of_range' }),
  };
  const quality = outside ? 'bad' : reported.quality;
  return { namespace, ...reported, timestamp, quality, metadata, receivedAt: now };
}

function requireSensor({ sensorId, deviceId }: ReportedPoint, sensor: SensorState | undefined): SensorState {
  if (!sensor) throw unknownSensor(sensorId);
  if (sensor.deviceId !== deviceId) throw wrong('device_id', 'the device of the sensor');
  if (sensor.status === 'disabled')
    throw disabled('sensor_disabled', 'the sensor is disabled', { sensor_id: sensorId });
  if (sensor.deviceStatus === 'disabled')
    throw disabled('device_disabled', 'the device is disabled', { device_id: deviceId });
  return sensor;
}

export const unknownSensor = (sensorId: string): GatewayError =>
  new GatewayError('NOT_FOUND', 'Sensor not found', { data: { sensor_id: sensorId } });

const wrong = (field: string, rule: string): GatewayError =>
  new GatewayError('INVALID', `${field}: ${rule}`, { data: { errors: [{ field, rule }] } });

const disabled = (reason: string, message: string, data: JsonObject): GatewayError =>
  new GatewayError('OVERLOADED', message, { data: { reason, ...data } });

const isOutside = (value: PointValue, { rangeMin, rangeMax }: SensorState): boolean =>
  typeof value === 'number' &&
  ((rangeMin !== null && value < rangeMin) || (rangeMax !== null && value > rangeMax));

/**
 * What a repeated id means: the same point again, or another one under its id.
 * @throws GatewayError CONFLICT when it is another one
 */
export function requireSamePoint(reported: ReportedPoint, kept: DataPoint): void {
  const same =
    reported.sensorId === kept.sensorId &&
    reported.deviceId === kept.deviceId &&
    reported.unit === kept.unit &&
    (reported.timestamp === undefined || reported.timestamp === kept.timestamp) &&
    isDeepStrictEqual(reported.value, kept.value);
  if (same) return;
  throw new GatewayError('CONFLICT', `the id ${reported.id} is taken by another point`, {
    data: { reason: 'id_taken', id: reported.id },
  });
}
