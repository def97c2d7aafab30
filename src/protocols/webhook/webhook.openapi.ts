import { MESSAGE_STATES } from '../../core/agent-message.js';
import {
  arrayOf,
  integer,
  jsonBody,
  object,
  ok,
  openObject,
  pathParameter,
  PUBLIC,
  queryParameter,
  ref,
  refusals,
  text,
  time,
  words,
  type ApiFragment,
  type Operation,
  type Schema,
} from '../../transport/openapi/fragment.js';
import { EXAMPLE_TASK_ID } from '../../transport/orchestrator/orchestrator.openapi.js';

/** Seed 001's API, described. */
const name = (description: string): Schema => text(description, { minLength: 1, maxLength: 128 });
const one = (summary: string, value: unknown) => ({ example: { summary, value } });
const only = (word: string): Schema => words('Always this', [word]);

const MESSAGE_ID = 'msg-01a2148c04c97000ba06ac8cecb50000';
const CONVERSATION_ID = 'conv-abc-123';
const NOW = '2026-03-05T12:00:00.000Z';
const LEASED = '2026-03-05T12:01:00.000Z';
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=';
const CONTENT = [{ type: 'text', text: 'Hello' }];

const PUSH = {
  message_id: MESSAGE_ID,
  conversation_id: CONVERSATION_ID,
  from_agent_id: 'sender-001',
  content: CONTENT,
  metadata: {},
  timestamp: NOW,
};
const RECORD = {
  ...PUSH,
  to_agent_id: 'receiver-001',
  namespace: 'default',
  status: 'sent',
  attempts: 1,
  updated_at: NOW,
};
const TRIED = { ...RECORD, attempt_log: [{ at: NOW, ms: 12, status: 200 }] };
const AGENT = {
  agent_id: 'agent-001',
  agent_name: 'Research Agent',
  agent_type: 'analyst',
  capabilities: ['search', 'analyze'],
  status: 'online',
  last_heartbeat: NOW,
  description: '',
  namespace: 'default',
  kind: 'webhook',
  metadata: {},
};

