import { agentKey, type AgentRef } from '../../src/core/ids.js';
import type { Member, MemberState } from '../../src/core/member.js';
import { MemberStore } from '../../src/engine/members/member.store.js';

/** Members in memory. */
export class MemoryMemberStore extends MemberStore {
  constructor(private readonly members = new Map<string, Member>()) {
    super();
  }

  /** The next process on the same data. */
  reopened(): MemoryMemberStore {
    return new MemoryMemberStore(this.members);
  }

  override all(): Promise<readonly Member[]> {
    return Promise.resolve([...this.members.values()]);
  }

  override save(member: Member): Promise<void> {
    const registeredAt = this.members.get(agentKey(member.ref))?.registeredAt ?? member.registeredAt;
    this.members.set(agentKey(member.ref), { ...member, registeredAt });
    return Promise.resolve();
  }

  override setState(ref: AgentRef, state: MemberState): Promise<void> {
    return this.change(ref, { state });
  }

  override heartbeat(ref: AgentRef, lastHeartbeat: number): Promise<void> {
    return this.change(ref, { lastHeartbeat });
  }

  override remove(ref: AgentRef): Promise<void> {
    this.members.delete(agentKey(ref));
    return Promise.resolve();
  }

  private change(ref: AgentRef, change: Partial<Member>): Promise<void> {
    const member = this.members.get(agentKey(ref));
    if (member) this.members.set(agentKey(ref), { ...member, ...change });
    return Promise.resolve();
  }
}
