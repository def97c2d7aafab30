import { ERROR_CODES } from '../../core/errors.js';
import { NEXT, TASK_STATES } from '../../core/task-states.js';
import { HTTP_ERRORS } from '../../transport/http/error-table.js';
import { MAX_BATCH } from '../../transport/jsonrpc/envelope.js';
import { RPC_ERRORS } from '../../transport/jsonrpc/error-codes.js';
import { MAX_PARTS, MAX_TIMEOUT_S } from '../../transport/orchestrator/new-task.js';
import type { NewTaskWire } from '../../transport/orchestrator/orchestrator.wire.js';
import { RPC_METHODS } from '../../transport/orchestrator/rpc-methods.js';
import { code, duration, json, sections, size, table } from './markdown.js';
import { REST_ROUTES } from './rest.routes.js';
import { STREAM_EVENTS } from './stream-events.js';
import type { SkillSettings } from './skill-settings.js';

/** Every field of a new task; one that is added does not compile until it is explained. */
const FIELDS: Record<keyof NewTaskWire, string> = {
  skill: '**required** string: id of the skill that the bot must have',
  instruction: '**required** string (or `message`): what to do',
  message: `object \`{role, parts}\` instead of \`instruction\`; parts are \`{"type":"text","text":…}\`, 1 to ${MAX_PARTS}`,
  constraints: 'object, handed to the bot as it is',
  metadata: 'object, handed to the bot as it is',
  namespace: 'string: the tenant; with auth on your token’s namespace, and no other',
  agent_id: 'string: only this agent may do it',
  context_id: 'string: groups tasks that belong together',
  priority: '`high`, `medium` (default) or `low`: order among waiting tasks',
  timeout_s: `number above 0, at most ${MAX_TIMEOUT_S}: seconds without a word from the bot after which the task fails`,
  idempotent: 'boolean: safe to run twice, so it is handed to another bot when one is lost',
  wait_for_agent: 'boolean: wait although no online bot has the skill (otherwise: refused)',
  callback_url:
    'string: URL that gets a POST at every change of the status after `queued`: the event as in the stream, plus `sequence`, `at` and the whole `task`; in order, tried again until it answers 2xx',
  callback_secret:
    'string: `whsec_` and base64; signs these calls in the headers `webhook-id`, `webhook-timestamp`, `webhook-signature` (Standard Webhooks)',
};

/** Part 1. */
export const orchestratorChapter = (config: SkillSettings): string =>
  sections(
    '# Part 1: orchestrators',
    `Base URL: \`${config.publicUrl}\``,
    table(
      ['method', 'path', 'right', 'what it does'],
      REST_ROUTES.map(({ method, path, right, summary }) => [
        method,
        `\`${path}\``,
        right ?? 'public',
        summary,
      ]),
    ),
    'Besides: `POST /jsonrpc` (below); public: `GET /health`, `/health/live`, `/health/ready`.',
    credentials(config),
    submitting(config),
    watching(config),
    answering(config),
    states(config),
    jsonRpc(config),
    errors(),
  );

function credentials({ auth }: SkillSettings): string {
  const text =
    auth.mode === 'off'
      ? 'Authentication is off on this gateway: send no credentials.'
      : [
          'Send `Authorization: Bearer <JWT>` with every request that is not public; never put a token into a URL.',
          'The token’s `namespace` is your tenant: you see its agents and tasks and no others.',
          'Clients of the gateway itself get a token by `POST /oauth/token` with `grant_type=client_credentials` (form, HTTP Basic).',
        ].join('\n');
  return sections('## Credentials', text);
}

function submitting({ publicUrl, http }: SkillSettings): string {
  return sections(
    '## Submit a task: POST /tasks',
    code(
      'sh',
      `curl -X POST ${publicUrl}/tasks -H 'Content-Type: application/json' \\
  -d '{"skill":"summarize","instruction":"Please summarise: …"}'`,
    ),
    'Answer, status 200; from then on the task is on disk and survives any crash of the gateway:',
    json({
      task_id: 't-0123456789abcdef0123456789abcdef',
      status: 'queued',
      assigned_agent: 'nanobot-text-001',
    }),
    '`assigned_agent` is null while the task waits for a bot to have room.',
    table(
      ['field', 'meaning'],
      Object.entries(FIELDS).map(([name, meaning]) => [`\`${name}\``, meaning]),
    ),
    `Bodies are \`application/json\`, at most ${size(http.bodyLimit)}. Header \`Idempotency-Key\` (1 to 255 visible ASCII characters): the same key with the same
body gives the same task however often it is sent, with another body 409. Use one whenever you may have to send again.`,
  );
}

