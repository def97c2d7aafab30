import { DEFAULT_MAX_CONCURRENCY } from '../../core/agent.js';
import { DEFAULT_NAMESPACE } from '../../core/ids.js';
import { BOT_PATH, CLOSE, DOWN, PING_ID, UP } from '../bot/bot.wire.js';
import { code, duration, json, sections, size, table } from './markdown.js';
import type { SkillSettings } from './skill-settings.js';

/** Why a socket was closed; a new code does not compile until it is explained. */
const CLOSE_MEANINGS: Record<keyof typeof CLOSE, string> = {
  policy: 'no valid registration in time: correct it before you come back',
  shutdown: 'the gateway restarts: come back',
  expired: 'your token has expired: come back with a fresh one',
  silent: 'you did not answer pings: come back',
  replaced: 'a newer connection registered the same agent; come back only if that was not you',
  slow: 'you did not read what you were sent: come back',
  revoked: 'your certificate is revoked: do not come back with it',
};

const UP_MEANINGS: Record<keyof typeof UP, string> = {
  register: 'who you are and what you can do; the first frame',
  status: 'progress, result or failure of a task',
  pong: 'answer to a ping',
};

const DOWN_MEANINGS: Record<keyof typeof DOWN, string> = {
  send: 'a task for you, or the answer to what you asked',
  cancel: 'stop working on a task; report nothing more about it',
  ping: 'are you alive?',
  message: 'a message of another agent; with an id: answer `{}` when you have it',
};

const TASK = 't-0123456789abcdef0123456789abcdef';

/** Part 2. */
export const botChapter = (config: SkillSettings): string =>
  sections(
    '# Part 2: bots',
    `Open a WebSocket to \`${botUrl(config)}\` and speak JSON-RPC 2.0, one message per text frame of at most ${size(config.bots.maxFrame)}.`,
    botCredentials(config),
    words(),
    registering(config),
    working(),
    reporting(),
    staying(config),
    sections('## A complete bot', code('js', example(config))),
  );

/** Bots dial the same host as everybody else, on their own port. */
function botUrl({ publicUrl, bots }: SkillSettings): string {
  const scheme = bots.tlsCert === undefined ? 'ws' : 'wss';
  return `${scheme}://${new URL(publicUrl).hostname}:${bots.port}${BOT_PATH}`;
}

function botCredentials({ auth, bots }: SkillSettings): string {
  if (bots.tlsCa !== undefined)
    return 'Connect with your client certificate (mTLS); its identity says which name and namespace you may register.';
  return auth.mode === 'off'
    ? 'No credentials are needed.'
    : 'Send `Authorization: Bearer <JWT>` with the upgrade request; without it the answer is 401.';
}

function words(): string {
  const up = Object.entries(UP).map(([key, method]) => [
    'you send',
    `\`${method}\``,
    UP_MEANINGS[key as keyof typeof UP],
  ]);
  const down = Object.entries(DOWN).map(([key, method]) => [
    'you get',
    `\`${method}\``,
    DOWN_MEANINGS[key as keyof typeof DOWN],
  ]);
  return table(['', 'method', 'meaning'], [...up, ...down]);
}

function registering({ bots }: SkillSettings): string {
  return sections(
    '## 1. Register',
    `Within ${duration(bots.registerTimeout)}, as your first frame:`,
    json({
      jsonrpc: '2.0',
      method: UP.register,
      params: {
        card: {
          name: 'nanobot-text-001',
          version: '1.0.0',
          skills: [
            { id: 'summarize', name: 'Text Summarization', description: 'Shortens texts', tags: ['text'] },
          ],
          max_concurrency: 3,
        },
        namespace: 'production',
      },
      id: 1,
    }),
    `\`card.name\` (your id, unique in the namespace) and \`card.skills\` are required. \`max_concurrency\` is how many tasks you work on at once
(default ${DEFAULT_MAX_CONCURRENCY}); you never get more. \`namespace\` defaults to your credential’s, else "${DEFAULT_NAMESPACE}". With an \`id\` you are answered
\`{agent_id, namespace, holding}\`; \`holding\` lists the tasks that the gateway believes you are working on (after a reconnect). Say \`resuming: [ids]\` beside the card if you know which tasks you go on with: others that you had count as lost at once. Register again on the
same socket to change your card.`,
  );
}

function working(): string {
  return sections(
    '## 2. Get tasks',
    json({
      jsonrpc: '2.0',
      method: DOWN.send,
      params: {
        id: TASK,
        message: { role: 'user', parts: [{ type: 'text', text: 'Please summarise: …' }] },
        metadata: { skill: 'summarize', constraints: {} },
      },
      id: TASK,
    }),
    `You may answer it (that says no more than "got it"); a JSON-RPC error as the answer fails the task. On \`${DOWN.cancel}\` with \`params.id\` stop working on it.`,
  );
}

