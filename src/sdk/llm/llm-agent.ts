import type { LanguageModel, ToolSet } from 'ai';
import { inputOf, type Agent, type AgentEvent, type AgentInput } from '../a2a/agent/agent.js';
import { textOf } from '../a2a/types.js';
import { toModelMessage } from './model-message.js';

export interface LlmAgentOptions {
  readonly name: string;
  readonly description: string;
  /** Of any provider of the `ai` package; a text is the name of a model of its default provider. */
  readonly model: LanguageModel;
  /** What the model is told before everything else. */
  readonly instruction?: string;
  /** What the model can do besides talking: tools of the `ai` package by their names. */
  readonly tools?: ToolSet;
  /** Agents that the model can ask, each a tool with the agent's name and description. */
  readonly subAgents?: readonly Agent[];
  /** Calls of the model for one message; 20 by default. */
  readonly maxSteps?: number;
}

const DEFAULT_MAX_STEPS = 20;
/** What models call a tool by. */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * A language model as an agent, with tools and with other agents, local or remote, that it delegates to.
 *
 * ```js
 * const root = LlmAgent.builder('root_agent')
 *   .description('Rolls dice and checks primes')
 *   .instruction('Delegate dice rolling to roll_agent and prime checking to prime_agent')
 *   .model(google('gemini-2.5-flash'))
 *   .subAgent(rollAgent)
 *   .subAgent(primeAgent)
 *   .build();
 * ```
 */
export class LlmAgent implements Agent {
  readonly name: string;
  readonly description: string;
  readonly subAgents: readonly Agent[];

  /** @throws TypeError for a sub-agent that no tool can be named after, or that has the name of another tool */
  constructor(private readonly options: LlmAgentOptions) {
    this.name = options.name;
    this.description = options.description;
    this.subAgents = options.subAgents ?? [];
    checkNames(this.subAgents, Object.keys(options.tools ?? {}));
  }

  static builder(name: string): LlmAgentBuilder {
    return new LlmAgentBuilder(name);
  }

  /** @throws what the model's provider throws, and Error when it has not come to an end within the steps that it has */
  async *run(input: AgentInput): AsyncGenerator<AgentEvent, void, undefined> {
    const { stream } = await this.start(input);
    const spoken = new Spoken();
    for await (const part of stream) {
      input.signal.throwIfAborted();
      if (part.type === 'text-start') yield* spoken.begin();
      else if (part.type === 'text-delta') yield* spoken.say(part.text);
      else if (part.type === 'tool-call')
        yield { type: 'progress', text: `${this.name} asks ${part.toolName}` };
      else if (part.type === 'error') throw part.error;
      else if (part.type === 'finish' && part.finishReason === 'tool-calls')
        throw new Error(`${this.name} has not finished within ${this.maxSteps} steps`);
    }
    input.signal.throwIfAborted();
  }

  private get maxSteps(): number {
    return this.options.maxSteps ?? DEFAULT_MAX_STEPS;
  }

  private async start(input: AgentInput) {
    const { isStepCount, streamText } = await import('ai');
    const { model, instruction, tools = {} } = this.options;
    return streamText({
      model,
      tools: { ...tools, ...(await agentTools(this.subAgents, input.contextId)) },
      stopWhen: isStepCount(this.maxSteps),
      messages: [...input.history, input.message].map(toModelMessage),
      abortSignal: input.signal,
      onError: () => undefined, // comes in the stream too, and is thrown there
      ...(instruction !== undefined && { instructions: instruction }),
    });
  }
}

/** Texts of several steps stand on lines of their own. */
class Spoken {
  private ended = true;

  *begin(): Generator<AgentEvent, void, undefined> {
    if (this.ended) return;
    this.ended = true;
    yield { type: 'text', text: '\n' };
  }

  *say(text: string): Generator<AgentEvent, void, undefined> {
    if (text === '') return;
    this.ended = text.endsWith('\n');
    yield { type: 'text', text };
  }
}

function checkNames(agents: readonly Agent[], taken: readonly string[]): void {
  const names = new Set(taken);
  for (const { name } of agents) {
    if (!TOOL_NAME.test(name))
      throw new TypeError(`subAgent: got ${JSON.stringify(name)}, allowed: 1 to 64 letters, digits, _ and -`);
    if (names.has(name)) throw new TypeError(`subAgent: there is another tool with the name ${name}`);
    names.add(name);
  }
}

/** Agents as tools. They are asked in the conversation of the one who asks, so that they know what they were asked before. */
async function agentTools(agents: readonly Agent[], contextId: string): Promise<ToolSet> {
  const { jsonSchema, tool } = await import('ai');
  const inputSchema = jsonSchema<{ request: string }>({
    type: 'object',
    properties: {
      request: { type: 'string', description: 'What the agent is asked, with all that it must know' },
    },
    required: ['request'],
    additionalProperties: false,
  });
  const toTool = (agent: Agent) =>
    tool({
      description: agent.description,
      inputSchema,
      execute: ({ request }, { abortSignal }) =>
        answerOf(agent, inputOf(request, { contextId, ...(abortSignal && { signal: abortSignal }) })),
    });
  return Object.fromEntries(agents.map((agent) => [agent.name, toTool(agent)]));
}

/** What an agent answers; that it asks back is an answer too, which the model gives another request to. */
async function answerOf(agent: Agent, input: AgentInput): Promise<string> {
  let answer = '';
  for await (const event of agent.run(input)) {
    if (event.type === 'text') answer += event.text;
    if (event.type === 'parts') answer += textOf(event.parts) || JSON.stringify(event.parts);
    if (event.type === 'input-required') answer += `\n${agent.name} asks: ${event.text}`;
  }
  return answer.trim();
}

/** Builds an LlmAgent. */
class LlmAgentBuilder {
  private options: Partial<LlmAgentOptions> = {};

  constructor(private readonly name: string) {}

  description(description: string): this {
    return this.with({ description });
  }

  instruction(instruction: string): this {
    return this.with({ instruction });
  }

  model(model: LanguageModel): this {
    return this.with({ model });
  }

  tool(name: string, tool: ToolSet[string]): this {
    return this.with({ tools: { ...this.options.tools, [name]: tool } });
  }

  subAgent(agent: Agent): this {
    return this.with({ subAgents: [...(this.options.subAgents ?? []), agent] });
  }

  maxSteps(maxSteps: number): this {
    return this.with({ maxSteps });
  }

  /** @throws TypeError without a model, or for a sub-agent whose name no tool can have */
  build(): LlmAgent {
    const { model, description = '' } = this.options;
    if (model === undefined) throw new TypeError('model: is needed');
    return new LlmAgent({ ...this.options, name: this.name, description, model });
  }

  private with(options: Partial<LlmAgentOptions>): this {
    this.options = { ...this.options, ...options };
    return this;
  }
}
