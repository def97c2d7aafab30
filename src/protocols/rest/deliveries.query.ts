import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { DELIVERY_STATES, type DeliveryState } from '../../core/delivery.js';
import { DEFAULT_PAGE, MAX_PAGE } from './task-list.query.js';

const MAX_NAME = 128;

/** The query of GET /deliveries. */
export class DeliveryListQuery {
  @IsOptional()
  @IsIn(DELIVERY_STATES)
  status?: DeliveryState;

  /** Such as `callback` or `push`. */
  @IsOptional()
  @IsString()
  @Length(1, MAX_NAME)
  kind?: string;

  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE)
  limit: number = DEFAULT_PAGE;

  /** `next_cursor` of the page before. */
  @IsOptional()
  @IsString()
  @Length(1, MAX_NAME)
  cursor?: string;
}
