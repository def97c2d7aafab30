import type { JsonObject } from '../../../core/json.js';
import type { Message as CoreMessage, Part as CorePart } from '../../../core/task.js';
import type { BotOptions } from '../../bot/bot-options.js';
import type { BotTask } from '../../bot/bot-task.js';
import { Message, Part } from '../message.js';
import { inputOf, type Agent, type AgentInput } from './agent.js';

/**
 * An agent as a bot of the gateway, which makes it an A2A agent for everybody, behind a firewall too.
 *
 * ```js
 * const bot = connectBot({ url: 'ws://127.0.0.1:8080/agent/register', ...botOf(agent) });
 * ```
 */
export function botOf(agent: Agent): Pick<BotOptions, 'card' | 'onTask'> {
  const { name, description } = agent;
  return {
    card: { name, description, skills: [{ id: name, name, description, tags: ['agent'] }] },
    onTask: (task) => work(agent, task),
  };
}

/** The agent's turns, until one of them does not end with a question. */
async function work(agent: Agent, task: BotTask): Promise<void> {
  let heard = messageOf(task, task.message);
  let history: readonly Message[] = task.history.map((turn) => messageOf(task, turn));
  for (;;) {
    const { said, question } = await turn(agent, task, heard, history);
    if (question === undefined) return;
    const { message } = await task.requireInput(question);
    history = [...history, heard, said.text(question).build()];
    heard = messageOf(task, message);
  }
}

interface Turn {
  /** What the agent has answered. */
  readonly said: ReturnType<typeof Message.builder>;
  /** What it must know to go on. */
  readonly question?: string;
}

async function turn(
  agent: Agent,
  task: BotTask,
  message: Message,
  history: readonly Message[],
): Promise<Turn> {
  const said = Message.builder().role('agent');
  for await (const event of agent.run(inputFrom(task, message, history)))
    switch (event.type) {
      case 'text':
        said.text(event.text);
        await task.append(event.text);
        break;
      case 'parts':
        for (const part of event.parts) said.part(part);
        await task.append({ parts: event.parts.map(toCorePart) });
        break;
      case 'progress':
        task.say(event.text);
        break;
      case 'input-required':
        return { said, question: event.text };
    }
  return { said };
}

const inputFrom = (task: BotTask, message: Message, history: readonly Message[]): AgentInput =>
  inputOf(message, { contextId: message.contextId ?? task.id, history, signal: task.signal });

function messageOf(task: BotTask, { role, parts, contextId = task.id }: CoreMessage): Message {
  const message = Message.builder().role(role).parts(parts.map(fromCorePart));
  return message.taskId(task.id).contextId(contextId).metadata(task.metadata).build();
}

/** Bots' parts name their kind `type`; files and data are as in A2A 0.3. */
function fromCorePart({ type: _, text, ...rest }: CorePart): Part {
  if (text !== undefined) return Part.text(text);
  if ('file' in rest) return { ...rest, kind: 'file', file: rest['file'] as JsonObject };
  return Part.data('data' in rest ? (rest['data'] ?? null) : rest);
}

const toCorePart = ({ kind, ...rest }: Part): CorePart => ({ type: kind, ...rest });
