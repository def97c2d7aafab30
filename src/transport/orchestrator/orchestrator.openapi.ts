import { TASK_STATES } from '../../core/task-states.js';
import { PRIORITIES } from '../../core/task.js';
import {
  arrayOf,
  flag,
  integer,
  object,
  openObject,
  ref,
  text,
  time,
  words,
  type Schema,
} from '../openapi/fragment.js';
import { MAX_PARTS, MAX_TIMEOUT_S, MAX_URL } from './new-task.js';

/** The schemas of orchestrator.wire.ts. */
const name = (description: string): Schema => text(description, { minLength: 1, maxLength: 128 });

const MESSAGE = object(
  'What the agent is told; instead of `instruction`.',
  {
    role: { ...words('Who speaks', ['user', 'agent']), default: 'user' },
    parts: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_PARTS,
      items: ref('Part'),
      description: 'Pieces of the message, in order',
    },
  },
  ['parts'],
);

/** Of a routing decision. */
export const ROUTING_FIELDS = {
  strategy: words('How agents are chosen', ['least_load', 'round_robin', 'affinity']),
  reason: text('In words'),
  candidates: integer('Online agents that have the skill'),
  available: integer('Of these, agents with a free slot'),
  chosen: { type: ['string', 'null'] as ['string', 'null'], description: 'Name of the agent' },
  load: integer('Tasks that it held before this one'),
  max_concurrency: integer('Tasks that it can hold'),
};
export const ROUTING_REQUIRED = ['strategy', 'reason', 'candidates', 'available', 'chosen'];

const ARTIFACT: Schema = {
  type: 'object',
  description: 'What the agent has made; fields besides these are its own.',
  properties: {
    artifact_id: text('Tells several apart; the main one may have none'),
    name: text('For people'),
    description: text('For people'),
    metadata: openObject('As the agent gave it'),
    text: text('The result as text'),
    parts: arrayOf(ref('Part'), 'The result in pieces'),
  },
  additionalProperties: true,
};

/** What caller or agent says, as it came. */
const SAID: Schema = {
  type: 'object',
  description: 'What caller or agent says; fields besides these pass through.',
  properties: {
    role: words('Who speaks', ['user', 'agent']),
    parts: arrayOf(ref('Part'), 'Pieces of the message, in order'),
    messageId: text('Given by who speaks'),
  },
  required: ['role', 'parts'],
  additionalProperties: true,
};

const TASK_FIELDS = {
  task_id: ref('TaskId'),
  status: ref('TaskStatus'),
  skill: name('What the agent must be able to do'),
  assigned_agent: {
    type: ['string', 'null'] as ['string', 'null'],
    description: 'Who has it; null: it waits',
  },
  namespace: name('The tenant'),
  priority: words('Who goes first among waiting tasks', PRIORITIES),
  context_id: name('What it belongs to'),
  attempt: integer('Dispatches so far', { minimum: 0 }),
  progress: object(
    'How far the agent has come.',
    { pct: { type: 'number', minimum: 0, maximum: 100 }, message: text('In the agent’s words') },
    ['pct'],
  ),
  artifact: ref('Artifact'),
  artifacts: arrayOf(
    ref('Artifact'),
    'All artifacts, where there are several; while the task goes on, as far as they have grown',
  ),
  message: ref('Message'),
  error: text('Why it failed or was rejected'),
  error_code: words('Why it failed or was rejected, for programs', [
    'AGENT_FAILED',
    'REJECTED',
    'TIMEOUT',
    'QUEUE_TIMEOUT',
    'AGENT_LOST',
    'MAX_ATTEMPTS',
  ]),
  late_result: object(
    'What the agent brought after the task had failed by timeout or loss.',
    {
      status: ref('TaskStatus'),
      at: time('When it came'),
      artifact: ref('Artifact'),
      error: text('Or why not'),
    },
    ['status', 'at'],
  ),
  routing: ref('RoutingDecision'),
  created_at: time('When it was taken in'),
  updated_at: time('Its newest change'),
  ended_at: time('When it ended'),
};

export const AGENT_FIELDS = {
  id: name('Same as `name`'),
  name: name('Unique within the namespace'),
  version: text('Of the agent'),
  description: text('In its own words'),
  namespace: name('The tenant'),
  kind: text('How it is connected, such as `bot`'),
  skills: arrayOf(ref('Skill'), 'What it can do'),
  load: integer('Tasks that it holds', { minimum: 0 }),
  max_concurrency: integer('Tasks that it can hold', { minimum: 1 }),
  status: words('A bot that is gone is not listed; a remote agent that does not answer is `offline`', [
    'online',
    'offline',
  ]),
  connected_at: time('Since when'),
  last_seen: time('Its last sign of life'),
};

