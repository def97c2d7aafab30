import type { AgentRef } from '../../../core/ids.js';
import type { Member, MemberState } from '../../../core/member.js';
import { MemberStore } from '../../../engine/members/member.store.js';
import { memberKey, memberStatements, toMember, toMemberRow } from '../member-statements.js';
import type { MemberRow } from '../mail-schema.js';
import type { SqliteDatabase } from './sqlite-database.js';
import { op, statements } from './statements.js';

const STATEMENTS = statements(memberStatements);

/** Members in the gateway's SQLite file. */
export class SqliteMemberStore extends MemberStore {
  constructor(private readonly database: SqliteDatabase) {
    super();
  }

  override async all(): Promise<readonly Member[]> {
    return (await this.database.all<MemberRow, object>(STATEMENTS.all, {})).map(toMember);
  }

  override save(member: Member): Promise<void> {
    return this.database.write([op(STATEMENTS.save, toMemberRow(member))], true);
  }

  override setState(ref: AgentRef, state: MemberState): Promise<void> {
    return this.database.write([op(STATEMENTS.setState, { ...memberKey(ref), state })], false);
  }

  override heartbeat(ref: AgentRef, at: number): Promise<void> {
    return this.database.write([op(STATEMENTS.heartbeat, { ...memberKey(ref), last_heartbeat: at })], false);
  }

  override remove(ref: AgentRef): Promise<void> {
    return this.database.write([op(STATEMENTS.remove, memberKey(ref))], false);
  }
}