function reporting(): string {
  const report = (params: object): string =>
    JSON.stringify({ jsonrpc: '2.0', method: UP.status, params: { id: TASK, ...params } });
  return sections(
    '## 3. Report',
    code(
      'json',
      [
        report({ status: 'running' }),
        report({ status: 'running', pct: 50, message: 'processing...' }),
        report({ status: 'completed', artifact: { text: '…' } }),
        report({ status: 'input_required', message: 'Which of the two?' }),
        report({ status: 'failed', error: 'why' }),
        report({ status: 'rejected', message: 'not my kind of work' }),
      ].join('\n'),
    ),
    `Report at least now and then: silence over the task’s timeout fails it. Give the frame an \`id\` and it is answered when the report is on disk, so you can
keep a result until it is safe. An answer with code −32001 means that the task is not yours any more: drop it.
Large results go in pieces: \`status: "running"\` with \`artifact\` and \`append: true\` adds to the result (\`text\` is concatenated, \`parts\` are appended), \`last_chunk: true\` marks the last piece;
then report \`completed\`. Several results at once: give each \`artifact\` an \`artifact_id\`.`,
    '### Ask your caller',
    `Report \`input_required\` (or \`auth_required\`) with a \`message\`: a text, or \`{role: "agent", parts}\`. You are free for other work then, and the task
waits. The answer comes as \`${DOWN.send}\` with the same id and \`metadata.continuation: true\`: its \`message\` is what the caller says. Go on where you stopped.
What you have learned by yourself you need not wait for: report \`running\` or \`completed\`.`,
  );
}

function staying({ heartbeat, tasks }: SkillSettings): string {
  return sections(
    '## 4. Stay',
    `Every ${duration(heartbeat.interval)} you get \`{"jsonrpc":"2.0","method":"${DOWN.ping}","id":"${PING_ID}"}\`. Answer \`{"jsonrpc":"2.0","id":"${PING_ID}","result":{}}\`
or send \`${UP.pong}\`. After ${duration(heartbeat.timeout)} without any frame from you the socket is closed and you are taken off the list.
When the socket closes, connect and register again with growing pauses and go on reporting: you have ${duration(tasks.reconnectGrace)} until your tasks count as lost.`,
    table(
      ['close code', 'meaning'],
      Object.entries(CLOSE).map(([key, number]) => [number, CLOSE_MEANINGS[key as keyof typeof CLOSE]]),
    ),
    'Codes from 4000 to 4499 mean: come back; 4500 and above: do not.',
  );
}

/** The credential of the example: Node's WebSocket takes headers, but no client certificate. */
function credentialOf({ auth, bots }: SkillSettings): string {
  if (bots.tlsCa !== undefined)
    return ' /* your certificate: use a WebSocket library that takes cert and key */';
  return auth.mode === 'off' ? '' : ', { headers: { Authorization: `Bearer ${process.env.TOKEN}` } }';
}

/** Runs as it stands on a Node without further packages. */
const example = (config: SkillSettings): string => `
// Node 22 or newer: node bot.mjs
const socket = new WebSocket('${botUrl(config)}'${credentialOf(config)});
const send = (message) => socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
const canceled = new Set();

socket.onopen = () =>
  send({
    method: '${UP.register}',
    params: {
      card: { name: 'my-bot', version: '1.0.0', skills: [{ id: 'echo', name: 'Echo' }], max_concurrency: 3 },
      namespace: '${DEFAULT_NAMESPACE}',
    },
    id: 'register',
  });

socket.onmessage = ({ data }) => {
  const { method, params, id } = JSON.parse(data);
  if (method === '${DOWN.ping}') send({ id, result: {} });
  else if (method === '${DOWN.cancel}') canceled.add(params.id);
  else if (method === '${DOWN.send}') work(params);
};

async function work({ id, message }) {
  send({ method: '${UP.status}', params: { id, status: 'running', pct: 10, message: 'started' } });
  const text = message.parts.map((part) => part.text ?? '').join('');
  const artifact = { text: \`echo: \${text}\` }; // your work goes here
  if (!canceled.delete(id)) send({ method: '${UP.status}', params: { id, status: 'completed', artifact }, id: \`done-\${id}\` });
}

socket.onclose = ({ code }) => {
  if (code < 4500) setTimeout(() => process.exit(75), 1000); // let your supervisor start it again
};
`;
