import type { Request } from 'express';
import type { JsonObject } from '../../../core/json.js';
import type { Target } from '../handler/target.js';
import type { Dialect } from '../requests/checks.wire.js';

/** 1.0 §3.6.1: the header, or a parameter of the query; empty is none. */
export function versionOf(req: Request): string | undefined {
  const asked = req.query['A2A-Version'];
  return (req.get('a2a-version') ?? (typeof asked === 'string' ? asked : undefined)) || undefined;
}

export const contentTypeOf = (dialect: Dialect): string =>
  dialect === '1.0' ? 'application/a2a+json' : 'application/json; charset=utf-8';

/** A parameter of the path; none is undefined. */
export function pathPart(req: Request, name: string): string | undefined {
  const value = req.params[name];
  return typeof value === 'string' ? value : undefined;
}

/** What the URL says of the agents that the call is for. */
export function targetOf(req: Request): Target {
  const skill = pathPart(req, 'skill');
  const agent = pathPart(req, 'agent');
  return { ...(skill !== undefined && { skill }), ...(agent !== undefined && { agent }) };
}

export const queryOf = (req: Request): JsonObject => ({ ...req.query });
