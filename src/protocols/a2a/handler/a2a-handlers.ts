import { Injectable } from '@nestjs/common';
import type { AgentCard } from '@a2a-js/sdk';
import { GatewayConfig } from '../../../config/gateway.config.js';
import type { Principal } from '../../../core/principal.js';
import { Policy } from '../../../engine/auth/policy.js';
import { RegistryService } from '../../../engine/registry/registry.service.js';
import { TasksService } from '../../../engine/tasks/tasks.service.js';
import type { Sdk } from '../sdk.js';
import { A2aHandler } from './a2a-handler.js';
import type { Target } from './target.js';

/** What every binding knows of a call. */
export interface BoundCall {
  readonly caller: Principal;
  readonly target: Target;
  /** Aborts when the caller has hung up. */
  readonly signal: AbortSignal;
  /** `Last-Event-ID`. */
  readonly after: string | undefined;
  /** What the engine throws in the words of the binding. */
  readonly toError: (thrown: unknown) => Error;
}

/** What callers get to know of a failure while errors are sanitised. */
const INTERNAL = 'Internal server error';
const CARD = { capabilities: { streaming: true } } as AgentCard;

/** Makes the handler of one call, for every binding. */
@Injectable()
export class A2aHandlers {
  constructor(
    private readonly config: GatewayConfig,
    private readonly tasks: TasksService,
    private readonly registry: RegistryService,
    private readonly policy: Policy,
  ) {}

  /** @throws GatewayError FORBIDDEN when the call names a namespace that is not its caller's */
  handlerFor(sdk: Sdk, call: BoundCall): A2aHandler {
    const { namespace } = call.target;
    if (namespace !== undefined) this.policy.namespaceFor(call.caller, namespace);
    const sanitize = this.config.profile === 'production';
    const failure = (error: string): string => (sanitize ? INTERNAL : error);
    return new A2aHandler(this.tasks, this.registry, sdk.errors, () => CARD, { ...call, failure });
  }
}
