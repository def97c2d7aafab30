import { Injectable } from '@nestjs/common';
import type { ListTaskPushNotificationConfigsResponse, TaskPushNotificationConfig } from '@a2a-js/sdk';
import { GatewayError, invalid } from '../../../core/errors.js';
import type { Follower, NewFollower } from '../../../core/follower.js';
import { IdSource } from '../../../core/ids.js';
import { OutgoingHttp } from '../../../core/outgoing-http.js';
import type { Principal } from '../../../core/principal.js';
import { SecretBox } from '../../../core/secret-box.js';
import type { NewTask, TaskRecord } from '../../../core/task.js';
import { Policy } from '../../../engine/auth/policy.js';
import { TaskFollowers } from '../../../engine/messages/task-followers.js';
import { TasksService } from '../../../engine/tasks/tasks.service.js';
import type { Dialect } from '../requests/checks.wire.js';
import { followerId, givenId, PUSH, shown, toKept } from './kept-config.js';

/** Configs of one task at most. */
const MAX_PER_TASK = 100;

/** Of a config that came without an id in 0.3, where a task had one config at first: setting it again replaces it. */
const DEFAULT_ID = 'default';

/** One config, named by its task and its own id; an empty id (0.3): the only one. */
export interface ConfigKey {
  readonly taskId: string;
  readonly id: string;
}

/**
 * Push notification configs (1.0 §3.1.7 to 3.1.10, 0.3 §7.5 to 7.8): followers of a task. They stay until they are
 * deleted or their task is; what is secret in them is encrypted and never shown.
 */
@Injectable()
export class PushConfigs {
  constructor(
    private readonly ids: IdSource,
    private readonly policy: Policy,
    private readonly outgoing: OutgoingHttp,
    private readonly secrets: SecretBox,
    private readonly tasks: TasksService,
    private readonly followers: TaskFollowers,
  ) {}

  /**
   * Makes a config, or replaces the one with its id. A task that has ended tells its end.
   * @throws GatewayError FORBIDDEN; TASK_NOT_FOUND; INVALID for a URL that may not be called and for more configs than
   *   allowed; CONFLICT for secrets that cannot be kept; STORAGE_UNAVAILABLE
   */
  async create(
    caller: Principal,
    config: TaskPushNotificationConfig,
    version: Dialect,
  ): Promise<TaskPushNotificationConfig> {
    this.policy.requireRight(caller, 'execute');
    const record = await this.tasks.record(caller, config.taskId);
    const follower = await this.add(record, config, version);
    return shown(follower, config.tenant);
  }

  /** A config that comes with a message (`configuration`), for a new task. @throws GatewayError INVALID, CONFLICT */
  inline(task: NewTask, config: TaskPushNotificationConfig, version: Dialect): NewTask {
    return { ...task, followers: [this.toFollower(config, version)] };
  }

  /** As `TasksService.submit`, with the configs that came with the message. */
  submit(caller: Principal, task: NewTask): Promise<TaskRecord> {
    return this.followers.submit(caller, task);
  }

  /** One that comes with a message to a task that is there already. @throws GatewayError as {@link create} */
  async add(record: TaskRecord, config: TaskPushNotificationConfig, version: Dialect): Promise<Follower> {
    const given = this.toFollower(config, version);
    const others = (await this.of(record)).filter(({ id }) => id !== given.id);
    if (others.length >= MAX_PER_TASK)
      throw invalid('taskId', `${others.length} configs`, `at most ${MAX_PER_TASK} configs of one task`);
    return this.followers.add(record, given);
  }

  /** @throws GatewayError TASK_NOT_FOUND, also when the task has no such config */
  async get(
    caller: Principal,
    { taskId, id }: ConfigKey,
    tenant?: string,
  ): Promise<TaskPushNotificationConfig> {
    const record = await this.tasks.record(caller, taskId);
    const all = await this.of(record);
    const found = all.find((one) => (id === '' ? true : one.id === followerId(id)));
    if (!found) throw new GatewayError('TASK_NOT_FOUND', 'id: there is no such config');
    return shown(found, tenant);
  }

  /** All on one page. @throws GatewayError TASK_NOT_FOUND */
  async list(
    caller: Principal,
    taskId: string,
    tenant?: string,
  ): Promise<ListTaskPushNotificationConfigsResponse> {
    const record = await this.tasks.record(caller, taskId);
    const configs = (await this.of(record)).map((one) => shown(one, tenant));
    return { configs, nextPageToken: '' };
  }

  /** What has not been delivered yet is dropped. Of a config that is not there: nothing. @throws GatewayError TASK_NOT_FOUND */
  async delete(caller: Principal, { taskId, id }: ConfigKey): Promise<void> {
    this.policy.requireRight(caller, 'execute');
    const record = await this.tasks.record(caller, taskId);
    await this.followers.remove(record.id, followerId(id));
  }

  private async of({ id }: TaskRecord): Promise<readonly Follower[]> {
    return (await this.followers.of(id)).filter(({ kind }) => kind === PUSH);
  }

  private toFollower(config: TaskPushNotificationConfig, version: Dialect): NewFollower {
    if (!URL.canParse(config.url)) throw invalid('url', config.url, 'an absolute http or https URL');
    this.outgoing.check(config.url, 'url');
    const id = followerId(givenId(config.id) ?? (version === '0.3' ? DEFAULT_ID : this.ids.uuid()));
    return { id, kind: PUSH, config: JSON.stringify(toKept(config, version, this.secrets)) };
  }
}
