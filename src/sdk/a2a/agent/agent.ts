import { randomUUID } from 'node:crypto';
import { AgentFailedError } from '../errors.js';
import { Message } from '../message.js';
import { textOf, type Message as MessageType, type Part } from '../types.js';

/** What an agent is asked. */
export interface AgentInput {
  readonly message: MessageType;
  /** The conversation; the same for all its turns. */
  readonly contextId: string;
  /** The earlier turns of the conversation, oldest first. */
  readonly history: readonly MessageType[];
  /** Aborts when nobody wants the answer any more. */
  readonly signal: AbortSignal;
}

/** What an agent says while it works. */
export type AgentEvent =
  /** A piece of the answer; pieces are joined as they are. */
  | { readonly type: 'text'; readonly text: string }
  /** Something else of the answer: files, data. */
  | { readonly type: 'parts'; readonly parts: readonly Part[] }
  /** How it goes; no part of the answer. */
  | { readonly type: 'progress'; readonly text: string }
  /** It cannot go on without an answer of its caller; nothing may follow. */
  | { readonly type: 'input-required'; readonly text: string };

/**
 * Something that answers messages: a model, a remote agent, or plain code.
 *
 * ```js
 * const echo = {
 *   name: 'echo',
 *   description: 'Says what it hears',
 *   async *run({ message }) { yield { type: 'text', text: textOf(message.parts) }; },
 * };
 * ```
 */
export interface Agent {
  /** Letters, digits, `_` and `-`: models call it by this name. */
  readonly name: string;
  readonly description: string;
  /** Whom it delegates to; shown on its card. */
  readonly subAgents?: readonly Agent[];
  /** Works on a message. What it throws makes the task fail. */
  run(input: AgentInput): AsyncIterable<AgentEvent>;
}

export interface RunOptions {
  readonly contextId?: string;
  readonly history?: readonly MessageType[];
  readonly signal?: AbortSignal;
}

/** The input of an agent from what is known of it. */
export const inputOf = (message: MessageType | string, options: RunOptions = {}): AgentInput => ({
  message: typeof message === 'string' ? Message.text(message) : message,
  contextId: options.contextId ?? randomUUID(),
  history: options.history ?? [],
  signal: options.signal ?? new AbortController().signal,
});

/**
 * Asks an agent and resolves to the text of its whole answer.
 * @throws AgentFailedError when it asks back (state `input-required`), and whatever it throws
 */
export async function ask(
  agent: Agent,
  message: MessageType | string,
  options: RunOptions = {},
): Promise<string> {
  let answer = '';
  for await (const event of agent.run(inputOf(message, options))) {
    if (event.type === 'text') answer += event.text;
    if (event.type === 'parts') answer += textOf(event.parts);
    if (event.type === 'input-required') throw new AgentFailedError(agent.name, 'input-required', event.text);
  }
  return answer;
}
