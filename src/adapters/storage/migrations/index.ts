import type { Kysely } from 'kysely';
import type { Schema } from '../schema.js';
import { up as tasks } from './0001-tasks.js';
import { up as turns } from './0002-turns.js';
import { up as outbox } from './0003-outbox.js';
import { up as members } from './0004-members.js';
import { up as enterprise } from './0005-enterprise.js';
import { up as remoteAgents } from './0006-remote-agents.js';
import { up as controlPlane } from './0007-control-plane.js';
import { up as routes } from './0008-routes.js';

export type Dialect = 'sqlite' | 'postgres';

interface Migration {
  readonly up: (db: Kysely<Schema>, dialect: Dialect) => Promise<void>;
}

/** In order; a migration that has been released is never changed. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-tasks': { up: tasks },
  '0002-turns': { up: turns },
  '0003-outbox': { up: outbox },
  '0004-members': { up: members },
  '0005-enterprise': { up: enterprise },
  '0006-remote-agents': { up: remoteAgents },
  '0007-control-plane': { up: controlPlane },
  '0008-routes': { up: routes },
};
