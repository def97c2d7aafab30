import { duration, integer, oneOf, size } from './kinds.js';
import { concern, setting } from './setting.js';

/** The life of a task. */
export class TasksConfig extends concern('tasks', {
  timeout: setting(duration(), '60s', 'a running task without any report for this long fails'),
  queueTimeout: setting(duration(), '10m', 'a task waiting for an agent this long fails'),
  inputTimeout: setting(
    duration(),
    '24h',
    'a task whose agent waits for its caller (`input_required`, `auth_required`) fails after this long',
  ),
  queueLimit: setting(
    integer(1, 100_000_000),
    '10000',
    'waiting tasks per namespace; over it: 503 with Retry-After, before anything is acknowledged',
  ),
  whenBusy: setting(
    oneOf('queue', 'reject'),
    'queue',
    'what happens when every agent is full: `queue` or `reject`',
  ),
  reconnectGrace: setting(
    duration(0),
    '10s',
    'how long a running task waits for its lost agent to come back',
  ),
  onAgentLost: setting(
    oneOf('fail', 'requeue'),
    'fail',
    'after the grace: `fail` or `requeue`; a task with `idempotent: true` is always requeued',
  ),
  maxAttempts: setting(integer(1, 1000), '3', 'dispatches of one task at most'),
  artifactLimit: setting(size, '64mb', 'largest artifact of one task, chunks added up'),
}) {}
