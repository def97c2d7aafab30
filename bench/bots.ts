import { WebSocket } from 'ws';

/*
 * Child process: `bots.ts <port> <count>`. Connects that many bots, answers every task at once by one progress report
 * and one result (notifications, as in the seed's example), and every ping. Talks to its parent by IPC:
 * sends `{ready}` and `{error}`; `go` lets held tasks go on, anything else is answered by `{done: results sent so far}`.
 */
const [port = '', count = ''] = process.argv.slice(2);
const CONNECTING = 200;
const SKILLS = [
  { id: 'summarize', name: 'Text Summarization' },
  { id: 'translate', name: 'Translation' },
];
const PONG = JSON.stringify({ jsonrpc: '2.0', method: 'x-agent/pong', params: {} });

interface Frame {
  id?: string;
  method?: string;
  params: { id: string; message: { parts: { text?: string }[] } };
}
let done = 0;
/** Tasks that wait for `go`. */
let held: (() => void)[] = [];

const notify = (params: object): string => JSON.stringify({ jsonrpc: '2.0', method: 'tasks/status', params });

/** `chunks N`: the artifact in N pieces; `hold N`: the same, but not before `go`; anything else: one progress, one result. */
function work(socket: WebSocket, { id, message }: Frame['params']): void {
  const [verb, count] = message.parts[0]?.text?.split(' ') ?? [];
  if (verb === 'chunks') return chunks(socket, id, Number(count));
  if (verb === 'hold') return void held.push(() => chunks(socket, id, Number(count)));
  socket.send(notify({ id, status: 'running', pct: 50, message: 'processing...' }));
  socket.send(notify({ id, status: 'completed', artifact: { text: `result of ${id}` } }));
  done++;
}

function chunks(socket: WebSocket, id: string, count: number): void {
  for (let i = 1; i < count; i++)
    socket.send(
      notify({ id, status: 'running', artifact: { text: `piece ${i} of the result, ` }, append: true }),
    );
  const last = { id, status: 'completed', artifact: { text: 'the end' }, append: true, last_chunk: true };
  socket.send(notify(last));
  done++;
}

/** Resolves once the server has confirmed the registration. */
function connect(name: string): Promise<void> {
  const card = { name, version: '1.0.0', skills: SKILLS, max_concurrency: 64 };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/agent/register`, { perMessageDeflate: false });
  socket.on('close', (code) => process.send?.({ error: `bot ${name}: connection closed (${code})` }));
  return new Promise((registered, failed) => {
    socket.on('error', failed);
    socket.on('open', () =>
      socket.send(
        JSON.stringify({ jsonrpc: '2.0', id: 'reg', method: 'x-agent/register', params: { card } }),
      ),
    );
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      if (frame.method === 'tasks/send') work(socket, frame.params);
      else if (frame.method === 'x-agent/ping') socket.send(PONG);
      else if (frame.id === 'reg') registered();
    });
  });
}

async function connectAll(): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < Number(count)) await connect(`bench-bot-${String(next++).padStart(5, '0')}`);
  };
  await Promise.all(Array.from({ length: CONNECTING }, lane));
  process.send?.({ ready: true });
}

process.on('message', (order) => {
  if (order !== 'go') return process.send?.({ done });
  for (const work of held) work();
  held = [];
});
process.on('disconnect', () => process.exit(0));
connectAll().catch((error: unknown) => process.send?.({ error: `bots cannot connect: ${String(error)}` }));
