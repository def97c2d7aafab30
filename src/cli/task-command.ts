import { Option, type Command } from 'commander';
import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { PRIORITIES, type Priority } from '../core/task.js';
import { TASK_STATES, type TaskState } from '../core/task-states.js';
import type { Artifact, GatewayClient, Message, NewTaskWire, TaskWire, WatchedEvent } from '../sdk/index.js';
import { clientOf, jsonObject, numberUpTo, withConnection, type ConnectionOptions } from './connection.js';
import { TaskFailed } from './exit-codes.js';
import { plain, say, sayJson, state, table } from './output.js';

/** `agent-gateway task …`. */
export function addTask(root: Command): void {
  const task = root.command('task').description('submit, watch, answer and cancel tasks');
  addSubmit(task);
  addWatch(task);
  addGet(task);
  addContinue(task);
  addCancel(task);
  addList(task);
}

interface SubmitOptions extends ConnectionOptions {
  readonly constraints?: Record<string, never>;
  readonly namespace?: string;
  readonly agent?: string;
  readonly context?: string;
  readonly priority?: Priority;
  readonly timeout?: number;
  readonly key?: string;
  readonly callback?: string;
  readonly waitForAgent?: boolean;
  readonly watch?: boolean;
}

function addSubmit(task: Command): void {
  withConnection(
    task
      .command('submit')
      .description('submit a task; its id is printed when it is durable')
      .argument('<skill>', 'what the agent must be able to do')
      .argument('<instruction>', 'what to do; - reads it from standard input'),
  )
    .option('-w, --watch', 'follow it to its end; exit code 1 unless it is completed')
    .option('--constraints <json>', 'limits for the agent', jsonObject)
    .option('--namespace <name>', 'the tenant; by default the token’s')
    .option('--agent <name>', 'only this agent')
    .option('--context <id>', 'what it belongs to')
    .addOption(new Option('--priority <word>', 'who goes first').choices([...PRIORITIES]))
    .option('--timeout <seconds>', 'silence of the agent after which it fails', numberUpTo(86_400))
    .option('--key <key>', 'idempotency key: the same key never makes a second task')
    .option('--callback <url>', 'is told of every change of its status')
    .option('--wait-for-agent', 'wait although no online agent has the skill')
    .action(async (skill: string, instruction: string, options: SubmitOptions) => {
      const client = clientOf(options);
      const input = instruction === '-' ? await text(process.stdin) : instruction;
      const ack = await client.submit(
        newTask(skill, input, options),
        options.key ? { idempotencyKey: options.key } : {},
      );
      if (options.json) sayJson(ack);
      else
        say(
          options.watch
            ? `${ack.task_id} → ${plain(ack.assigned_agent ?? 'waits for an agent')}`
            : ack.task_id,
        );
      if (options.watch) await follow(client, ack.task_id, 0, options);
    });
}

function newTask(skill: string, instruction: string, options: SubmitOptions): NewTaskWire {
  const { constraints, namespace, agent, context, priority, timeout, callback, waitForAgent } = options;
  return {
    skill,
    instruction,
    ...(constraints && { constraints }),
    ...(namespace !== undefined && { namespace }),
    ...(agent !== undefined && { agent_id: agent }),
    ...(context !== undefined && { context_id: context }),
    ...(priority && { priority }),
    ...(timeout !== undefined && { timeout_s: timeout }),
    ...(callback !== undefined && { callback_url: callback }),
    ...(waitForAgent && { wait_for_agent: true }),
  };
}

function addWatch(task: Command): void {
  withConnection(task.command('watch').description('follow a task to its end').argument('<id>'))
    .option('--after <seq>', 'only what came after this event', numberUpTo(Number.MAX_SAFE_INTEGER), 0)
    .action((id: string, options: ConnectionOptions & { readonly after: number }) =>
      follow(clientOf(options), id, options.after, options),
    );
}

/** @throws TaskFailed unless the task is completed */
async function follow(
  client: GatewayClient,
  id: string,
  after: number,
  { json }: ConnectionOptions,
  begins: (event: WatchedEvent) => boolean = () => true,
): Promise<void> {
  let last: string | undefined;
  let shows = false;
  for await (const event of client.watch(id, { after })) {
    last = event.data.event;
    shows ||= begins(event);
    if (!shows) continue;
    if (json) sayJson({ seq: event.seq, ...event.data });
    else say(line(event));
  }
  last ??= (await client.get(id)).status; // it had ended, and nothing came after the position
  if (last !== 'completed') throw new TaskFailed(id);
}

/** The caller's own answer in the log: its message has the key as its id. */
const isAnswer = ({ data }: WatchedEvent, key: string): boolean =>
  data.event === 'queued' && data.message?.messageId === key;

