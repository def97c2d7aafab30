import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';

/*
 * The baseline: the same wire protocol on bare node:http and ws. It stores nothing, checks nothing, never fails over:
 * the least that a process between orchestrators and bots has to do. It keeps the newest tasks in memory, because a
 * stream replays what was there before the subscriber came.
 */
const KEPT_TASKS = 10_000;
const PING = JSON.stringify({ jsonrpc: '2.0', method: 'x-agent/ping', params: {}, id: 'ping' });

interface Card {
  name: string;
  skills: { id: string }[];
  max_concurrency?: number;
}
interface Bot {
  socket: WebSocket;
  card: Card;
  namespace: string;
  load: number;
}
interface Task {
  id: string;
  skill: string;
  bot: Bot;
  status: string;
  artifact: unknown;
  events: string[];
  watchers: ServerResponse[];
}
interface Submission {
  skill: string;
  instruction: string;
  constraints?: object;
}
interface RpcRequest {
  id?: string | number;
  method: string;
  params: Submission & { id?: string; task_id?: string };
}
interface BotFrame {
  id?: string;
  method?: string;
  params: { card: Card; namespace?: string } & {
    id: string;
    status: string;
    pct?: number;
    message?: string;
    artifact?: unknown;
    error?: string;
  };
}

const bots = new Map<string, Bot>();
const tasks = new Map<string, Task>();

function leastLoaded(skill: string): Bot | undefined {
  let best: Bot | undefined;
  for (const bot of bots.values())
    if ((!best || bot.load < best.load) && bot.card.skills.some((s) => s.id === skill)) best = bot;
  return best;
}

function publish(task: Task, event: string, fields: object): void {
  const data = JSON.stringify({ event, task_id: task.id, ...fields });
  const text = `id: ${task.events.length + 1}\nevent: ${event}\ndata: ${data}\n\n`;
  task.events.push(text);
  for (const res of task.watchers) res.write(text);
}

function submit({ skill, instruction, constraints = {} }: Submission): Task | undefined {
  const bot = leastLoaded(skill);
  if (!bot) return undefined;
  const id = `t-${randomUUID().replaceAll('-', '')}`;
  const task: Task = { id, skill, bot, status: 'queued', artifact: null, events: [], watchers: [] };
  tasks.set(id, task);
  if (tasks.size > KEPT_TASKS)
    for (const oldest of tasks.keys()) {
      tasks.delete(oldest);
      break;
    }
  bot.load++;
  publish(task, 'queued', { agent_id: bot.card.name });
  const message = { role: 'user', parts: [{ type: 'text', text: instruction }] };
  const params = { id, message, metadata: { skill, constraints } };
  bot.socket.send(JSON.stringify({ jsonrpc: '2.0', method: 'tasks/send', params, id }));
  return task;
}

function report({ id, status, pct, message, artifact, error }: BotFrame['params']): void {
  const task = tasks.get(id);
  if (!task) return;
  task.status = status;
  if (status === 'running') {
    if (pct === undefined) publish(task, 'running', {});
    else publish(task, 'progress', { pct, message });
    return;
  }
  task.artifact = artifact;
  task.bot.load--;
  publish(task, status, status === 'completed' ? { artifact } : { error });
  for (const res of task.watchers) res.end();
  task.watchers = [];
}

const receipt = (task: Task): object => ({
  task_id: task.id,
  status: 'queued',
  assigned_agent: task.bot.card.name,
});
const view = ({ id, status, skill, bot, artifact }: Task): object => ({
  task_id: id,
  status,
  skill,
  assigned_agent: bot.card.name,
  artifact,
});

function agents(): object {
  const list = [...bots.values()].map(({ card, namespace, load }) => ({
    ...card,
    id: card.name,
    namespace,
    load,
  }));
  return { agents: list, total: list.length };
}

function json(res: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

function stream(res: ServerResponse, task: Task): void {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const log = task.events.join('');
  if (task.status === 'completed' || task.status === 'failed') return void res.end(log);
  res.write(log);
  task.watchers.push(res);
  res.on('close', () => {
    task.watchers = task.watchers.filter((other) => other !== res);
  });
}

function withBody(req: IncomingMessage, use: (body: unknown) => void): void {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => use(JSON.parse(Buffer.concat(chunks).toString())));
}

function rpc({ id, method, params }: RpcRequest): object {
  if (method === 'agents/list') return { jsonrpc: '2.0', id, result: agents() };
  const task = method === 'tasks/send' ? submit(params) : tasks.get(params.id ?? params.task_id ?? '');
  if (!task) return { jsonrpc: '2.0', id, error: { code: -32001, message: 'not found' } };
  return { jsonrpc: '2.0', id, result: method === 'tasks/send' ? receipt(task) : view(task) };
}

function post(req: IncomingMessage, res: ServerResponse): void {
  if (req.url === '/jsonrpc') return withBody(req, (body) => json(res, 200, rpc(body as RpcRequest)));
  withBody(req, (body) => {
    const task = submit(body as Submission);
    if (task) json(res, 200, receipt(task));
    else json(res, 503, { error: 'no agent' });
  });
}

function get(req: IncomingMessage, res: ServerResponse): void {
  const [, root, id = '', leaf] = (req.url ?? '').split('/');
  if (root === 'health') return json(res, 200, { status: 'ok' });
  if (root === 'agents') return json(res, 200, agents());
  const task = root === 'tasks' ? tasks.get(id) : undefined;
  if (!task) json(res, 404, { error: 'not found' });
  else if (leaf === 'stream') stream(res, task);
  else json(res, 200, view(task));
}

function converse(socket: WebSocket): void {
  let bot: Bot | undefined;
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as BotFrame;
    if (frame.method === 'tasks/status') return report(frame.params);
    if (frame.method !== 'x-agent/register') return;
    const { card, namespace = 'default' } = frame.params;
    bot = { socket, card, namespace, load: 0 };
    bots.set(card.name, bot);
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: frame.id, result: { agent_id: card.name, namespace } }));
  });
  socket.on('close', () => bot && bots.delete(bot.card.name));
}

const front = createServer((req, res) => (req.method === 'POST' ? post(req, res) : get(req, res)));
const back = createServer(get);
new WebSocketServer({ server: back, path: '/agent/register' }).on('connection', converse);
setInterval(() => {
  for (const bot of bots.values()) bot.socket.send(PING);
}, 10_000);
back.listen(Number(process.env['GATEWAY_BOTS_PORT']), '127.0.0.1');
front.listen(Number(process.env['GATEWAY_HTTP_PORT']), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
