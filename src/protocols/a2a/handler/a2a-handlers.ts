import { Injectable } from '@nestjs/common';
import type { AgentCard } from '@a2a-js/sdk';
import { GatewayConfig } from '../../../config/gateway.config.js';
import type { Principal } from '../../../core/principal.js';
import { Policy } from '../../../engine/auth/policy.js';
import { RegistryService } from '../../../engine/registry/registry.service.js';
import { TasksService } from '../../../engine/tasks/tasks.service.js';
import { A2aCards } from '../cards/a2a-cards.js';
import { PushConfigs } from '../push/push-configs.js';
import type { Dialect } from '../requests/checks.wire.js';
import type { Sdk } from '../sdk.js';
import { A2aHandler } from './a2a-handler.js';
import { Extensions } from './extensions.js';
import type { Target } from './target.js';

/** What every binding knows of a call. */
export interface BoundCall {
  readonly caller: Principal;
  readonly target: Target;
  /** Aborts when the caller has hung up. */
  readonly signal: AbortSignal;
  /** `Last-Event-ID`. */
  readonly after: string | undefined;
  /** `Idempotency-Key`. */
  readonly idempotencyKey?: string | undefined;
  readonly dialect: Dialect;
  /** The caller reads tasks only, no messages (the adk family). */
  readonly tasksOnly?: boolean;
  /** Extensions that the caller names. */
  readonly extensions: readonly string[];
  /** What the engine throws in the words of the binding. */
  readonly toError: (thrown: unknown) => Error;
}

/** What callers get to know of a failure while errors are sanitised. */
const INTERNAL = 'Internal server error';
/** Makes the handler of one call, for every binding. */
@Injectable()
export class A2aHandlers {
  constructor(
    private readonly config: GatewayConfig,
    private readonly tasks: TasksService,
    private readonly registry: RegistryService,
    private readonly push: PushConfigs,
    private readonly policy: Policy,
    private readonly cards: A2aCards,
    private readonly extensions: Extensions,
  ) {}

  /**
   * @throws GatewayError FORBIDDEN when the call names a namespace that is not its caller's
   * @throws ExtensionSupportRequiredError
   */
  handlerFor(sdk: Sdk, call: BoundCall): A2aHandler {
    const { namespace } = call.target;
    if (namespace !== undefined) this.policy.namespaceFor(call.caller, namespace);
    this.extensions.require(sdk, call.dialect, call.extensions);
    const sanitize = this.config.profile === 'production';
    const failure = (error: string): string => (sanitize ? INTERNAL : error);
    const { caller, target } = call;
    const extendedCard = this.cards.extended
      ? () => this.cards.extendedAgentCard(sdk, target, caller)
      : undefined;
    return new A2aHandler(this.tasks, this.registry, this.push, sdk.errors, () => this.abilities, {
      ...call,
      lenientCancel: call.dialect === '0.3' && this.config.compat.adkLenientCancel,
      failure,
      extendedCard,
    });
  }

  /** What the SDK's transport handlers look at: what the agent can do, and which versions it speaks. */
  private get abilities(): AgentCard {
    const { streaming, pushNotifications } = this.config.a2a;
    const supportedInterfaces = ['1.0', '0.3'].map((protocolVersion) => ({
      protocolBinding: 'GRPC',
      protocolVersion,
    }));
    return { capabilities: { streaming, pushNotifications }, supportedInterfaces } as AgentCard;
  }
}
