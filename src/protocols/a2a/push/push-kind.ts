import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { StreamResponse, TaskStatus } from '@a2a-js/sdk';
import { GatewayConfig } from '../../../config/gateway.config.js';
import type { Follower } from '../../../core/follower.js';
import { SecretBox } from '../../../core/secret-box.js';
import type { TaskEvent, TaskInput, TaskRecord } from '../../../core/task.js';
import {
  FollowerKinds,
  type FollowerKind,
  type Tale,
  type Teller,
} from '../../../engine/messages/follower-kinds.js';
import { TaskStore } from '../../../engine/tasks/task.store.js';
import { A2aEvents } from '../handler/a2a-events.js';
import type { FailureText } from '../handler/a2a.mapper.js';
import { a2aSdk, type Sdk } from '../sdk.js';
import { keptConfig, PUSH } from './kept-config.js';
import { TaskThen } from './task-then.js';

/** What callers get to know of a failure while errors are sanitised. */
const INTERNAL = 'Internal server error';

/**
 * What is posted to a push notification config (1.0 §4.3.3, 0.3 §9.5): each change of the task's state, in 1.0 as a
 * StreamResponse, in 0.3 as the whole task as it was then.
 */
@Injectable()
export class PushKind implements FollowerKind, OnModuleInit {
  readonly purpose = 'push';

  constructor(
    private readonly config: GatewayConfig,
    private readonly kinds: FollowerKinds,
    private readonly secrets: SecretBox,
    private readonly tasks: TaskStore,
  ) {}

  onModuleInit(): void {
    this.kinds.register(PUSH, this);
  }

  async teller(follower: Follower): Promise<Teller> {
    const { taskId } = follower;
    const [record, input] = await Promise.all([this.tasks.get(taskId), this.tasks.input(taskId)]);
    if (!record || !input) throw new Error('the task is gone');
    const words = new PushWords(await a2aSdk(), record, input, this.failure);
    return keptConfig(follower).version === '1.0'
      ? (event) => words.in10(event)
      : (event) => words.in03(event);
  }

  url(follower: Follower): string {
    return keptConfig(follower).url;
  }

  credentials(follower: Follower): Record<string, string> {
    const { scheme, credentials, token } = keptConfig(follower);
    return {
      ...(scheme !== undefined &&
        credentials !== undefined && { authorization: `${scheme} ${this.secrets.open(credentials)}` }),
      ...(token !== undefined && { 'x-a2a-notification-token': this.secrets.open(token) }),
    };
  }

  private readonly failure: FailureText = (error) =>
    this.config.profile === 'production' ? INTERNAL : error;
}

/** One task's changes of state in the words of A2A. */
class PushWords {
  private readonly events: A2aEvents;
  private readonly then: TaskThen;
  private state: TaskStatus['state'] | undefined;

  constructor(
    private readonly sdk: Sdk,
    record: TaskRecord,
    input: TaskInput,
    failure: FailureText,
  ) {
    this.events = new A2aEvents(record, failure);
    this.then = new TaskThen(record, input);
  }

  in10(event: TaskEvent): Tale {
    const serializer = new this.sdk.server.V1PushNotificationSerializer();
    return this.changes(event).map(({ response }) => told(serializer.serialize(response)));
  }

  in03(event: TaskEvent): Tale {
    this.then.take(event);
    const serializer = new this.sdk.legacy.V03PushNotificationSerializer();
    return this.changes(event).map(({ response, status }) =>
      told(serializer.serialize(response, this.then.task(status))),
    );
  }

  /** Of what a stream would say, what changes the state. */
  private changes(event: TaskEvent): { readonly response: StreamResponse; readonly status: TaskStatus }[] {
    return this.events.of(event).flatMap((response) => {
      const { payload } = response;
      const status = payload?.$case === 'statusUpdate' ? payload.value.status : undefined;
      if (!status || status.state === this.state) return [];
      this.state = status.state;
      return [{ response, status }];
    });
  }
}

const told = ({
  body,
  contentType,
}: {
  readonly body: string;
  readonly contentType: string;
}): Tale[number] => ({
  headers: { 'content-type': contentType },
  body,
});
