import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length, Matches, Max, Min } from 'class-validator';
import { TASK_STATES, type TaskState } from '../../core/task-states.js';
import type { TaskFilter } from '../../engine/tasks/task.store.js';

export const DEFAULT_PAGE = 50;
export const MAX_PAGE = 200;
const MAX_NAME = 128;
/** A page ends with a task, and its cursor is that task's id. */
const CURSOR = /^t-[0-9a-f]{32}$/;

/** The query of GET /tasks. */
export class TaskListQuery {
  @IsOptional()
  @IsIn(TASK_STATES)
  status?: TaskState;

  @IsOptional()
  @IsString()
  @Length(1, MAX_NAME)
  skill?: string;

  /** Name of the agent that has it. */
  @IsOptional()
  @IsString()
  @Length(1, MAX_NAME)
  agent?: string;

  @IsOptional()
  @IsString()
  @Length(1, MAX_NAME)
  context_id?: string;

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

export const toFilter = ({ context_id: contextId, ...query }: TaskListQuery): TaskFilter => ({
  ...query,
  contextId,
});
