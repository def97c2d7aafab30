import type { JsonObject } from '../../../core/json.js';
import type { Message as CoreMessage, Part as CorePart } from '../../../core/task.js';
import type { BotOptions } from '../../bot/bot-options.js';
import type { BotTask } from '../../bot/bot-task.js';
import { AgentFailedError } from '../errors.js';
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

async function work(agent: Agent, task: BotTask): Promise<void> {
  for await (const event of agent.run(inputFrom(task)))
    switch (event.type) {
      case 'text':
        await task.append(event.text);
        break;
      case 'parts':
        await task.append({ parts: event.parts.map(toCorePart) });
        break;
      case 'progress':
        task.progress(0, event.text); // agents do not tell how far they are
        break;
      case 'input-required':
        throw new AgentFailedError(agent.name, 'input-required', event.text);
    }
}

function inputFrom({ message, id, metadata, signal }: BotTask): AgentInput {
  const { contextId = id } = message as CoreMessage & { readonly contextId?: string };
  const built = Message.builder()
    .parts(message.parts.map(fromCorePart))
    .taskId(id)
    .contextId(contextId)
    .metadata(metadata)
    .build();
  return inputOf(built, { contextId, signal });
}

/** Bots' parts name their kind `type`; files and data are as in A2A 0.3. */
function fromCorePart({ type: _, text, ...rest }: CorePart): Part {
  if (text !== undefined) return Part.text(text);
  if ('file' in rest) return { ...rest, kind: 'file', file: rest['file'] as JsonObject };
  return Part.data('data' in rest ? (rest['data'] ?? null) : rest);
}

const toCorePart = ({ kind, ...rest }: Part): CorePart => ({ type: kind, ...rest });