const AGENT_PATH = pathParameter('agent_id', 'The agent', name('Its `agent_id`'));
const STATUS = words('By its heartbeats', ['online', 'offline']);
const REFUSED = ['INVALID', 'UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED'] as const;
const BODY_REFUSED = [...REFUSED, 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const;
const NO_AGENT = 'AGENT_NOT_FOUND';

const MESSAGE_FIELDS = {
  message_id: text('Its id, the same over all attempts'),
  conversation_id: text('The conversation'),
  from_agent_id: text('Who said it'),
  to_agent_id: text('Who gets it'),
  content: ref('Content'),
  metadata: openObject('As it was sent'),
  timestamp: time('When it was sent'),
  namespace: text('The tenant'),
  status: words(
    '`sent`: the receiver has taken it, or it is in its inbox; `acknowledged`: it was pulled and acknowledged',
    MESSAGE_STATES,
  ),
  error: text('Why the newest attempt has failed'),
  attempts: integer('Tries so far; for a receiver that pulls: how often it was handed out'),
  updated_at: time('Last change'),
};
const ATTEMPT = object(
  'One try.',
  {
    at: time('When'),
    ms: integer('How long it took'),
    status: integer('Of the answer; absent: there was none'),
    error: text('Absent: it was taken'),
  },
  ['at', 'ms'],
);
const SUBSCRIPTION_FIELDS = {
  subscription_id: text('Its id'),
  topic: name('The topic'),
  kind: words('What gets it', ['agent', 'webhook']),
  agent_id: text('The agent'),
  created_at: time('Since when'),
};
const SUBSCRIPTION_REQUIRED = ['subscription_id', 'topic', 'kind', 'created_at'];

const SCHEMAS: Readonly<Record<string, Schema>> = {
  AgentRegistration: object(
    'The Agent Card of seed 001. With `delivery: "pull"` there is no `webhook_url`: the agent asks for its work.',
    {
      agent_id: name('Unique within the namespace'),
      agent_name: text('For people', { maxLength: 256 }),
      agent_type: name('For finding agents of a kind'),
      capabilities: arrayOf(name('Id of a skill'), 'What it can do: tasks with these skills reach it'),
      description: text('For people', { maxLength: 4096 }),
      webhook_url: text('Absolute http or https URL that messages and tasks are posted to', {
        format: 'uri',
      }),
      metadata: openObject('Its own business'),
      namespace: name('The tenant; from the token where there is one'),
      delivery: { ...words('How it is reached', ['webhook', 'pull']), default: 'webhook' },
      webhook_secret: text('Signs what is posted (Standard Webhooks): `whsec_` and 24 to 64 bytes in base64'),
      max_concurrency: integer('Tasks that it works on at a time', {
        minimum: 1,
        maximum: 10_000,
        default: 10,
      }),
    },
    ['agent_id'],
  ),
  AgentId: object('Which agent.', { agent_id: name('The agent') }, ['agent_id']),
  GatewayAgent: object(
    'An agent of any kind.',
    {
      agent_id: name('The agent'),
      agent_name: text('For people'),
      agent_type: {
        type: ['string', 'null'],
        description: 'Its type; of agents with another connection: its kind',
      },
      capabilities: arrayOf(text('A skill'), 'What it can do'),
      status: STATUS,
      last_heartbeat: time('Last sign of life'),
      description: text('For people'),
      namespace: text('The tenant'),
      kind: text('How it is reached: `webhook`, `pull`, or the kind of its connection'),
      metadata: openObject('Its own business'),
    },
    Object.keys(AGENT),
  ),
  Content: arrayOf(openObject('A block; blocks of any type pass through unread'), 'What is said, in blocks'),
  NewAgentMessage: object(
    'A message from one agent to another.',
    {
      from_agent_id: name('Who says it'),
      to_agent_id: name('Who gets it'),
      conversation_id: {
        type: ['string', 'null'],
        description: 'Empty, null or absent: a new one begins',
        maxLength: 256,
      },
      content: ref('Content'),
      metadata: {
        type: ['object', 'null'],
        description:
          'Passes through. `delivery: "queued"`: taken in durably and delivered with retries (202)',
        additionalProperties: true,
      },
    },
    ['from_agent_id', 'to_agent_id', 'content'],
  ),
  SentMessage: object(
    'A message that was taken in.',
    {
      message_id: text('Its id'),
      conversation_id: text('The conversation'),
      status: words('`sent`: taken by the receiver; `queued`: on its way', ['sent', 'queued']),
    },
    ['message_id', 'conversation_id', 'status'],
  ),
  AgentMessage: object('A message on record.', MESSAGE_FIELDS, Object.keys(RECORD)),
  TriedMessage: object(
    'A message with how its tries went.',
    { ...MESSAGE_FIELDS, attempt_log: arrayOf(ATTEMPT, 'Of a queued message, oldest first') },
    [...Object.keys(RECORD), 'attempt_log'],
  ),
  Published: object(
    'Something that was published, as streams and URLs get it.',
    {
      topic: name('The topic'),
      seq: integer('Counts what was published to the topic'),
      message_id: text('Its id'),
      conversation_id: text('`topic-` and the name of the topic'),
      from_agent_id: text('Who published it'),
      content: ref('Content'),
      metadata: openObject('As it was published'),
      timestamp: time('When'),
    },
    Object.keys({ topic: '', seq: 0, ...PUSH }),
  ),
  Subscription: object('Who gets what is published.', SUBSCRIPTION_FIELDS, SUBSCRIPTION_REQUIRED),
  PulledItem: object(
    'A message, a task, or word that a task is canceled; it belongs to whoever got it until the lease ends.',
    {
      kind: words('What it is', ['message', 'task', 'cancel']),
      lease_id: text('The lease'),
      lease_expires_at: time('When it goes to somebody else, unless acknowledged, extended or reported on'),
      task_id: ref('TaskId'),
      skill: text('What the task needs'),
      attempt: integer('Send it back with every report: a report of an earlier attempt changes nothing'),
      message_id: text('For acknowledging'),
      conversation_id: text('The conversation'),
      from_agent_id: text('Who said it; `gateway` for tasks'),
      content: ref('Content'),
      metadata: openObject('Of a task: its skill, constraints, attempt and the caller’s own metadata'),
      timestamp: time('When it was sent'),
    },
    ['kind', 'lease_id', 'lease_expires_at', ...Object.keys(PUSH)],
  ),
  TaskReport: object(
    'What an agent says about a task, as a bot does by `tasks/status`.',
    {
      status: words('How far it is; with `input_required` and `auth_required` it waits for the caller', [
        'running',
        'completed',
        'failed',
        'rejected',
        'input_required',
        'auth_required',
      ]),
      pct: { type: 'number', description: 'Progress, 0 to 100' },
      message: {
        description: 'What it says: text, or a message in parts',
        oneOf: [text('In words'), openObject('`{role, parts}`')],
      },
      artifact: {
        description: 'What it has made; a string stands for its text',
        oneOf: [openObject('An artifact'), text('Its text')],
      },
      append: { type: 'boolean', description: 'The artifact is a chunk to add' },
      last_chunk: { type: 'boolean', description: 'Nothing is added after this' },
      error: text('Why it has failed'),
      attempt: integer('The dispatch that it belongs to', { minimum: 1 }),
    },
    ['status'],
  ),
};

const okBody = (description: string) =>
  ok(description, object('Done.', { status: only('ok') }, ['status']), one('Done', { status: 'ok' }));

const idsTaken = (description: string, more: Readonly<Record<string, Schema>> = {}) =>
  object(
    description,
    { status: only('ok'), message_ids: arrayOf(text('An id'), 'Those that were still there'), ...more },
    ['status', 'message_ids', ...Object.keys(more)],
  );

const REGISTER: Operation = {
  operationId: 'registerAgent',
  summary: 'Register an agent that has a URL, or that polls',
  description:
    'New, or in place of what it said before; survives a restart. Its capabilities are its skills: tasks of every API reach it. ' +
    'A host that cannot be resolved now is no error; an address that may not be called is.',
  requestBody: jsonBody(ref('AgentRegistration'), {
    seed: {
      summary: 'With a webhook',
      value: {
        agent_id: 'my-agent-001',
        agent_name: 'My Agent',
        agent_type: 'analyst',
        capabilities: ['search', 'analyze'],
        description: '我的分析 Agent',
        webhook_url: 'http://my-agent.local:8080/webhook/a2a-messages',
      },
    },
    pull: {
      summary: 'Without an address',
      value: { agent_id: 'receiver-001', capabilities: ['dig'], delivery: 'pull' },
    },
  }),
  responses: {
    200: ok(
      'It is registered and online',
      object(
        'Registered.',
        {
          status: only('registered'),
          agent_id: name('The agent'),
          webhook_secret: text('Where the gateway has made it: shown this once'),
        },
        ['status', 'agent_id'],
      ),
      one('Registered', { status: 'registered', agent_id: 'my-agent-001', webhook_secret: SECRET }),
    ),
    ...refusals([...BODY_REFUSED, 'CONFLICT', 'STORAGE_UNAVAILABLE']),
  },
};

const HEARTBEAT: Operation = {
  operationId: 'agentHeartbeat',
  summary: 'Say that an agent is alive',
  description:
    'Every 30 s. After GATEWAY_WEBHOOKS_HEARTBEAT_TIMEOUT without one it is offline; the next one brings it back.',
  requestBody: jsonBody(ref('AgentId'), one('Alive', { agent_id: 'my-agent-001' })),
  responses: { 200: okBody('Noted'), ...refusals([...BODY_REFUSED, NO_AGENT, 'CONFLICT']) },
};

const UNREGISTER: Operation = {
  operationId: 'unregisterAgent',
  summary: 'Say goodbye',
  requestBody: jsonBody(ref('AgentId'), one('Goodbye', { agent_id: 'my-agent-001' })),
  responses: {
    200: ok(
      'It is offline until it registers again',
      object('Gone.', { status: only('unregistered') }, ['status']),
      one('Gone', { status: 'unregistered' }),
    ),
    ...refusals([...BODY_REFUSED, NO_AGENT]),
  },
};

const AGENTS: Operation = {
  operationId: 'listGatewayAgents',
  summary: 'Agents of every kind, by type and status',
  parameters: [
    queryParameter('agent_type', 'Only this type', text('A type')),
    queryParameter('online_only', 'Also those that are offline: `false`', { type: 'boolean', default: true }),
  ],
  responses: {
    200: ok(
      'The agents',
      object('A list.', { agents: arrayOf(ref('GatewayAgent'), 'The agents'), total: integer('How many') }, [
        'agents',
        'total',
      ]),
      one('One', { agents: [AGENT], total: 1 }),
    ),
    ...refusals(REFUSED),
  },
};

const AGENT_STATUS: Operation = {
  operationId: 'getAgentStatus',
  summary: 'Whether an agent is online',
  parameters: [AGENT_PATH],
  responses: {
    200: ok(
      'Its status',
      object(
        'A status.',
        { agent_id: name('The agent'), status: STATUS, last_heartbeat: time('Last sign of life') },
        ['agent_id', 'status', 'last_heartbeat'],
      ),
      one('Online', { agent_id: 'agent-001', status: 'online', last_heartbeat: NOW }),
    ),
    ...refusals([...REFUSED, NO_AGENT]),
  },
};

const ROTATE: Operation = {
  operationId: 'rotateWebhookSecret',
  summary: 'Give an agent a new signing secret',
  description:
    'Until the overlap is over, what is posted carries a signature by the new secret and one by the old.',
  parameters: [AGENT_PATH],
  requestBody: jsonBody(
    object('How.', {
      webhook_secret: text('The new one; made when absent'),
      overlap_s: integer('Seconds for which the old one stays valid', { minimum: 0, default: 86_400 }),
    }),
    one('Made by the gateway', { overlap_s: 3600 }),
  ),
  responses: {
    200: ok(
      'The new secret, shown this once',
      object(
        'Rotated.',
        {
          agent_id: name('The agent'),
          webhook_secret: text('The new secret'),
          overlap_until: time('Until then both are valid'),
        },
        ['agent_id', 'webhook_secret', 'overlap_until'],
      ),
      one('Rotated', { agent_id: 'my-agent-001', webhook_secret: SECRET, overlap_until: LEASED }),
    ),
    ...refusals([...BODY_REFUSED, NO_AGENT, 'CONFLICT', 'STORAGE_UNAVAILABLE']),
  },
};

const HEALTH: Operation = {
  ...PUBLIC,
  operationId: 'gatewayHealth',
  summary: 'Whether the gateway runs',
  responses: {
    200: ok(
      'It runs',
      object(
        'Health.',
        {
          status: only('running'),
          version: text('Of the gateway'),
          uptime_seconds: integer('Since its start'),
          registered_agents: integer('Agents that have registered, online or not'),
        },
        ['status', 'version', 'uptime_seconds', 'registered_agents'],
      ),
      one('Running', { status: 'running', version: '1.0.0', uptime_seconds: 3600, registered_agents: 5 }),
    ),
  },
};

const SEND: Operation = {
  operationId: 'sendAgentMessage',
  summary: 'Send a message to an agent',
  description:
    'Answered when the receiver’s webhook has taken it (any 2xx; one attempt), or when it is in the inbox of an agent that polls. ' +
    'Where it was not taken, the message and the reason are on record: the answer names the message.',
  requestBody: jsonBody(
    ref('NewAgentMessage'),
    one('A message', {
      from_agent_id: 'sender-001',
      to_agent_id: 'receiver-001',
      conversation_id: CONVERSATION_ID,
      content: CONTENT,
      metadata: {},
    }),
  ),
  responses: {
    200: ok(
      'It was taken',
      ref('SentMessage'),
      one('Sent', { message_id: MESSAGE_ID, conversation_id: CONVERSATION_ID, status: 'sent' }),
    ),
    202: ok(
      'It is on disk and will be delivered (`metadata.delivery: "queued"`)',
      ref('SentMessage'),
      one('Queued', { message_id: MESSAGE_ID, conversation_id: CONVERSATION_ID, status: 'queued' }),
    ),
    ...refusals([...BODY_REFUSED, 'OVERLOADED', 'STORAGE_UNAVAILABLE']),
    ...refusals({
      AGENT_NOT_FOUND: 'The receiver is unknown or offline',
      UPSTREAM: 'The receiver has not taken it; `detail` names the message and the reason',
    }),
  },
};

const MESSAGE: Operation = {
  operationId: 'getAgentMessage',
  summary: 'A message and what has become of it',
  parameters: [pathParameter('message_id', 'The message', text('Its `message_id`'))],
  responses: {
    200: ok('The message', ref('TriedMessage'), one('Sent', TRIED)),
    ...refusals([...REFUSED, 'NOT_FOUND']),
  },
};

const CONVERSATION: Operation = {
  operationId: 'listConversation',
  summary: 'The messages of a conversation, oldest first',
  parameters: [
    pathParameter('conversation_id', 'The conversation', text('Its `conversation_id`')),
    queryParameter('cursor', '`next_cursor` of the page before', text('A cursor')),
    queryParameter('limit', 'Size of the page', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
  ],
  responses: {
    200: ok(
      'A page; empty for a conversation that does not exist',
      object(
        'A page.',
        {
          conversation_id: text('The conversation'),
          messages: arrayOf(ref('AgentMessage'), 'Oldest first'),
          next_cursor: {
            type: ['string', 'null'],
            description: 'For the next page; null: this was the last',
          },
        },
        ['conversation_id', 'messages', 'next_cursor'],
      ),
      one('The last page', { conversation_id: CONVERSATION_ID, messages: [RECORD], next_cursor: null }),
    ),
    ...refusals(REFUSED),
  },
};

const DEAD = {
  ...RECORD,
  status: 'dead',
  error: 'the webhook answered 500',
  attempts: 16,
};

const DEAD_LETTERS: Operation = {
  operationId: 'listDeadLetters',
  summary: 'Messages that were given up, newest first',
  parameters: [
    queryParameter('cursor', '`next_cursor` of the page before', text('A cursor')),
    queryParameter('limit', 'Size of the page', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
  ],
  responses: {
    200: ok(
      'A page',
      object(
        'A page.',
        {
          dead_letters: arrayOf(ref('AgentMessage'), 'Newest first'),
          next_cursor: {
            type: ['string', 'null'],
            description: 'For the next page; null: this was the last',
          },
        },
        ['dead_letters', 'next_cursor'],
      ),
      one('The last page', { dead_letters: [DEAD], next_cursor: null }),
    ),
    ...refusals(REFUSED),
  },
};

const DEAD_LETTER: Operation = {
  operationId: 'getDeadLetter',
  summary: 'A message that was given up, and how every try went',
  parameters: [pathParameter('message_id', 'The message', text('Its `message_id`'))],
  responses: {
    200: ok(
      'The message',
      ref('TriedMessage'),
      one('Given up', {
        ...DEAD,
        attempt_log: [{ at: NOW, ms: 12, status: 500, error: 'the webhook answered 500' }],
      }),
    ),
    ...refusals([...REFUSED, 'NOT_FOUND']),
  },
};

const REDELIVER: Operation = {
  operationId: 'redeliverDeadLetter',
  summary: 'Start a message that was given up again, with all its tries',
  parameters: [pathParameter('message_id', 'The message', text('Its `message_id`'))],
  responses: {
    202: ok('It is queued', ref('AgentMessage'), one('Queued', { ...RECORD, status: 'queued', attempts: 0 })),
    ...refusals([...REFUSED, 'NOT_FOUND', 'CONFLICT', 'STORAGE_UNAVAILABLE']),
  },
};

const INBOX: Operation = {
  operationId: 'pullInbox',
  summary: 'Ask for an agent’s messages and tasks (long poll)',
  description:
    'For agents that register with `delivery: "pull"`. What is handed out is leased (GATEWAY_WEBHOOKS_INBOX_LEASE): who does not ' +
    'acknowledge, extend or report in time loses it to whoever asks next; a task gets a new attempt then. Asking is a heartbeat.',
  parameters: [
    AGENT_PATH,
    queryParameter(
      'wait',
      'How long to wait for the first one, at most 60 s',
      text('`30s`', { default: '0s' }),
    ),
    queryParameter('limit', 'At most so many', { type: 'integer', minimum: 1, maximum: 100, default: 10 }),
  ],
  responses: {
    200: ok(
      'What there was; empty when the wait is over',
      object('What is handed out.', { messages: arrayOf(ref('PulledItem'), 'Oldest first') }, ['messages']),
      one('A message and a task', {
        messages: [
          { kind: 'message', lease_id: 'lease-1', lease_expires_at: LEASED, ...PUSH },
          {
            kind: 'task',
            lease_id: 'lease-1',
            lease_expires_at: LEASED,
            task_id: EXAMPLE_TASK_ID,
            skill: 'dig',
            attempt: 1,
            ...PUSH,
            from_agent_id: 'gateway',
            metadata: { kind: 'task', task_id: EXAMPLE_TASK_ID, skill: 'dig', constraints: {}, attempt: 1 },
          },
        ],
      }),
    ),
    ...refusals([...REFUSED, NO_AGENT, 'CONFLICT', 'STORAGE_UNAVAILABLE']),
  },
};

const ACK: Operation = {
  operationId: 'acknowledgeInbox',
  summary: 'Acknowledge what was pulled',
  description:
    'A message leaves the inbox. A task’s lease ends: from then on the task’s own timeout counts. Repeats are harmless.',
  parameters: [AGENT_PATH],
  requestBody: jsonBody(
    object('Which.', { message_ids: arrayOf(text('A `message_id`'), '1 to 100') }, ['message_ids']),
    one('One', { message_ids: [MESSAGE_ID] }),
  ),
  responses: {
    200: ok('Done', idsTaken('Acknowledged.'), one('One', { status: 'ok', message_ids: [MESSAGE_ID] })),
    ...refusals([...BODY_REFUSED, NO_AGENT, 'CONFLICT', 'STORAGE_UNAVAILABLE']),
  },
};

const EXTEND: Operation = {
  operationId: 'extendInbox',
  summary: 'Keep what was pulled for longer',
  parameters: [AGENT_PATH],
  requestBody: jsonBody(
    object(
      'Which, and for how long.',
      {
        message_ids: arrayOf(text('A `message_id`'), '1 to 100'),
        lease_s: integer('Seconds from now; by default as long as any lease', {
          minimum: 0,
          maximum: 86_400,
        }),
      },
      ['message_ids'],
    ),
    one('Five more minutes', { message_ids: [MESSAGE_ID], lease_s: 300 }),
  ),
  responses: {
    200: ok(
      'Done; what is not named has gone to somebody else',
      idsTaken('Extended.', { lease_expires_at: time('The new end') }),
      one('One', { status: 'ok', message_ids: [MESSAGE_ID], lease_expires_at: LEASED }),
    ),
    ...refusals([...BODY_REFUSED, NO_AGENT, 'CONFLICT', 'STORAGE_UNAVAILABLE']),
  },
};

const REPORT: Operation = {
  operationId: 'reportTask',
  summary: 'Report on a task',
  description:
    'For agents that have registered here. Answered when the report is stored; with its `attempt` nobody else’s is touched.',
  parameters: [{ ...pathParameter('id', 'The task', ref('TaskId')), example: EXAMPLE_TASK_ID }],
  requestBody: jsonBody(ref('TaskReport'), {
    progress: { summary: 'Half-way', value: { status: 'running', pct: 50, attempt: 1 } },
    completed: {
      summary: 'Done',
      value: { status: 'completed', artifact: { text: '摘要结果...' }, attempt: 1 },
    },
  }),
  responses: {
    200: okBody('Stored'),
    ...refusals([...BODY_REFUSED, 'CONFLICT']),
    ...refusals({
      TASK_NOT_FOUND: 'This agent has no open task of that id and attempt',
      AGENT_NOT_FOUND: 'The agent has said goodbye',
    }),
  },
};

const TOPIC_PATH = pathParameter('topic', 'The topic', name('Its name'));
const PUBLISHED = { topic: 'weather', seq: 7, ...PUSH };
const SUBSCRIPTION = {
  subscription_id: 'sub-1',
  topic: 'weather',
  kind: 'agent',
  agent_id: 'receiver-001',
  created_at: NOW,
};

const PUBLISH: Operation = {
  operationId: 'publish',
  summary: 'Publish to a topic',
  description:
    'Answered when it is on disk with everything that goes out because of it: every subscribed agent gets a message of its own, ' +
    'every URL a post, in the order of publication. What is retained goes to whoever subscribes later.',
  parameters: [TOPIC_PATH],
  requestBody: jsonBody(
    object(
      'What is published.',
      {
        content: ref('Content'),
        metadata: openObject('Passes through'),
        from_agent_id: name('Who publishes; `gateway` when absent'),
        retain: { type: 'boolean', description: 'Keep it as the last value', default: true },
      },
      ['content'],
    ),
    one('A value', { content: CONTENT }),
  ),
  responses: {
    200: ok(
      'It is on disk',
      object(
        'Published.',
        {
          message_id: text('Its id'),
          topic: name('The topic'),
          seq: integer('Counts what was published to the topic'),
          subscribers: integer('How many get it: open streams, agents and URLs'),
        },
        ['message_id', 'topic', 'seq', 'subscribers'],
      ),
      one('Published', { message_id: MESSAGE_ID, topic: 'weather', seq: 7, subscribers: 3 }),
    ),
    ...refusals([...BODY_REFUSED, 'STORAGE_UNAVAILABLE']),
  },
};

const TOPIC_STREAM: Operation = {
  operationId: 'watchTopic',
  summary: 'Watch a topic (Server-Sent Events)',
  description: 'The last value, if there is one that was retained; then what is published.',
  parameters: [TOPIC_PATH],
  responses: {
    200: {
      description: 'Events `message`; `data` is a `Published`',
      content: {
        'text/event-stream': {
          schema: text('Events as lines `id:`, `event:`, `data:`'),
          examples: one('The last value', `id: 7\nevent: message\ndata: ${JSON.stringify(PUBLISHED)}\n\n`),
        },
      },
    },
    ...refusals(REFUSED),
  },
};

const SUBSCRIBE: Operation = {
  operationId: 'subscribe',
  summary: 'Subscribe an agent or a URL to a topic',
  requestBody: jsonBody(
    object(
      'One of `agent_id` and `webhook_url`.',
      {
        topic: name('The topic'),
        agent_id: name('An agent of any kind; it gets messages'),
        webhook_url: text('Absolute http or https URL that is posted to', { format: 'uri' }),
        webhook_secret: text('Signs the posts (Standard Webhooks); made and returned once when absent'),
      },
      ['topic'],
    ),
    one('An agent', { topic: 'weather', agent_id: 'receiver-001' }),
  ),
  responses: {
    200: ok(
      'It is subscribed',
      object(
        'Subscribed.',
        {
          ...SUBSCRIPTION_FIELDS,
          webhook_secret: text('Where the gateway has made it: shown this once'),
        },
        SUBSCRIPTION_REQUIRED,
      ),
      one('An agent', SUBSCRIPTION),
    ),
    ...refusals([...BODY_REFUSED, 'CONFLICT', 'STORAGE_UNAVAILABLE']),
  },
};

const SUBSCRIPTIONS: Operation = {
  operationId: 'listSubscriptions',
  summary: 'Who has subscribed to what',
  responses: {
    200: ok(
      'At most 1,000',
      object(
        'A list.',
        { subscriptions: arrayOf(ref('Subscription'), 'The subscriptions'), total: integer('How many') },
        ['subscriptions', 'total'],
      ),
      one('One', { subscriptions: [SUBSCRIPTION], total: 1 }),
    ),
    ...refusals(['UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED']),
  },
};

const UNSUBSCRIBE: Operation = {
  operationId: 'unsubscribe',
  summary: 'End a subscription',
  parameters: [pathParameter('subscription_id', 'The subscription', text('Its `subscription_id`'))],
  responses: {
    200: ok(
      'It is ended',
      object('Ended.', { status: only('unsubscribed') }, ['status']),
      one('Ended', { status: 'unsubscribed' }),
    ),
    ...refusals([...REFUSED, 'NOT_FOUND', 'STORAGE_UNAVAILABLE']),
  },
};

export const WEBHOOK_API: ApiFragment = {
  tag: {
    name: 'Agents and messages',
    description: 'Agents that have a URL or that poll, and messages between agents of every kind',
  },
  operations: {
    'POST /gateway/register': REGISTER,
    'POST /gateway/heartbeat': HEARTBEAT,
    'GET /gateway/agents': AGENTS,
    'GET /gateway/status/{agent_id}': AGENT_STATUS,
    'POST /gateway/agents/{agent_id}/rotate-secret': ROTATE,
    'POST /gateway/send': SEND,
    'GET /gateway/messages/{message_id}': MESSAGE,
    'GET /gateway/conversations/{conversation_id}/messages': CONVERSATION,
    'GET /gateway/dead-letters': DEAD_LETTERS,
    'GET /gateway/dead-letters/{message_id}': DEAD_LETTER,
    'POST /gateway/dead-letters/{message_id}/redeliver': REDELIVER,
    'GET /gateway/inbox/{agent_id}': INBOX,
    'POST /gateway/inbox/{agent_id}/ack': ACK,
    'POST /gateway/inbox/{agent_id}/extend': EXTEND,
    'POST /gateway/tasks/{id}/status': REPORT,
    'POST /gateway/topics/{topic}/publish': PUBLISH,
    'GET /gateway/topics/{topic}/stream': TOPIC_STREAM,
    'POST /gateway/subscriptions': SUBSCRIBE,
    'GET /gateway/subscriptions': SUBSCRIPTIONS,
    'DELETE /gateway/subscriptions/{subscription_id}': UNSUBSCRIBE,
    'POST /gateway/unregister': UNREGISTER,
    'GET /gateway/health': HEALTH,
  },
  schemas: SCHEMAS,
};
