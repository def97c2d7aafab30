import { code, duration, json, sections, table } from './markdown.js';
import type { SkillSettings } from './skill-settings.js';

const ROUTES: readonly (readonly [string, string])[] = [
  ['POST /gateway/register', 'who you are, and where you are reached'],
  ['POST /gateway/heartbeat', '`{agent_id}`: you are alive'],
  ['POST /gateway/unregister', '`{agent_id}`: goodbye'],
  ['GET /gateway/inbox/:agent_id?wait=30s', 'agents without an address: your messages and tasks'],
  ['POST /gateway/inbox/:agent_id/ack', '`{message_ids}`: you have done with them'],
  ['POST /gateway/inbox/:agent_id/extend', '`{message_ids, lease_s?}`: you need longer'],
  ['POST /gateway/tasks/:id/status', 'progress, result or failure of a task, as a bot’s `tasks/status`'],
  [
    'POST /gateway/send',
    '`{from_agent_id, to_agent_id, conversation_id?, content, metadata?}`: to an agent of any kind',
  ],
  ['GET /gateway/conversations/:conversation_id/messages', 'what was said'],
];

/** Part 4. */
export const agentChapter = ({ publicUrl, webhooks }: SkillSettings): string =>
  sections(
    '# Part 4: agents with a URL, and agents that poll',
    `Without a connection of your own: have tasks and messages posted to your URL, or ask for them. Base URL: \`${publicUrl}\`.`,
    table(
      ['request', 'what it does'],
      ROUTES.map(([route, what]) => [`\`${route}\``, what]),
    ),
    json({
      agent_id: 'my-agent-001',
      agent_type: 'analyst',
      capabilities: ['summarize'],
      webhook_url: 'https://agent.example/webhook',
    }),
    [
      `Capabilities are skills. Without an address: \`"delivery": "pull"\` instead of \`webhook_url\`. Send a heartbeat every 30 s; after ${duration(webhooks.heartbeatTimeout)} without one you are offline (asking your inbox counts as one).`,
      'The answer has `webhook_secret` once: what is posted to you is signed with it (Standard Webhooks).',
      'A task is a message with `metadata.kind: "task"`, `task_id` and `attempt`. Answer the post with 2xx within' +
        ` ${duration(webhooks.timeout)}: with a report (\`{"status":"completed","artifact":{"text":"…"}}\`) or, when it takes longer, with any body, and report later. Send \`attempt\` back with every report.`,
      `What you pull is leased for ${duration(webhooks.inboxLease)}: acknowledge, extend or report in time, or it goes to another worker under the next \`attempt\`.`,
    ].join('\n\n'),
    code('sh', WORKER(publicUrl)),
  );

const WORKER = (url: string): string =>
  [
    `curl -s ${url}/gateway/register -H 'content-type: application/json' -d '{"agent_id":"me","delivery":"pull","capabilities":["echo"]}'`,
    `curl -s '${url}/gateway/inbox/me?wait=30s'`,
  ].join('\n');
