// ./run demo: the gateway on its embedded default, two example bots, the seed's own tasks, and then it is yours to try.
// Ctrl-C ends everything that was started here. The next start finds the finished tasks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bold = (text) => (process.stdout.isTTY ? `\x1b[1m${text}\x1b[0m` : text);
const dim = (text) => (process.stdout.isTTY ? `\x1b[2m${text}\x1b[0m` : text);
const say = (text = '') => console.log(text);

const children = [];
let ending = false;

/** Starts a program of ours in a process group of its own, so that Ctrl-C reaches it through us, in order. */
function start(file, args, env = {}) {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  children.push(child);
  child.on('exit', (code) => {
    if (!ending && code !== 0) void end(`${file} ended with code ${code}`);
  });
  return child;
}

/** Bots first, then the gateway; resolves when all are gone. */
async function end(problem) {
  if (ending) return;
  ending = true;
  if (problem) console.error(problem);
  for (const child of children.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 12_000);
    await gone;
    clearTimeout(timer);
  }
  if (!problem) say('\nstopped; the tasks are kept in ./data');
  process.exit(problem ? 1 : 0);
}

/** Resolves with the first line that matches; prints what does not, for the gateway's warnings are worth seeing. */
function line(child, pattern) {
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (text) => {
        const match = pattern.exec(text);
        if (match) resolve(match);
        else if (!/"level":"info"| LOG /.test(text)) say(dim(`  ${text}`));
      });
  });
}

const shown = (value) => JSON.stringify(value);

async function call(method, path, body) {
  const response = await fetch(`${http}${path}`, {
    method,
    headers: body ? { 'content-type': 'application/json' } : {},
    body: body && JSON.stringify(body),
  });
  return response.json();
}

/** Shows a task's stream as it happens. */
async function follow(id) {
  say(bold(`\n$ curl -N ${http}/tasks/${id}/stream`));
  const response = await fetch(`${http}/tasks/${id}/stream`);
  const decoder = new TextDecoder();
  for await (const chunk of response.body) process.stdout.write(decoder.decode(chunk, { stream: true }));
}

async function submitByRest(skill, instruction) {
  const task = { skill, instruction };
  say(bold(`\n$ curl -X POST ${http}/tasks -H 'content-type: application/json' -d '${shown(task)}'`));
  const answer = await call('POST', '/tasks', task);
  say(shown(answer));
  return answer.task_id;
}

async function submitByJsonRpc(skill, instruction) {
  const request = { jsonrpc: '2.0', method: 'tasks/send', params: { skill, instruction }, id: 'req-001' };
  say(bold(`\n$ curl -X POST ${http}/jsonrpc -H 'content-type: application/json' -d '${shown(request)}'`));
  const answer = await call('POST', '/jsonrpc', request);
  say(shown(answer));
  return answer.result.task_id;
}

function whatNext(id) {
  const json = "-H 'content-type: application/json'";
  say(bold('\nThe gateway keeps running. In another terminal, try:'));
  say(`  curl -s ${http}/tasks/${id}                  # the record of the first task, also after a restart
  curl -N ${http}/tasks/${id}/stream -H 'Last-Event-ID: 2'   # its log, resumed after event 2
  curl -s -X POST ${http}/tasks ${json} -d '{"skill":"translate","instruction":"Translate: hello","priority":"high"}'
  curl -s -X POST ${http}/routing/explain ${json} -d '{"skill":"summarize"}'
  curl -s -X POST ${http}/jsonrpc ${json} -d '{"jsonrpc":"2.0","method":"agents/list","id":1}'
  curl -s ${http}/.well-known/skill.md          # how to write your own bot
  curl -s '${http}/tasks?status=completed&limit=5'`);
  say(dim('\nCtrl-C stops the gateway and the bots.'));
}

process.on('SIGINT', () => void end());
process.on('SIGTERM', () => void end());

let http;
async function main() {
  const gateway = start('dist/main.js', []);
  const [, web, bots] = await line(gateway, /ready: orchestrators (\S+), bots (\S+)/);
  http = web;
  say(`${bold('gateway')} at ${web}, bots dial ${bots}`);
  for (const name of ['nanobot-text-001', 'nanobot-text-002']) {
    const bot = start('examples/mock-nanobot.mjs', [bots, name]);
    await line(bot, /registered in/);
    say(`${bold('bot')} ${name} is connected`);
  }
  const first = await submitByRest('summarize', '请摘要:AI正在改变世界...');
  await follow(first);
  await follow(await submitByJsonRpc('translate', 'Translate: 今天天气真好'));
  say(bold(`\n$ curl -s ${http}/agents`));
  say(JSON.stringify(await call('GET', '/agents'), null, 2));
  say(bold(`\n$ curl -s ${http}/.well-known/agent.json`));
  say(JSON.stringify(await call('GET', '/.well-known/agent.json'), null, 2));
  whatNext(first);
}

main().catch((error) => end(error instanceof Error ? error.message : String(error)));
