import { Injectable } from '@nestjs/common';
import { AuditConfig } from '../../config/audit.config.js';
import type { AuditEvent, Chain } from '../../core/audit.js';
import { GatewayError } from '../../core/errors.js';
import type { Namespace } from '../../core/ids.js';
import { ANONYMOUS, type Origin, type Principal } from '../../core/principal.js';
import type { TaskRecord } from '../../core/task.js';
import { Audit } from '../../engine/audit/audit.js';
import type { ApiKeyRecord } from '../../engine/auth/api-key.store.js';
import { ApiKeys } from '../../engine/auth/api-keys.js';
import { AuthService } from '../../engine/auth/auth.service.js';
import { callerIfAny, originOf } from '../../engine/auth/oauth2.guard.js';
import { OAuthTokenService } from '../../engine/auth/oauth-token.service.js';
import { Policy } from '../../engine/auth/policy.js';
import { requestLine } from '../../engine/auth/request-origin.js';
import type { Agent } from '../../engine/registry/agent.js';
import { RegistryService } from '../../engine/registry/registry.service.js';
import { TaskCalls, type TaskCall } from '../../engine/tasks/task-calls.js';
import type { AnsweredRequest } from '../../transport/http/request-observer.js';
import { changesNothing } from './quiet-routes.js';

/** What a refusal of each code is called. */
const DENIALS: Partial<Record<string, string>> = {
  UNAUTHENTICATED: 'auth.authenticate',
  FORBIDDEN: 'auth.authorize',
  RATE_LIMITED: 'limits.rate',
};

/**
 * What is audited: every change and every denial. What the engine tells is recorded in its own words, whichever door it came
 * by; an HTTP request that changed something, or was refused, and that nobody has recorded, is recorded as what it was.
 * What agents report is not: it is in the log of its task.
 */
@Injectable()
export class AuditWatch {
  constructor(
    private readonly audit: Audit,
    config: AuditConfig,
    tasks: TaskCalls,
    registry: RegistryService,
    policy: Policy,
    auth: AuthService,
    keys: ApiKeys,
    tokens: OAuthTokenService,
  ) {
    if (config.tasks) tasks.listen((...call) => this.task(...call));
    registry.observe({
      joined: (agent) => this.agent('agent.register', agent),
      cardChanged: (agent) => this.agent('agent.change', agent),
    });
    policy.onDenial((caller, object, why) => this.notAllowed(caller, object, why));
    auth.onRefusal((error, origin) => this.refused(error, origin));
    keys.onChange((caller, change, key) => this.key(caller, change, key));
    this.watchTokens(tokens);
  }

  /** Called once for each HTTP request, when it is over. */
  answered(answer: AnsweredRequest): void {
    const { method, route, status, request, refusal } = answer;
    if (originOf(request)?.noted) return;
    const denial = refusal && DENIALS[refusal.code];
    if (denial !== undefined)
      this.denied(denial, callerIfAny(request), originAfter(answer), refusal?.message ?? null);
    else if (status < 400 && !changesNothing(method, route)) {
      const caller = { ...(callerIfAny(request) ?? ANONYMOUS), origin: originAfter(answer) };
      void this.changed(`${method} ${route}`, caller.namespace, caller, caller.origin.request, null);
    }
  }

  private watchTokens(tokens: OAuthTokenService): void {
    tokens.observe({
      issued: ({ id, namespace }, scope, origin) => {
        const client = { ...ANONYMOUS, id: `client:${id}`, ...(origin && { origin }) };
        void this.changed('token.issue', namespace as Namespace, client, id, `scope ${scope}`);
      },
      refused: (why, origin) => this.denied('auth.authenticate', undefined, origin, why),
    });
  }

  private task(call: TaskCall, { id, namespace }: TaskRecord, caller: Principal, error: unknown): void {
    const failed = error !== undefined;
    const why = error instanceof GatewayError ? error.code : 'INTERNAL';
    void this.audit.record({
      chain: chainOf(caller, namespace),
      action: `task.${call}`,
      object: id,
      outcome: failed ? 'failed' : 'ok',
      detail: failed ? why : null,
      ...by(caller, caller.origin),
    });
  }

  private agent(action: string, { namespace, card, connection }: Agent): void {
    const { principal, kind } = connection;
    void this.changed(action, chainOf(principal, namespace), principal, card.name, kind);
  }

  private key(
    caller: Principal,
    change: string,
    { id, namespace, name, agent }: ApiKeyRecord,
  ): Promise<void> {
    const about = agent === null ? name : `${name}, agent ${agent}`;
    return this.changed(`key.${change}`, chainOf(caller, namespace), caller, id, about);
  }

  /** Somebody who could not come in by a socket. */
  private refused(error: unknown, origin: Origin): void {
    if (!(error instanceof GatewayError)) return;
    const action = DENIALS[error.code];
    if (action !== undefined) this.denied(action, undefined, origin, error.message);
  }

  private changed(
    action: string,
    chain: Chain,
    caller: Principal,
    object: string,
    detail: string | null,
  ): Promise<void> {
    return this.audit.record({ chain, action, object, outcome: 'ok', detail, ...by(caller, caller.origin) });
  }

  /**
   * What exists in another namespace is told to the operator only: in the caller's own log it would say that it exists,
   * which he did not learn from his answer.
   */
  private notAllowed(caller: Principal, foreign: string | null, why: string): void {
    if (foreign === null) return this.denied('auth.authorize', caller, caller.origin, why);
    const detail = `${why} (${caller.origin?.request ?? 'no request'}, by namespace ${caller.namespace})`;
    const said = {
      chain: null,
      action: 'auth.authorize',
      object: foreign,
      outcome: 'denied',
      detail,
    } as const;
    this.audit.denied({ ...said, ...by(caller, caller.origin) });
  }

  private denied(
    action: string,
    caller: Principal | undefined,
    origin: Origin | undefined,
    detail: string | null,
  ): void {
    const object = origin?.request ?? null;
    const chain = caller?.namespace ?? null;
    this.audit.denied({ chain, action, object, outcome: 'denied', detail, ...by(caller, origin) });
  }
}

/** Where a request came from; the guard does not see those that fit no route. */
const originAfter = ({ method, requestId, request }: AnsweredRequest): Origin =>
  originOf(request) ?? {
    requestId,
    address: request.ip ?? null,
    request: requestLine(method, request.originalUrl),
    noted: false,
  };

/** With auth off everything is in one chain; else a thing's own. */
const chainOf = (caller: Principal, namespace: Namespace): Chain =>
  caller.namespace === null ? null : namespace;

/** Who, and by which request; which has its entry now. */
function by(
  caller: Principal | undefined,
  origin: Origin | undefined,
): Pick<AuditEvent, 'actor' | 'credential' | 'requestId' | 'address'> {
  if (origin) origin.noted = true;
  return {
    actor: caller?.id ?? null,
    credential: caller?.credential ?? null,
    requestId: origin?.requestId ?? null,
    address: origin?.address ?? null,
  };
}
