import type { ServerResponse } from 'node:http';
import type { Created } from '../../engine/resources/kept.js';
import { sendJson } from '../../transport/http/answer.js';
import { invalidFields } from './ooder-errors.js';

const VERSION = /^(?:W\/)?"(\d{1,15})"$|^(\d{1,15})$/;

/** The version of If-Match; undefined: any. @throws GatewayError INVALID */
export function toVersion(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  const [, quoted, bare] = VERSION.exec(header.trim()) ?? [];
  const version = quoted ?? bare;
  if (version !== undefined) return Number(version);
  throw invalidFields([{ field: 'If-Match', rule: 'the version of the record in quotes, or *' }]);
}

/** Sends a record; its version is its ETag, for If-Match. */
export function sendRecord(res: ServerResponse, wire: { readonly version: number }, status = 200): void {
  res.setHeader('etag', `"${wire.version}"`);
  sendJson(res, status, wire);
}

/** 201 with the new record; 200 with the one that was there when the creation is a repeated one. */
export function sendCreated<Record>(
  res: ServerResponse,
  { record, isReplay }: Created<Record>,
  show: (record: Record) => { readonly version: number },
): void {
  if (isReplay) res.setHeader('idempotent-replay', 'true');
  sendRecord(res, show(record), isReplay ? 200 : 201);
}
