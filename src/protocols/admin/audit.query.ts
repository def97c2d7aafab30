import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length, Matches, Max, Min } from 'class-validator';
import { OUTCOMES, type Outcome } from '../../core/audit.js';
import type { AuditFilter } from '../../engine/audit/audit.store.js';
import { timeOf } from './times.js';

export const DEFAULT_PAGE = 50;
export const MAX_PAGE = 500;
const MAX_TEXT = 512;
const CURSOR = /^[1-9]\d{0,14}$/;

/** The query of GET /audit/export: which entries. */
export class AuditFilterQuery {
  @IsOptional()
  @IsString()
  @Length(1, MAX_TEXT)
  actor?: string;

  @IsOptional()
  @IsString()
  @Length(1, MAX_TEXT)
  action?: string;

  @IsOptional()
  @IsString()
  @Length(1, MAX_TEXT)
  object?: string;

  @IsOptional()
  @IsIn(OUTCOMES)
  outcome?: Outcome;

  /** RFC 3339, inclusive. */
  @IsOptional()
  @IsString()
  from?: string;

  /** RFC 3339, exclusive. */
  @IsOptional()
  @IsString()
  to?: string;
}

/** The query of GET /audit. */
export class AuditQuery extends AuditFilterQuery {
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE)
  limit: number = DEFAULT_PAGE;

  /** `next_cursor` of the page before. */
  @IsOptional()
  @Matches(CURSOR, { message: 'next_cursor of the page before' })
  cursor?: string;
}

/** @throws GatewayError INVALID when a time is none */
export const toFilter = ({ actor, action, object, outcome, from, to }: AuditFilterQuery): AuditFilter => ({
  actor,
  action,
  object,
  outcome,
  from: timeOf('from', from),
  to: timeOf('to', to),
});
