// Which language model the agents are: without configuration one that needs no network and follows a script.
//
//   MODEL=google:gemini-2.5-flash   a real one: a provider of the `ai` package and its model. Install the provider
//                                   (npm install @ai-sdk/google) and set its key (GOOGLE_GENERATIVE_AI_API_KEY).
import { convertArrayToReadableStream, MockLanguageModelV4 } from 'ai/test';

/** The model of the environment, or one that does what `script` says. */
export async function modelOr(script) {
  const [provider, ...model] = (process.env.MODEL ?? '').split(':');
  if (!provider) return scripted(script);
  const providers = await import(`@ai-sdk/${provider}`);
  return providers[provider](model.join(':'));
}

/**
 * A model that decides by plain code: `script` gets what the user asked and what the tools have answered since, and returns
 * `{ text }` to answer or `{ tool, input }` to use a tool.
 */
function scripted(script) {
  return new MockLanguageModelV4({
    doStream: async ({ prompt }) => {
      const { text, tool, input } = script(understand(prompt));
      const chunks = tool ? call(tool, input) : speak(text);
      const usage = { inputTokens: {}, outputTokens: {} };
      const finishReason = { unified: tool ? 'tool-calls' : 'stop' };
      return {
        stream: convertArrayToReadableStream([
          { type: 'stream-start', warnings: [] },
          ...chunks,
          { type: 'finish', finishReason, usage },
        ]),
      };
    },
  });
}

const call = (toolName, input) => [
  { type: 'tool-call', toolCallId: crypto.randomUUID(), toolName, input: JSON.stringify(input) },
];

/** Word by word, as models talk. */
const speak = (text) => [
  { type: 'text-start', id: '1' },
  ...text.split(/(?<= )/).map((delta) => ({ type: 'text-delta', id: '1', delta })),
  { type: 'text-end', id: '1' },
];

/** What the user asked last, and the answers of the tools since then, by tool. */
function understand(prompt) {
  const asked = prompt.findLastIndex(({ role }) => role === 'user');
  const request = prompt[asked].content.map(({ text = '' }) => text).join('\n');
  const results = {};
  for (const { role, content } of prompt.slice(asked + 1))
    if (role === 'tool') for (const { toolName, output } of content) results[toolName] = output.value;
  return { request, results };
}
