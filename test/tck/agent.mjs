// The agent that A2A's Technology Compatibility Kits expect, as a bot of the gateway. The kits say by the prefix of a message's
// id what it shall do (a2aproject/a2a-tck: scenarios/*.feature of branch 1.0-dev; the tests of branch 0.3.x).
import WebSocket from 'ws';

/** Longer than the kits wait for a stream (`TCK_STREAMING_TIMEOUT`, two seconds unless it is set): they wait twice that. */
const STREAM_TIMEOUT_MS = Number(process.env.TCK_STREAMING_TIMEOUT ?? 2) * 1_000;
const text = (value) => ({ parts: [{ type: 'text', text: value }] });
const file = (fields) => ({
  parts: [{ type: 'file', file: { name: 'output.txt', mimeType: 'text/plain', ...fields } }],
});
const bytes = Buffer.from('Generated file content').toString('base64');
const completed = { status: 'completed' };
const running = { status: 'running' };
const says = (value) => ({ role: 'agent', ...text(value) });
/** A stream of one artifact. */
const streamed = (artifact) => [running, { ...running, artifact }, completed];

/** What to report for a message, by the prefix of its id; the longest that fits. A number is a pause in milliseconds. */
const SCENARIOS = {
  'tck-complete-task': [{ ...completed, artifact: text('Hello from TCK'), message: says('Hello from TCK') }],
  'tck-artifact-text': [{ ...completed, artifact: text('Generated text content') }],
  'tck-artifact-file': [{ ...completed, artifact: file({ bytes }) }],
  'tck-artifact-file-url': [{ ...completed, artifact: file({ uri: 'https://example.com/output.txt' }) }],
  'tck-artifact-data': [
    { ...completed, artifact: { parts: [{ type: 'data', data: { key: 'value', count: 42 } }] } },
  ],
  'tck-message-response': [{ ...completed, message: says('Direct message response') }],
  'tck-input-required': [{ status: 'input_required', message: says('What else?') }],
  'tck-reject-task': [{ status: 'rejected', message: says('rejected') }],
  'tck-stream-001': streamed(text('Stream hello from TCK')),
  'tck-stream-002': [completed],
  'tck-stream-003': streamed(text('Stream task lifecycle')),
  'tck-stream-ordering-001': streamed(text('Ordered output')),
  'tck-stream-artifact-text': streamed(text('Streamed text content')),
  'tck-stream-artifact-file': streamed(file({ bytes })),
  'tck-stream-artifact-chunked': [
    running,
    { ...running, artifact: text('chunk-1 '), append: true, last_chunk: false },
    { ...running, artifact: text('chunk-2'), append: true, last_chunk: true },
    completed,
  ],
  'test-resubscribe-message-id': [
    running,
    2 * STREAM_TIMEOUT_MS,
    { ...completed, artifact: text('resumed') },
  ],
  '': [{ ...completed, artifact: text('Hello from TCK') }],
};

/** The older kit goes on with its tasks, and cancels them: they must not have ended. */
const ASKS = [running, { status: 'input_required', message: says('What else?') }];

function scenarioOf(messageId, kit) {
  if (kit === '0.3' && !/^(tck-|test-resubscribe)/.test(messageId)) return ASKS;
  const prefixes = Object.keys(SCENARIOS).filter((prefix) => messageId.startsWith(prefix));
  return SCENARIOS[prefixes.sort((a, b) => b.length - a.length)[0]];
}

/** An open task ends when it is answered, whatever it asked. */
const CONTINUED = [{ ...completed, artifact: text('Thank you') }];

/**
 * Connects the agent.
 * @param {string} url of the gateway's bot listener
 * @param {'1.0' | '0.3'} kit whose scenarios it plays
 * @returns {Promise<WebSocket>} the socket, once the agent is registered
 */
export async function connectTckAgent(url, kit) {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  const canceled = new Set();
  const send = (method, params, id) => socket.send(JSON.stringify({ jsonrpc: '2.0', method, params, id }));

  async function play({ id, message, metadata }) {
    canceled.delete(id);
    const steps =
      metadata?.continuation && kit !== '0.3' ? CONTINUED : scenarioOf(message.messageId ?? '', kit);
    for (const step of steps) {
      if (typeof step === 'number') await new Promise((resolve) => setTimeout(resolve, step));
      if (canceled.has(id) || socket.readyState !== WebSocket.OPEN) return;
      if (typeof step === 'object') send('tasks/status', { id, ...step });
    }
  }

  const registered = new Promise((resolve, reject) => {
    socket.on('message', (data) => {
      const { method, params, id, error } = JSON.parse(data.toString());
      if (method === 'x-agent/ping') send('x-agent/pong', {});
      else if (method === 'tasks/send') void play(params);
      else if (method === 'tasks/cancel') canceled.add(params.id);
      else if (id === 'register') error ? reject(new Error(error.message)) : resolve(socket);
    });
    socket.once('error', reject);
  });
  socket.once('open', () =>
    send(
      'x-agent/register',
      {
        card: {
          name: 'tck-agent',
          version: '1.0.0',
          description: 'Plays the scenarios of the A2A Technology Compatibility Kit',
          max_concurrency: 1_000,
          skills: [{ id: 'tck', name: 'TCK', description: 'The scenarios of the kit', tags: ['tck'] }],
        },
      },
      'register',
    ),
  );
  return registered;
}
