import type { AgentRef } from '../../core/ids.js';
import type { Member, MemberState } from '../../core/member.js';

/**
 * Port: the durable records of agents that have no lasting connection.
 *
 * A promise of a write resolves when the write is on disk. While the storage refuses writes, `save` rejects with
 * STORAGE_UNAVAILABLE; the others are kept and done, in order, once the storage is back.
 */
export abstract class MemberStore {
  /** Every record, for the start. */
  abstract all(): Promise<readonly Member[]>;
  /** Writes a record, new or in place of the one before. @throws GatewayError STORAGE_UNAVAILABLE */
  abstract save(member: Member): Promise<void>;
  abstract setState(ref: AgentRef, state: MemberState): Promise<void>;
  abstract heartbeat(ref: AgentRef, at: number): Promise<void>;
  abstract remove(ref: AgentRef): Promise<void>;
}
