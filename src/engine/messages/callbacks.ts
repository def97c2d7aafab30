import { Injectable } from '@nestjs/common';
import { OutgoingHttp } from '../../core/outgoing-http.js';
import type { Principal } from '../../core/principal.js';
import { SecretBox } from '../../core/secret-box.js';
import type { Callback, NewTask, TaskRecord } from '../../core/task.js';
import { TaskFollowers } from './task-followers.js';

export const CALLBACK = 'callback';

/** What is kept of a callback. */
interface KeptCallback {
  readonly url: string;
  /** Sealed. */
  readonly secret?: string;
}

/** Tasks whose submitter wants to be called back. */
@Injectable()
export class Callbacks {
  constructor(
    private readonly outgoing: OutgoingHttp,
    private readonly secrets: SecretBox,
    private readonly followers: TaskFollowers,
  ) {}

  /**
   * As `TasksService.submit`; the task's callback is stored with it.
   * @throws GatewayError as `TasksService.submit`; INVALID for a URL that may not be called; CONFLICT for a secret that
   *   cannot be kept
   */
  submit(caller: Principal, task: NewTask): Promise<TaskRecord> {
    const { callback } = task;
    return this.followers.submit(caller, callback ? this.withFollower(task, callback) : task);
  }

  /** The secret in the clear. */
  open(config: string): Callback {
    const { url, secret } = JSON.parse(config) as KeptCallback;
    return { url, ...(secret !== undefined && { secret: this.secrets.open(secret) }) };
  }

  private withFollower(task: NewTask, { url, secret }: Callback): NewTask {
    this.outgoing.check(url, 'callback_url');
    const kept: KeptCallback = { url, ...(secret !== undefined && { secret: this.secrets.seal(secret) }) };
    const follower = { id: CALLBACK, kind: CALLBACK, config: JSON.stringify(kept) };
    return { ...task, followers: [...(task.followers ?? []), follower] };
  }
}
