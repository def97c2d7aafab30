import { Controller, Get, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../../core/principal.js';
import { Caller, Requires } from '../../engine/auth/oauth2.guard.js';
import { Callbacks } from '../../engine/messages/callbacks.js';
import { TasksService } from '../../engine/tasks/tasks.service.js';
import { checked } from '../../transport/http/checked.js';
import { JsonBody } from '../../transport/http/json-body.js';
import { SseStreams } from '../../transport/http/sse.js';
import { toAnswer, toNewTask } from '../../transport/orchestrator/new-task.js';
import type { TaskAckWire, TaskListWire, TaskWire } from '../../transport/orchestrator/orchestrator.wire.js';
import { toAck, toTask } from '../../transport/orchestrator/task-view.js';
import { toFrame, toPosition } from './rest.mapper.js';
import { TaskListQuery, toFilter } from './task-list.query.js';

/** Tasks over REST (spec: HTTP). */
@Controller('tasks')
export class TasksController {
  constructor(
    private readonly tasks: TasksService,
    private readonly callbacks: Callbacks,
    private readonly streams: SseStreams,
  ) {}

  /** Takes a task in; answered when it is committed and on disk. */
  @Post()
  @HttpCode(200)
  @Requires('execute')
  async submit(
    @Caller() who: Principal,
    @JsonBody() body: unknown,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<TaskAckWire> {
    return toAck(await this.callbacks.submit(who, toNewTask(body, key)));
  }

  @Get()
  async list(@Caller() who: Principal, @Query(checked) query: TaskListQuery): Promise<TaskListWire> {
    const { tasks, nextCursor } = await this.tasks.list(who, toFilter(query));
    return { tasks: tasks.map((record) => toTask(record)), next_cursor: nextCursor };
  }

  @Get(':id')
  async get(@Caller() who: Principal, @Param('id') id: string): Promise<TaskWire> {
    const view = await this.tasks.get(who, id);
    return toTask(view.record, view);
  }

  /** The task's log from the start, or after Last-Event-ID, then live (spec: SSE). */
  @Get(':id/stream')
  stream(
    @Caller() who: Principal,
    @Param('id') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() req: IncomingMessage,
    @Res() res: ServerResponse,
  ): Promise<void> {
    return this.streams.serve(req, res, {
      open: (signal) => this.tasks.watch(who, id, { after: toPosition(lastEventId), signal }),
      frame: (item) => toFrame(id, item),
      expiresAt: who.expiresAt,
      credential: who.credential,
      namespace: who.namespace,
    });
  }

  /** Answers an agent that waits for its caller; answered when that is on disk. */
  @Post(':id/messages')
  @HttpCode(200)
  @Requires('execute')
  async continue(
    @Caller() who: Principal,
    @Param('id') id: string,
    @JsonBody() body: unknown,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<TaskWire> {
    return toTask(await this.tasks.continueTask(who, id, toAnswer(body, key)));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Requires('execute')
  async cancel(@Caller() who: Principal, @Param('id') id: string): Promise<TaskWire> {
    return toTask(await this.tasks.cancel(who, id));
  }
}
