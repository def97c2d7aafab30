import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  Role,
  TaskState,
  type AgentCard,
  type Artifact,
  type Message,
  type Part,
  type TaskStatus,
} from '@a2a-js/sdk';
import {
  AgentEvent,
  DefaultRequestHandler,
  InMemoryTaskStore,
  type AgentExecutor,
  type ExecutionEventBus,
  type RequestContext,
} from '@a2a-js/sdk/server';
import { agentCardHandler, jsonRpcHandler, restHandler, UserBuilder } from '@a2a-js/sdk/server/express';
import { A2AService, grpcService, UserBuilder as GrpcUserBuilder } from '@a2a-js/sdk/server/grpc';
import { LegacyA2AService, legacyGrpcService } from '@a2a-js/sdk/compat/v0_3/server/grpc';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import express, { type NextFunction, type Request, type Response } from 'express';

const text = (value: string): Part => ({
  content: { $case: 'text', value },
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

/** What the agent was asked to do. */
interface Asked {
  readonly message: Message;
  readonly taskId: string;
  readonly contextId: string;
}

/**
 * What the agent does follows from the first words of the text: `chunks N`, `hold` (until {@link A2aAgent.release}), `ask` (needs
 * input, then ends with the answer), `auth` (needs authorization, goes on when released), `fail`, `reject`, `message`; else an echo.
 */
class ScriptedAgent implements AgentExecutor {
  readonly asked: Asked[] = [];
  readonly canceled: string[] = [];
  private readonly held = new Map<string, (go: boolean) => void>();

  async execute(
    { taskId, contextId, userMessage, task }: RequestContext,
    bus: ExecutionEventBus,
  ): Promise<void> {
    this.asked.push({ message: userMessage, taskId, contextId });
    const turn = new Turn(taskId, contextId, bus);
    const first = userMessage.parts.find(({ content }) => content?.$case === 'text')?.content;
    const words = first?.$case === 'text' ? first.value : '';
    const [verb, ...rest] = words.split(' ');
    if (verb === 'message') {
      bus.publish(AgentEvent.message({ ...said(rest.join(' ')), contextId }));
      return bus.finished();
    }
    if (task) bus.publish(AgentEvent.task(task));
    else turn.begin(userMessage);
    await this.act(verb ?? '', rest.join(' '), words, turn, task !== undefined);
    bus.finished();
  }

  private async act(
    verb: string,
    rest: string,
    words: string,
    turn: Turn,
    continues: boolean,
  ): Promise<void> {
    if (verb === 'fail') return turn.status(TaskState.TASK_STATE_FAILED, rest);
    if (verb === 'reject') return turn.status(TaskState.TASK_STATE_REJECTED, rest);
    if (verb === 'ask' && !continues) return turn.status(TaskState.TASK_STATE_INPUT_REQUIRED, 'which one?');
    turn.status(TaskState.TASK_STATE_WORKING, 'working');
    if (verb === 'auth') turn.status(TaskState.TASK_STATE_AUTH_REQUIRED, 'log in first');
    if (verb === 'hold' || verb === 'auth')
      if (!(await new Promise<boolean>((resolve) => this.held.set(turn.taskId, resolve)))) return;
    for (let i = 1; verb === 'chunks' && i <= Number(rest); i++)
      turn.artifact(`${i} `, i > 1, i === Number(rest));
    if (verb !== 'chunks') turn.artifact(`echo: ${words}`, false, true);
    turn.status(TaskState.TASK_STATE_COMPLETED);
  }

  async cancelTask(taskId: string, bus: ExecutionEventBus): Promise<void> {
    this.canceled.push(taskId);
    const contextId = this.asked.find((one) => one.taskId === taskId)?.contextId ?? '';
    new Turn(taskId, contextId, bus).status(TaskState.TASK_STATE_CANCELED);
    this.held.get(taskId)?.(false);
    this.held.delete(taskId);
    bus.finished();
  }

  release(): void {
    for (const go of this.held.values()) go(true);
    this.held.clear();
  }
}

/** One turn of a task. */
class Turn {
  constructor(
    readonly taskId: string,
    private readonly contextId: string,
    private readonly bus: ExecutionEventBus,
  ) {}

  private get ids() {
    return { taskId: this.taskId, contextId: this.contextId, metadata: undefined };
  }

  begin(message: Message): void {
    const status: TaskStatus = {
      state: TaskState.TASK_STATE_SUBMITTED,
      message: undefined,
      timestamp: new Date().toISOString(),
    };
    const { contextId, taskId: id } = this;
    this.bus.publish(
      AgentEvent.task({ id, contextId, status, artifacts: [], history: [message], metadata: undefined }),
    );
  }

  status(state: TaskState, words?: string): void {
    const message = words === undefined ? undefined : said(words);
    const status: TaskStatus = { state, message, timestamp: new Date().toISOString() };
    this.bus.publish(AgentEvent.statusUpdate({ ...this.ids, status }));
  }

  artifact(piece: string, append: boolean, lastChunk: boolean): void {
    const artifact: Artifact = {
      artifactId: 'answer',
      name: 'Answer',
      description: '',
      parts: [text(piece)],
      metadata: undefined,
      extensions: [],
    };
    this.bus.publish(AgentEvent.artifactUpdate({ ...this.ids, artifact, append, lastChunk }));
  }
}

export interface A2aAgentOptions {
  readonly name?: string;
  readonly version?: '1.0' | '0.3';
  readonly binding?: 'JSONRPC' | 'HTTP+JSON' | 'GRPC';
  readonly streaming?: boolean;
  readonly skills?: readonly string[];
  /** Given: https. */
  readonly tls?: ServerOptions;
  /** Looks at each request first; answers it and returns true, or lets it pass. */
  readonly guard?: (req: Request, res: Response) => boolean | Promise<boolean>;
}

/** An agent on the official SDK's own server, as its samples set it up. */
export class A2aAgent {
  private server: Server | undefined;
  private port = 0;
  private grpc: GrpcServer | undefined;
  private grpcPort = 0;
  private readonly agent = new ScriptedAgent();
  /** Headers of each request but those for the card. */
  readonly headers: IncomingHttpHeaders[] = [];
  /** The card's fields; a test may change them. */
  readonly card: AgentCard;
  private readonly store = new InMemoryTaskStore();

  private constructor(private readonly options: A2aAgentOptions) {
    const { name = 'remote', streaming = true, skills = ['echo'] } = options;
    this.card = {
      name,
      description: 'An agent of the official SDK',
      supportedInterfaces: [],
      provider: undefined,
      version: '1.2.3',
      capabilities: { streaming, pushNotifications: false, extensions: [], extendedAgentCard: false },
      securitySchemes: {},
      securityRequirements: [],
      defaultInputModes: ['text/plain'],
      defaultOutputModes: ['text/plain'],
      skills: skills.map((id) => ({
        id,
        name: id,
        description: `does ${id}`,
        tags: ['agent', `sub_agent:${id}`],
        examples: [],
        inputModes: [],
        outputModes: [],
        securityRequirements: [],
      })),
      signatures: [],
    };
  }

  static async start(options: A2aAgentOptions = {}): Promise<A2aAgent> {
    const agent = new A2aAgent(options);
    await agent.listen();
    return agent;
  }

  /** Comes back on the same port with the same tasks. */
  async listen(): Promise<void> {
    const { version = '1.0', binding = 'JSONRPC', guard, tls } = this.options;
    const app = express();
    app.use(async (req: Request, res: Response, next: NextFunction) => {
      if (!req.path.includes('well-known')) this.headers.push(req.headers);
      if (!(await guard?.(req, res))) next();
    });
    this.server = (tls ? createTlsServer(tls, app) : createServer(app)).listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
    const requestHandler = new DefaultRequestHandler(this.card, this.store, this.agent);
    if (binding === 'GRPC') await this.listenGrpc(requestHandler);
    const grpcUrl = `${this.options.tls ? 'https://' : ''}127.0.0.1:${this.grpcPort}`;
    const url = binding === 'GRPC' ? grpcUrl : `${this.url}/a2a`;
    this.card.supportedInterfaces = [{ url, protocolBinding: binding, protocolVersion: version, tenant: '' }];
    const shared = { requestHandler, userBuilder: UserBuilder.noAuthentication };
    const legacyCompat = { enabled: version === '0.3' };
    app.use(
      '/.well-known/agent-card.json',
      agentCardHandler({ agentCardProvider: requestHandler, legacyCompat }),
    );
    app.use(
      '/a2a',
      binding === 'JSONRPC'
        ? jsonRpcHandler({ ...shared, legacyCompat })
        : restHandler({ ...shared, legacyCompat }),
    );
  }

  private async listenGrpc(requestHandler: DefaultRequestHandler): Promise<void> {
    const server = (this.grpc = new GrpcServer());
    const options = { requestHandler, userBuilder: GrpcUserBuilder.noAuthentication };
    server.addService(A2AService, grpcService(options));
    server.addService(LegacyA2AService, legacyGrpcService(options));
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const address = `127.0.0.1:${this.grpcPort}`;
    server.bindAsync(address, this.grpcCredentials(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
    this.grpcPort = await promise;
  }

  private grpcCredentials(): ServerCredentials {
    const { cert, key, ca } = this.options.tls ?? {};
    if (!cert) return ServerCredentials.createInsecure();
    const bytes = (pem: unknown): Buffer => Buffer.from(pem as string);
    const pair = { cert_chain: bytes(cert), private_key: bytes(key) };
    return ServerCredentials.createSsl(bytes(ca), [pair], true);
  }

  get url(): string {
    return `${this.options.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  /** Messages that the agent got. */
  get asked(): readonly Asked[] {
    return this.agent.asked;
  }

  /** Tasks that it was told to cancel. */
  get canceled(): readonly string[] {
    return this.agent.canceled;
  }

  /** Lets everything go on that is held. */
  release(): void {
    this.agent.release();
  }

  /** Cuts every connection; new ones are taken. */
  async cut(): Promise<void> {
    if (this.grpc) {
      await this.close();
      await this.listen();
    } else this.server?.closeAllConnections();
  }

  async close(): Promise<void> {
    const { server } = this;
    this.grpc?.forceShutdown();
    if (!server?.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}
