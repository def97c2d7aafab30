/** `agent-gateway/sdk/llm`: agents that are language models. Needs the package `ai`, which it loads when the first one runs. */
export { LlmAgent, type LlmAgentOptions } from './llm-agent.js';
