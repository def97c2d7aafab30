import { Injectable } from '@nestjs/common';
import type { JsonObject } from '../../core/json.js';
import type { Principal } from '../../core/principal.js';
import { Callbacks } from '../../engine/messages/callbacks.js';
import { RegistryService } from '../../engine/registry/registry.service.js';
import { TasksService } from '../../engine/tasks/tasks.service.js';
import { toAgentList } from '../../transport/orchestrator/agent-view.js';
import { toAnswer, toNewTask } from '../../transport/orchestrator/new-task.js';
import type { RpcMethodName } from '../../transport/orchestrator/rpc-methods.js';
import { taskIdOf } from '../../transport/orchestrator/task-id.js';
import { toAck, toTask } from '../../transport/orchestrator/task-view.js';

type Handler = (who: Principal, params: JsonObject) => unknown;

/** What each method does. */
@Injectable()
export class RpcHandlers {
  private readonly handlers: Readonly<Record<RpcMethodName, Handler>> = {
    'tasks/send': async (who, params) =>
      toAck(await this.callbacks.submit(who, toNewTask(params, params['idempotency_key']))),
    'tasks/get': async (who, params) => {
      const view = await this.tasks.get(who, taskIdOf(params));
      return toTask(view.record, view);
    },
    'tasks/continue': async (who, params) => {
      const answer = toAnswer(params, params['idempotency_key']);
      return toTask(await this.tasks.continueTask(who, taskIdOf(params), answer));
    },
    'tasks/cancel': async (who, params) => toTask(await this.tasks.cancel(who, taskIdOf(params))),
    'agents/list': (who) => toAgentList(this.registry.list(who)),
  };

  constructor(
    private readonly tasks: TasksService,
    private readonly callbacks: Callbacks,
    private readonly registry: RegistryService,
  ) {}

  /** @throws GatewayError as the engine says no */
  run(method: RpcMethodName, who: Principal, params: JsonObject): unknown {
    return this.handlers[method](who, params);
  }
}
