import type { AgentView } from '../../src/core/agent.js';
import type { AgentName, Namespace, TaskId } from '../../src/core/ids.js';
import type { Artifact, TaskRecord } from '../../src/core/task.js';
import type { TaskView } from '../../src/engine/tasks/tasks.service.js';

export const TASK_ID = `t-${'0'.repeat(31)}1` as TaskId;
export const PRODUCTION = 'production' as Namespace;
export const BOT = 'nanobot-text-001' as AgentName;

/** A queued task of the seed's bot. */
export const aRecord = (change: Partial<TaskRecord> = {}): TaskRecord => ({
  id: TASK_ID,
  namespace: PRODUCTION,
  scope: PRODUCTION,
  skill: 'summarize',
  pinnedAgent: null,
  contextId: null,
  priority: 'medium',
  timeoutMs: 60_000,
  idempotent: false,
  createdBy: null,
  createdAt: Date.UTC(2026, 0, 1),
  state: 'queued',
  seq: 1,
  attempt: 1,
  turn: null,
  agent: { namespace: PRODUCTION, name: BOT },
  agentPrincipal: null,
  progress: null,
  error: null,
  routing: null,
  lateResult: null,
  updatedAt: Date.UTC(2026, 0, 1),
  endedAt: null,
  deadlineAt: null,
  ...change,
});

/** A task as its caller sees it. */
export const aView = (record: TaskRecord, artifact: Artifact | null = null): TaskView => ({
  record,
  artifact,
  artifacts: artifact ? [artifact] : [],
  message: null,
});

/** The seed's bot, online. */
export const anAgent = (change: Partial<AgentView> = {}): AgentView => ({
  card: {
    name: BOT,
    version: '1.0.0',
    description: '',
    skills: [
      { id: 'summarize', name: 'Text Summarization', description: '', tags: [] },
      { id: 'translate', name: 'Translation', description: '', tags: [] },
    ],
    maxConcurrency: 3,
  },
  namespace: PRODUCTION,
  kind: 'bot',
  load: 0,
  status: 'online',
  connectedAt: Date.UTC(2026, 0, 1),
  lastSeen: Date.UTC(2026, 0, 1, 0, 0, 5),
  ...change,
});