export const ORCHESTRATOR_SCHEMAS: Readonly<Record<string, Schema>> = {
  TaskId: text('`t-` and 32 hex digits; later ones sort after earlier ones', { pattern: '^t-[0-9a-f]{32}$' }),
  TaskStatus: words('Where it stands', TASK_STATES),
  Part: {
    type: 'object',
    description: 'A piece of a message or an artifact: `{text}`, or any object with a `type` of its own.',
    properties: {
      type: text('Kind of the piece; `text` where there is a text'),
      kind: text('Another name of `type`'),
      text: text('The text'),
    },
    additionalProperties: true,
  },
  Artifact: ARTIFACT,
  Message: SAID,
  NewTask: object(
    'A task for an agent. Either `instruction` or `message` is needed.',
    {
      skill: name('What the agent must be able to do'),
      instruction: text('What to do, in words', { minLength: 1 }),
      message: MESSAGE,
      constraints: openObject('Limits for the agent, handed to it as they are'),
      metadata: openObject('For the agent, handed to it as it is'),
      namespace: name('The tenant; by default the token’s'),
      agent_id: name('Only this agent may work on it'),
      context_id: name('Tasks of one context prefer one agent (strategy `affinity`)'),
      priority: { ...words('Who goes first among waiting tasks', PRIORITIES), default: 'medium' },
      timeout_s: {
        type: 'number',
        exclusiveMinimum: 0,
        maximum: MAX_TIMEOUT_S,
        description: 'Seconds without a report after which the task fails',
      },
      idempotent: flag('Safe to run twice: handed out again whenever an agent is lost'),
      wait_for_agent: flag('Waits although no online agent has the skill'),
      callback_url: text('Told of every change of the state after the submission, by POST', {
        format: 'uri',
        maxLength: MAX_URL,
      }),
      callback_secret: text(
        'Signs these calls (Standard Webhooks): `whsec_` and 24 to 64 bytes in base64; never shown again',
        { pattern: '^whsec_[A-Za-z0-9+/]+={0,2}$' },
      ),
    },
    ['skill'],
  ),
  Answer: object(
    'What the caller says to an agent that waits for him. Either `instruction` or `message` is needed.',
    { instruction: text('In words', { minLength: 1 }), message: MESSAGE },
    [],
  ),
  TaskAck: object(
    'The task is in: committed and on disk.',
    {
      task_id: ref('TaskId'),
      status: words('Where it stood then', ['queued']),
      assigned_agent: { type: ['string', 'null'], description: 'Who gets it; null: it waits for an agent' },
    },
    ['task_id', 'status', 'assigned_agent'],
  ),
  Task: object('A task as it is now; what it does not have is left out.', TASK_FIELDS, [
    'task_id',
    'status',
    'skill',
    'assigned_agent',
    'namespace',
    'priority',
    'attempt',
    'created_at',
    'updated_at',
  ]),
  TaskList: object(
    'A page of tasks, newest first; without their artifacts.',
    {
      tasks: arrayOf(ref('Task'), 'The page'),
      next_cursor: {
        type: ['string', 'null'],
        description: '`cursor` of the next page; null: this was the last',
      },
    },
    ['tasks', 'next_cursor'],
  ),
  Skill: object(
    'One thing an agent can do.',
    {
      id: name('What tasks ask for'),
      name: text('For people'),
      description: text('For people and language models'),
      tags: arrayOf({ type: 'string' }, 'Words to find it by'),
    },
    ['id', 'name', 'description', 'tags'],
  ),
  Agent: object('An agent.', AGENT_FIELDS, Object.keys(AGENT_FIELDS)),
  AgentList: object(
    'The agents that the caller may see.',
    { agents: arrayOf(ref('Agent'), 'In no particular order'), total: integer('How many') },
    ['agents', 'total'],
  ),
  RoutingDecision: object('Why this agent, or why none.', ROUTING_FIELDS, ROUTING_REQUIRED),
};

export const EXAMPLE_TASK_ID = 't-01926f3ad1c07c3fa1d2c3b4a5968778';

export const EXAMPLE_TASK = {
  task_id: EXAMPLE_TASK_ID,
  status: 'completed',
  skill: 'summarize',
  assigned_agent: 'nanobot-text-001',
  namespace: 'default',
  priority: 'medium',
  attempt: 1,
  progress: { pct: 50, message: 'processing...' },
  artifact: { text: '摘要结果...' },
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:07.012Z',
  ended_at: '2026-01-02T03:04:07.012Z',
};

/** A task that goes on with its caller's answer. */
export const EXAMPLE_CONTINUED = {
  task_id: EXAMPLE_TASK_ID,
  status: 'queued',
  skill: 'summarize',
  assigned_agent: 'nanobot-text-001',
  namespace: 'default',
  priority: 'medium',
  attempt: 1,
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:09:05.678Z',
};

export const EXAMPLE_ACK = {
  task_id: EXAMPLE_TASK_ID,
  status: 'queued',
  assigned_agent: 'nanobot-text-001',
};

export const EXAMPLE_AGENTS = {
  agents: [
    {
      id: 'nanobot-text-001',
      name: 'nanobot-text-001',
      version: '1.0.0',
      description: '',
      namespace: 'production',
      kind: 'bot',
      skills: [{ id: 'summarize', name: 'Text Summarization', description: '', tags: [] }],
      load: 1,
      max_concurrency: 3,
      status: 'online',
      connected_at: '2026-01-02T03:00:00.000Z',
      last_seen: '2026-01-02T03:04:05.678Z',
    },
  ],
  total: 1,
};

/** What to ask for in the seed's own examples. */
export const EXAMPLE_TASKS = {
  minimal: {
    summary: 'A skill and an instruction',
    value: { skill: 'summarize', instruction: '请摘要:AI正在改变世界...' },
  },
  full: {
    summary: 'With limits, priority and a deadline',
    value: {
      skill: 'summarize',
      message: { role: 'user', parts: [{ type: 'text', text: 'Summarize: AI is changing the world.' }] },
      constraints: { max_words: 50 },
      priority: 'high',
      timeout_s: 120,
      context_id: 'conversation-1',
      idempotent: true,
    },
  },
  waiting: {
    summary: 'Waits until an agent with the skill comes',
    value: { skill: 'translate', instruction: 'Translate: 今天天气真好', wait_for_agent: true },
  },
};
