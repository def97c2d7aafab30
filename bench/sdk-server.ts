import { Role, TaskState, type AgentCard, type Artifact, type Message, type TaskStatus } from '@a2a-js/sdk';
import {
  AgentEvent,
  DefaultRequestHandler,
  InMemoryTaskStore,
  type AgentExecutor,
  type ExecutionEventBus,
  type RequestContext,
} from '@a2a-js/sdk/server';
import { jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express';
import express from 'express';

/*
 * The baseline of the A2A scenarios: the official SDK's server as its samples set it up, with the agent in the same
 * process and the store in memory. Its agent does what bots.ts does: one progress and one result, `chunks N`, `hold N`.
 */
let held: (() => void)[] = [];

const text = (value: string) => ({
  content: { $case: 'text' as const, value },
  metadata: undefined,
  filename: '',
  mediaType: '',
});

const said = (value: string): Message => ({
  role: Role.ROLE_AGENT,
  messageId: crypto.randomUUID(),
  parts: [text(value)],
  taskId: '',
  contextId: '',
  extensions: [],
  metadata: undefined,
  referenceTaskIds: [],
});

class BenchAgent implements AgentExecutor {
  async execute({ taskId, contextId, userMessage }: RequestContext, bus: ExecutionEventBus): Promise<void> {
    const status = (state: TaskState, message?: Message): TaskStatus => ({
      state,
      message,
      timestamp: new Date().toISOString(),
    });
    const move = (state: TaskState, message?: Message) =>
      bus.publish(
        AgentEvent.statusUpdate({ taskId, contextId, status: status(state, message), metadata: undefined }),
      );
    const add = (piece: string, append: boolean, lastChunk: boolean) => {
      const parts = [text(piece)];
      const artifact: Artifact = {
        artifactId: 'result',
        name: '',
        description: '',
        parts,
        metadata: undefined,
        extensions: [],
      };
      bus.publish(
        AgentEvent.artifactUpdate({ taskId, contextId, artifact, append, lastChunk, metadata: undefined }),
      );
    };
    const submitted = status(TaskState.TASK_STATE_SUBMITTED);
    const rest = { artifacts: [], history: [userMessage], metadata: undefined };
    bus.publish(AgentEvent.task({ id: taskId, contextId, status: submitted, ...rest }));
    const asked = userMessage.parts[0]?.content;
    const [verb, count] = asked?.$case === 'text' ? asked.value.split(' ') : [];
    if (verb === 'hold') await new Promise<void>((go) => held.push(go));
    if (verb === 'chunks' || verb === 'hold') {
      for (let i = 1; i < Number(count); i++) add(`piece ${i} of the result, `, i > 1, false);
      add('the end', true, true);
    } else {
      move(TaskState.TASK_STATE_WORKING, said('processing...'));
      add(`result of ${taskId}`, false, true);
    }
    move(TaskState.TASK_STATE_COMPLETED);
    bus.finished();
  }

  cancelTask(): Promise<void> {
    return Promise.resolve();
  }
}

const port = Number(process.env['GATEWAY_HTTP_PORT']);
const versions = ['1.0', '0.3'].map((protocolVersion) => ({
  url: `http://127.0.0.1:${port}/a2a`,
  protocolBinding: 'JSONRPC',
  tenant: '',
  protocolVersion,
}));
const card: AgentCard = {
  name: 'bench',
  description: 'The agent of the benchmark',
  supportedInterfaces: versions,
  provider: undefined,
  version: '1.0.0',
  capabilities: { streaming: true, pushNotifications: false, extensions: [], extendedAgentCard: false },
  securitySchemes: {},
  securityRequirements: [],
  defaultInputModes: ['text/plain'],
  defaultOutputModes: ['text/plain'],
  skills: [],
  signatures: [],
};
const requestHandler = new DefaultRequestHandler(card, new InMemoryTaskStore(), new BenchAgent());

const app = express();
app.get('/health{/*rest}', (_req, res) => void res.json({ status: 'ok' }));
app.post('/go', (_req, res) => {
  for (const go of held) go();
  held = [];
  res.end();
});
app.use(
  '/a2a',
  jsonRpcHandler({
    requestHandler,
    userBuilder: UserBuilder.noAuthentication,
    legacyCompat: { enabled: true },
  }),
);
app.listen(port, '127.0.0.1');
app.listen(Number(process.env['GATEWAY_BOTS_PORT']), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