function line({ seq, data }: WatchedEvent): string {
  return `${String(seq).padStart(3)} ${state(data.event, 9)} ${detail(data)}`.trimEnd();
}

function detail(data: WatchedEvent['data']): string {
  if ('error' in data) return plain(data.error);
  switch (data.event) {
    case 'progress':
      return `${data.pct} % ${plain(data.message ?? '')}`;
    case 'artifact':
      return shown(data.artifact);
    case 'completed':
      return artifactsIn(data).map(shown).join('\n');
    case 'queued':
      return data.message ? plain(words(data.message)) : plain(data.agent_id ?? 'waits for an agent');
    case 'running':
    case 'input_required':
    case 'auth_required':
      return data.message ? plain(words(data.message)) : '';
    case 'canceled':
      return '';
  }
}

interface Made {
  readonly artifact?: Artifact | null;
  readonly artifacts?: readonly Artifact[];
}
const artifactsIn = ({ artifact, artifacts }: Made): readonly Artifact[] =>
  artifacts ?? (artifact ? [artifact] : []);

/** What a message says; parts that are no text as JSON. */
const words = ({ parts }: Message): string =>
  parts.map((part) => part.text ?? JSON.stringify(part)).join('\n');

const shown = (artifact: { readonly text?: string }): string =>
  plain(artifact.text ?? JSON.stringify(artifact));

function addGet(task: Command): void {
  withConnection(task.command('get').description('status and result of a task').argument('<id>')).action(
    async (id: string, options: ConnectionOptions) => {
      const found = await clientOf(options).get(id);
      if (options.json) sayJson(found);
      else sayTask(found);
    },
  );
}

function sayTask(task: TaskWire): void {
  say(`${task.task_id}  ${state(task.status)}`);
  say(
    `skill ${plain(task.skill)}, agent ${plain(task.assigned_agent ?? '–')}, attempt ${task.attempt}, ${task.updated_at}`,
  );
  if (task.error !== undefined) say(plain(task.error));
  if (task.message) say(plain(words(task.message)));
  for (const artifact of artifactsIn(task)) say(artifact.text ?? JSON.stringify(artifact, null, 2));
}

function addContinue(task: Command): void {
  withConnection(
    task
      .command('continue')
      .description('answer an agent that asks (input_required, auth_required)')
      .argument('<id>')
      .argument('<answer>', 'what to tell it; - reads it from standard input'),
  )
    .option('-w, --watch', 'follow it to its end; exit code 1 unless it is completed')
    .option('--key <key>', 'idempotency key: the same key is the same answer')
    .action(async (id: string, answer: string, options: SubmitOptions) => {
      const client = clientOf(options);
      const words = answer === '-' ? await text(process.stdin) : answer;
      const key = options.key ?? randomUUID();
      const task = await client.continue(id, words, { idempotencyKey: key });
      if (options.json) sayJson(task);
      else say(`${task.task_id}  ${state(task.status)}`);
      if (options.watch) await follow(client, id, 0, options, (event) => isAnswer(event, key));
    });
}

function addCancel(task: Command): void {
  withConnection(
    task.command('cancel').description('cancel a task that has not ended').argument('<id>'),
  ).action(async (id: string, options: ConnectionOptions) => {
    const canceled = await clientOf(options).cancel(id);
    if (options.json) sayJson(canceled);
    else say(`${canceled.task_id}  ${state(canceled.status)}`);
  });
}

interface ListOptions extends ConnectionOptions {
  readonly status?: TaskState;
  readonly skill?: string;
  readonly agent?: string;
  readonly limit: number;
}

function addList(task: Command): void {
  withConnection(task.command('list').description('list tasks, newest first'))
    .addOption(new Option('--status <word>', 'only these').choices([...TASK_STATES]))
    .option('--skill <id>', 'only these')
    .option('--agent <name>', 'only those of this agent')
    .option('--limit <n>', 'at most so many', numberUpTo(100_000), 20)
    .action(async (options: ListOptions) => {
      const tasks = await first(options);
      if (options.json) return tasks.forEach(sayJson);
      if (tasks.length === 0) return say('no tasks');
      for (const { task_id, status, skill, assigned_agent, updated_at } of tasks)
        say(table([[task_id, state(status, 9), updated_at, plain(skill), plain(assigned_agent ?? '–')]]));
    });
}

async function first(options: ListOptions): Promise<TaskWire[]> {
  const { status, skill, agent, limit } = options;
  const filter = {
    pageSize: Math.min(limit, 200),
    ...(status && { status }),
    ...(skill !== undefined && { skill }),
    ...(agent !== undefined && { agent }),
  };
  const tasks: TaskWire[] = [];
  for await (const task of clientOf(options).list(filter)) {
    tasks.push(task);
    if (tasks.length >= limit) break;
  }
  return tasks;
}
