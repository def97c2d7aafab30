import { Injectable } from '@nestjs/common';
import { AuthConfig } from '../../config/auth.config.js';
import { excerpt } from '../../core/errors.js';
import type { AgentRef, Namespace } from '../../core/ids.js';
import type { AgentGrant, Principal, Right } from '../../core/principal.js';
import { forbidden } from './refusal.js';

/** Told of every no: who, what of another namespace he asked for by its id (null: nothing), and why. */
export type DenialListener = (caller: Principal, foreign: string | null, why: string) => void;

/** Who may do what. Every door asks this object and no other. */
@Injectable()
export class Policy {
  private readonly listeners: DenialListener[] = [];

  constructor(private readonly config: AuthConfig) {}

  onDenial(listener: DenialListener): void {
    this.listeners.push(listener);
  }

  /** @throws GatewayError FORBIDDEN when the caller lacks the right */
  requireRight(caller: Principal, right: Right): void {
    if (!caller.rights.has(right)) this.deny(caller, `this credential lacks the right ${right}`);
  }

  /**
   * The namespace in which a caller's request works; null: any (auth off and none asked for).
   * @throws GatewayError FORBIDDEN when another tenant's is asked for
   */
  namespaceFor(caller: Principal, asked?: Namespace | null): Namespace | null {
    if (caller.namespace === null) return asked ?? null;
    if (asked === undefined || asked === null || asked === caller.namespace) return caller.namespace;
    return this.deny(caller, `namespace: got ${excerpt(asked)}, allowed: ${excerpt(caller.namespace)}`);
  }

  /** Whether things of a namespace exist for this caller; what he cannot see is answered like what does not exist. */
  canSee(caller: Principal, namespace: Namespace): boolean {
    return caller.namespace === null || caller.namespace === namespace;
  }

  /** {@link canSee} for one thing that was asked for by its id: a no is a denial, though its caller hears "not found". */
  mayReach(caller: Principal, namespace: Namespace, object: string): boolean {
    if (this.canSee(caller, namespace)) return true;
    this.tell(caller, object, 'it is of another namespace');
    return false;
  }

  /** @throws GatewayError FORBIDDEN when the credential does not cover this agent */
  mayRegister(caller: Principal, agent: AgentRef): void {
    if (caller.grants.some((grant) => covers(grant, agent))) return;
    this.deny(
      caller,
      `this credential may not register agent ${excerpt(agent.name)} in namespace ${excerpt(agent.namespace)}`,
    );
  }

  /** Sends, polls and reports in an agent's name. @throws GatewayError FORBIDDEN when the credential does not cover it */
  maySpeakFor(caller: Principal, agent: AgentRef): void {
    if (caller.grants.some((grant) => covers(grant, agent))) return;
    this.deny(
      caller,
      `this credential may not act as agent ${excerpt(agent.name)} in namespace ${excerpt(agent.namespace)}`,
    );
  }

  /** Whether a namespace's agents appear on the public card. */
  isPublic(namespace: Namespace): boolean {
    return this.config.mode === 'off' || this.config.publicNamespaces.includes(namespace);
  }

  private deny(caller: Principal, why: string): never {
    this.tell(caller, null, why);
    throw forbidden(why);
  }

  private tell(caller: Principal, object: string | null, why: string): void {
    for (const listener of this.listeners) listener(caller, object, why);
  }
}

const covers = (grant: AgentGrant, agent: AgentRef): boolean =>
  (grant.namespace === '*' || grant.namespace === agent.namespace) &&
  (grant.name === '*' || grant.name === agent.name);