function watching({ publicUrl, sse }: SkillSettings): string {
  return sections(
    '## Watch it: GET /tasks/:id/stream',
    code(
      'sh',
      `curl -N ${publicUrl}/tasks/t-…/stream

id: 1
event: queued
data: {"event":"queued","task_id":"t-…","agent_id":"nanobot-text-001"}

id: 2
event: progress
data: {"event":"progress","task_id":"t-…","pct":50,"message":"processing..."}

id: 3
event: completed
data: {"event":"completed","task_id":"t-…","artifact":{"text":"…"}}`,
    ),
    `The stream starts with the task’s first event whenever you subscribe, goes on live, and ends after the event that ends the task.
Lines that begin with \`:\` keep the connection alive (at least every ${duration(sse.keepalive)}). Cut off? Ask again with \`Last-Event-ID: <last id>\` and nothing
is missed or repeated. An id that the log does not know gets \`event: reset\`, then the full log.`,
    table(
      ['event', 'when', 'fields besides `event` and `task_id`'],
      Object.entries(STREAM_EVENTS).map(([name, { when, fields }]) => [`\`${name}\``, when, fields]),
    ),
  );
}

function answering({ publicUrl, tasks }: SkillSettings): string {
  return sections(
    '## Answer a bot: POST /tasks/:id/messages',
    `A bot may need more from you. The task is \`input_required\` then (or \`auth_required\`), and \`message\` in the event and in the task says what
for. Answer within ${duration(tasks.inputTimeout)}:`,
    code(
      'sh',
      `curl -X POST ${publicUrl}/tasks/t-…/messages -H 'Content-Type: application/json' -d '{"instruction":"The second one."}'`,
    ),
    'The task goes on with the same bot; its stream stays open all the while. `message {role, parts}` may stand for `instruction`, and `Idempotency-Key` makes a repeat safe.',
  );
}

function states({ tasks }: SkillSettings): string {
  return sections(
    '## States of a task',
    table(
      ['state', 'may become'],
      TASK_STATES.map((state) => [
        `\`${state}\``,
        NEXT[state].map((next) => `\`${next}\``).join(', ') || '– (final)',
      ]),
    ),
    `A running task fails after ${duration(tasks.timeout)} without a report (or its own \`timeout_s\`), a waiting one after ${duration(tasks.queueTimeout)}.
Results are at \`GET /tasks/:id\`: \`status\`, \`artifact\` when completed, \`error\` (and \`error_code\`) when failed, \`late_result\` when the bot answered too late.`,
  );
}

function jsonRpc({ publicUrl }: SkillSettings): string {
  return sections(
    `## JSON-RPC 2.0: POST ${publicUrl}/jsonrpc`,
    'The same by JSON-RPC. Parameters go by name; a task is named by `id`, `task_id` or `taskId`.',
    table(
      ['method', 'right', 'what it does'],
      Object.entries(RPC_METHODS).map(([name, { right, summary }]) => [`\`${name}\``, right, summary]),
    ),
    json({
      jsonrpc: '2.0',
      method: 'tasks/send',
      params: { skill: 'translate', instruction: 'Translate: …' },
      id: 'req-001',
    }),
    `Batches hold 1 to ${MAX_BATCH} entries. A request without \`id\` is a notification: it is done, and answered with status 204 and no body.`,
  );
}

function errors(): string {
  return sections(
    '## Errors',
    'Refused requests get the body',
    json({
      error: 'invalid request',
      detail: 'skill: got nothing, allowed: a string of 1 to 128 characters',
      code: 'INVALID',
      request_id: '6ff2a8a0-…',
    }),
    'Decide by `code`. By JSON-RPC it is `error.data.reason`. Where there is a `Retry-After` header, wait that many seconds and send again.',
    table(
      ['code', 'HTTP', 'JSON-RPC', 'title'],
      ERROR_CODES.map((name) => [
        `\`${name}\``,
        HTTP_ERRORS[name].status,
        RPC_ERRORS[name].code,
        HTTP_ERRORS[name].title,
      ]),
    ),
    'Besides, JSON-RPC itself: −32700 no JSON, −32600 no request, −32601 no such method. A task of another tenant is answered like one that does not exist.',
  );
}
