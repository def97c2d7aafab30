import type { Kysely } from 'kysely';
import type { AgentName, AgentRef, Namespace } from '../../core/ids.js';
import type { Member, MemberSecret } from '../../core/member.js';
import { param, placeholders, Prepared } from './prepared.js';
import type { MemberRow } from './mail-schema.js';
import type { Schema } from './schema.js';

type Key = Pick<MemberRow, 'namespace' | 'name'>;

// prettier-ignore
const COLUMNS: readonly (keyof MemberRow)[] = [
  'namespace', 'name', 'display_name', 'type', 'capabilities', 'description', 'metadata', 'max_concurrency', 'delivery',
  'webhook_url', 'secrets', 'owner_id', 'owner_namespace', 'state', 'registered_at', 'last_heartbeat',
];

/** Every statement of the member store, compiled once for a dialect. */
export function memberStatements(db: Kysely<Schema>) {
  const row = placeholders<MemberRow>(...COLUMNS);
  const { namespace, name, registered_at, ...changing } = row;
  const byKey = { namespace, name };
  return {
    all: new Prepared<object>(db.selectFrom('members').selectAll()),
    save: new Prepared<MemberRow>(
      db
        .insertInto('members')
        .values({ ...byKey, registered_at, ...changing })
        .onConflict((conflict) => conflict.columns(['namespace', 'name']).doUpdateSet(changing)),
    ),
    setState: new Prepared<Key & Pick<MemberRow, 'state'>>(
      db
        .updateTable('members')
        .set({ state: param('state') })
        .where('namespace', '=', namespace)
        .where('name', '=', name),
    ),
    heartbeat: new Prepared<Key & Pick<MemberRow, 'last_heartbeat'>>(
      db
        .updateTable('members')
        .set({ last_heartbeat: param('last_heartbeat') })
        .where('namespace', '=', namespace)
        .where('name', '=', name),
    ),
    remove: new Prepared<Key>(
      db.deleteFrom('members').where('namespace', '=', namespace).where('name', '=', name),
    ),
  };
}

export const memberKey = ({ namespace, name }: AgentRef): Key => ({ namespace, name });

export const toMemberRow = (member: Member): MemberRow => ({
  ...memberKey(member.ref),
  display_name: member.displayName,
  type: member.type,
  capabilities: JSON.stringify(member.capabilities),
  description: member.description,
  metadata: JSON.stringify(member.metadata),
  max_concurrency: member.maxConcurrency,
  delivery: member.delivery,
  webhook_url: member.webhookUrl,
  secrets: JSON.stringify(member.secrets),
  owner_id: member.owner.id,
  owner_namespace: member.owner.namespace,
  state: member.state,
  registered_at: member.registeredAt,
  last_heartbeat: member.lastHeartbeat,
});

export const toMember = (row: MemberRow): Member => ({
  ref: { namespace: row.namespace as Namespace, name: row.name as AgentName },
  displayName: row.display_name,
  type: row.type,
  capabilities: JSON.parse(row.capabilities) as string[],
  description: row.description,
  metadata: JSON.parse(row.metadata) as Member['metadata'],
  maxConcurrency: row.max_concurrency,
  delivery: row.delivery,
  webhookUrl: row.webhook_url,
  secrets: JSON.parse(row.secrets) as MemberSecret[],
  owner: { id: row.owner_id, namespace: row.owner_namespace as Namespace | null },
  state: row.state,
  registeredAt: row.registered_at,
  lastHeartbeat: row.last_heartbeat,
});
