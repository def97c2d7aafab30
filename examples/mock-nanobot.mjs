#!/usr/bin/env node
// A complete bot in one file: registers, answers pings, works on tasks with progress, holds each result until the
// gateway has stored it, and comes back after a lost connection.
//
//   node examples/mock-nanobot.mjs [ws://127.0.0.1:8080/agent/register] [nanobot-text-001]
//
// Environment: BOT_NAMESPACE (default "production"), BOT_TOKEN (bearer token), BOT_STEP_MS (default 400),
// BOT_SKILLS (comma separated; default "summarize,translate").
import { WebSocket } from 'ws';

const url = process.argv[2] ?? 'ws://127.0.0.1:8080/agent/register';
const name = process.argv[3] ?? 'nanobot-text-001';
const namespace = process.env.BOT_NAMESPACE ?? 'production';
const stepMs = Number(process.env.BOT_STEP_MS ?? 400);
const titles = { summarize: 'Text Summarization', translate: 'Translation' };
const skills = (process.env.BOT_SKILLS ?? 'summarize,translate')
  .split(',')
  .map((id) => ({ id, name: titles[id] ?? id }));

const working = new Map(); // task id → AbortController of the work under way
const unsaved = new Map(); // task id → final report that the gateway has not confirmed yet
let socket;
let retryMs = 250;
let ending = false;

function connect() {
  const headers = process.env.BOT_TOKEN ? { authorization: `Bearer ${process.env.BOT_TOKEN}` } : {};
  socket = new WebSocket(url, { headers, perMessageDeflate: false });
  socket.on('open', () => {
    retryMs = 250;
    const card = { name, version: '1.0.0', skills, max_concurrency: 3 };
    send({ jsonrpc: '2.0', method: 'x-agent/register', params: { card, namespace }, id: 'register' });
  });
  socket.on('message', (data) => receive(JSON.parse(data)));
  socket.on('error', (error) => console.log(`[${name}] ${error.message}`));
  socket.on('close', (code) => {
    if (ending) return;
    if (code === 4409 || code >= 4500) process.exit(1); // replaced or revoked: do not come back
    setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, 5000);
  });
}

function send(frame) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

function receive(frame) {
  if (frame.method === 'x-agent/ping') send({ jsonrpc: '2.0', method: 'x-agent/pong' });
  else if (frame.method === 'tasks/send') void work(frame.params);
  else if (frame.method === 'tasks/cancel') working.get(frame.params.id)?.abort();
  else if (frame.id === 'register') registered(frame);
  else if (frame.method === undefined) unsaved.delete(frame.id); // stored, or no longer wanted
}

function registered({ result, error }) {
  if (error) return console.log(`[${name}] refused: ${error.message}`);
  console.log(`[${name}] registered in ${result.namespace}: ${skills.map(({ id }) => id).join(', ')}`);
  for (const id of unsaved.keys()) report(id);
}

async function work({ id, message, metadata }) {
  if (working.has(id) || unsaved.has(id)) return; // sent again after a reconnect: already on it
  const control = new AbortController();
  working.set(id, control);
  const text = message.parts.map((part) => part.text ?? '').join('\n');
  for (const pct of [30, 60, 90]) {
    await new Promise((resolve) => setTimeout(resolve, stepMs));
    if (control.signal.aborted) break;
    send({
      jsonrpc: '2.0',
      method: 'tasks/status',
      params: { id, status: 'running', pct, message: 'processing...' },
    });
  }
  working.delete(id);
  if (control.signal.aborted) return;
  unsaved.set(id, { id, status: 'completed', artifact: { text: answer(metadata.skill, text) } });
  report(id);
}

// With an id the gateway answers once the result is on its disk; until then the bot keeps it.
function report(id) {
  send({ jsonrpc: '2.0', method: 'tasks/status', params: unsaved.get(id), id });
}

function answer(skill, text) {
  const short = [...text].slice(0, 60).join('');
  return skill === 'translate' ? `[mock translation] ${short}` : `[mock summary] ${short}`;
}

for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    ending = true;
    socket.close(1000);
    setTimeout(() => process.exit(0), 200).unref();
    socket.on('close', () => process.exit(0));
  });
connect();
