import { spawn, type ChildProcess } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { BotTask } from '../sdk/index.js';

/** Standard error that is kept for the message of a failure, characters. */
const KEPT_STDERR = 4_096;
/** Between the request to end and the force, milliseconds. */
const KILL_AFTER_MS = 3_000;
const PROGRESS = /^progress: *(\d{1,3})(?: +(.*))?$/;

/**
 * Runs a shell command for a task: see `agent-gateway bot --help`. Its output becomes the task's result piece by piece, no
 * faster than the gateway stores it.
 * @throws Error with the end of standard error when it fails
 */
export async function runShell(command: string, task: BotTask): Promise<void> {
  const child = spawn(command, { shell: true, detached: true, stdio: 'pipe', env: environment(task) });
  const ended = new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `exit ${signal ?? code}`));
  });
  const stop = () => kill(child);
  task.signal.addEventListener('abort', stop, { once: true });
  child.stdin.on('error', () => undefined); // it may end without reading
  child.stdin.end(task.instruction);
  const complaints = readProgress(child, task);
  await sendOutput(child, task);
  const failure = await ended;
  task.signal.removeEventListener('abort', stop);
  if (failure !== undefined) throw new Error(`${failure}${complaints() === '' ? '' : `: ${complaints()}`}`);
}

const environment = (task: BotTask): NodeJS.ProcessEnv => ({
  ...process.env,
  // The command is the task's business, the credential the bot's.
  AGENT_GATEWAY_TOKEN: undefined,
  TASK_ID: task.id,
  TASK_SKILL: task.skill,
  TASK_ATTEMPT: String(task.attempt),
  TASK_JSON: JSON.stringify({
    message: task.message,
    constraints: task.constraints,
    metadata: task.metadata,
  }),
});

/** A character may be split over two pieces of the output. */
async function sendOutput(child: ChildProcess, task: BotTask): Promise<void> {
  const decoder = new StringDecoder('utf8');
  for await (const bytes of child.stdout!) {
    const text = decoder.write(bytes as Buffer);
    if (text !== '') await task.append(text);
  }
  const rest = decoder.end();
  if (rest !== '') await task.append(rest);
}

/** Reports progress lines; @returns what else there was, its end */
function readProgress(child: ChildProcess, task: BotTask): () => string {
  let kept = '';
  let line = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    const lines = (line + text).split('\n');
    line = lines.pop()!.slice(-KEPT_STDERR);
    for (const each of lines) {
      const [, pct, message] = PROGRESS.exec(each) ?? [];
      if (pct !== undefined) task.progress(Number(pct), message);
      else kept = `${kept}${each}\n`.slice(-KEPT_STDERR);
    }
  });
  return () => (kept + line).trim();
}

/** The command with its children: they share a process group of their own. */
function kill(child: ChildProcess): void {
  const signal = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended.
    }
  };
  signal('SIGTERM');
  const force = setTimeout(() => signal('SIGKILL'), KILL_AFTER_MS).unref();
  child.once('close', () => clearTimeout(force));
}
