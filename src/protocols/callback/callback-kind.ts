import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock, isoTime } from '../../core/clock.js';
import type { Delivery } from '../../core/delivery.js';
import type { Follower } from '../../core/follower.js';
import {
  artifactsOf,
  messageOf,
  stateAfter,
  type TaskEvent,
  type TaskEventBody,
  type TaskRecord,
} from '../../core/task.js';
import type { TaskState } from '../../core/task-states.js';
import { CALLBACK, Callbacks } from '../../engine/messages/callbacks.js';
import {
  FollowerKinds,
  type FollowerKind,
  type Tale,
  type Teller,
} from '../../engine/messages/follower-kinds.js';
import { recordAt } from '../../engine/messages/record-at.js';
import { webhookHeaders } from '../../engine/messages/signature.js';
import { TaskStore } from '../../engine/tasks/task.store.js';
import { toTask } from '../../transport/orchestrator/task-view.js';
import type { CallbackWire } from './callback.wire.js';

const HEADERS = { 'content-type': 'application/json' };

/** What is posted to a task's `callback_url`: every change of its state after the submission. */
@Injectable()
export class CallbackKind implements FollowerKind, OnModuleInit {
  readonly purpose = 'callback';

  constructor(
    private readonly clock: Clock,
    private readonly kinds: FollowerKinds,
    private readonly callbacks: Callbacks,
    private readonly tasks: TaskStore,
  ) {}

  onModuleInit(): void {
    this.kinds.register(CALLBACK, this);
  }

  teller({ taskId }: Follower): Teller {
    let state: TaskState = 'queued';
    return async (event) => {
      const before = state;
      state = stateAfter(event.body);
      const record = state === before ? undefined : await this.tasks.get(taskId);
      return record ? [tale(record, event)] : [];
    };
  }

  url({ config }: Follower): string {
    return this.callbacks.open(config).url;
  }

  credentials({ config }: Follower, { id, request }: Delivery): Record<string, string> {
    const { secret } = this.callbacks.open(config);
    return webhookHeaders(id, this.clock.now(), request.body, secret === undefined ? [] : [secret]);
  }
}

/** What the agent has brought with this event; what the caller has said himself he knows. */
function made(body: TaskEventBody): Parameters<typeof toTask>[1] {
  const message = (body.event === 'queued' ? undefined : messageOf(body)) ?? null;
  if (body.event !== 'completed') return { artifact: null, artifacts: [], message };
  return { artifact: body.artifact, artifacts: artifactsOf(body), message };
}

function tale(record: TaskRecord, event: TaskEvent): Tale[number] {
  const { body, seq, at } = event;
  const wire: CallbackWire = {
    ...body,
    task_id: record.id,
    sequence: seq,
    at: isoTime(at),
    task: toTask(recordAt(record, event), made(body)),
  };
  return { headers: HEADERS, body: JSON.stringify(wire) };
}
