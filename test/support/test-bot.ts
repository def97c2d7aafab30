import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, type ClientOptions, type RawData } from 'ws';

const DEADLINE_MS = 5_000;
const RECONNECT_MS = 50;

type Fields = Readonly<Record<string, unknown>>;

/** A frame of either direction, as it was on the wire. */
export interface Frame {
  readonly jsonrpc?: string;
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Fields };
}

/** A frame that the gateway sent, and when (`performance.now()`). */
export interface Received {
  readonly at: number;
  readonly frame: Frame;
}

/** A `tasks/send` frame, taken apart. */
export interface ReceivedTask {
  readonly id: string;
  readonly attempt: number;
  readonly text: string;
  readonly params: Fields;
}

/** What a bot does with a task that it gets. What it throws is kept in {@link TestBot.failures}. */
export type Behaviour = (bot: TestBot, task: ReceivedTask) => void | Promise<void>;

export interface TestBotOptions {
  /** The bot socket of the gateway (`GatewayProcess.botUrl`). */
  readonly url: string;
  /** `card.name`. */
  readonly name: string;
  /** Ids of its skills (`['echo']`), or whole skills. */
  readonly skills?: readonly (string | Fields)[];
  readonly namespace?: string;
  readonly maxConcurrency?: number;
  /** More fields for the card; wins over the others. */
  readonly card?: Fields;
  /** {@link autoComplete} unless given. */
  readonly behaviour?: Behaviour;
  /** Whether pings are answered (true). */
  readonly answerPings?: boolean;
  /** Connects and registers again when the socket is lost, until {@link TestBot.close} (false). */
  readonly reconnect?: boolean;
  /** Bearer token for the upgrade. */
  readonly token?: string;
  /** Options of the WebSocket, e.g. `{ ca, cert, key }`. */
  readonly socket?: ClientOptions;
}

const bots = new Set<TestBot>();
// Inside jest no bot outlives the file that started it, also when a test fails half-way.
if (typeof afterAll === 'function') afterAll(() => closeAllBots());

/** Closes every bot that is still there. */
export async function closeAllBots(): Promise<void> {
  await Promise.all([...bots].map((bot) => bot.close()));
}

/**
 * A remote bot on a real WebSocket, to be scripted by a test.
 *
 * ```ts
 * const bot = await TestBot.connect({ url: gateway.botUrl, name: 'writer', skills: ['write'], behaviour: silent });
 * const task = await bot.expectTask();
 * await bot.report(task.id, { status: 'running', pct: 50 });
 * await bot.complete(task.id, { text: 'done' });
 * await bot.close();
 * ```
 */
export class TestBot {
  /** Every frame of the gateway, in order, over all its sockets. */
  readonly received: Received[] = [];
  /** Every task it was sent, in order, repeats included. */
  readonly tasks: ReceivedTask[] = [];
  /** Ids that it was told to cancel, in order. */
  readonly canceled: string[] = [];
  /** What its behaviour threw. */
  readonly failures: unknown[] = [];
  /** Tasks that it got and whose end it has not reported yet. */
  readonly open = new Set<string>();
  /** Most tasks that it had open at one instant. */
  peak = 0;
  /** Successful registrations. */
  registrations = 0;
  /** Result of the newest registration (`agent_id`, `namespace`, `holding`, …). */
  welcome: Fields = {};
  /** Called with every frame of the gateway, after the bot's own handling. */
  onFrame: ((frame: Frame) => void) | undefined;
  private socket: WebSocket | undefined;
  private closing = false;
  /** Whether the socket that is open now has registered. */
  private ready = false;
  private nextId = 1;
  private readonly calls = new Map<string | number, PromiseWithResolvers<Frame>>();
  private readonly listeners = new Set<() => void>();
  private closed: { code: number; reason: string } | undefined;
  /** Results held until they are acknowledged: sent again after each reconnect. */
  private readonly unacknowledged = new Map<string, Fields>();

  constructor(readonly options: TestBotOptions) {}

  /** Connects and registers. @throws Error when the gateway refuses */
  static async connect(options: TestBotOptions): Promise<TestBot> {
    const bot = new TestBot(options);
    await bot.dial();
    await bot.register();
    return bot;
  }

  /** Opens a socket that registers nothing. */
  static async connectOnly(options: TestBotOptions): Promise<TestBot> {
    const bot = new TestBot(options);
    await bot.dial();
    return bot;
  }

  get name(): string {
    return this.options.name;
  }

  get isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** How the newest socket was closed; undefined while it is open. */
  get closedWith(): { readonly code: number; readonly reason: string } | undefined {
    return this.closed;
  }

  /** Registers (again, with other card fields if given). @throws Error with the gateway's code and message when it is refused */
  async register(card: Fields = {}, namespace = this.options.namespace): Promise<Fields> {
    const params = { card: { ...this.card(), ...card }, ...(namespace === undefined ? {} : { namespace }) };
    const { result, error } = await this.call('x-agent/register', params);
    if (error) throw new Error(`registration refused: ${error.code} ${error.message}`);
    this.registrations++;
    this.ready = true;
    this.welcome = result ?? {};
    this.look();
    return this.welcome;
  }

  /**
   * `tasks/status` as a request; resolves to the answer, `result` or `error`, which comes after the report is stored.
   * @throws Error when the socket is lost or no answer comes in time
   */
  report(id: string, fields: Fields, deadlineMs = DEADLINE_MS): Promise<Frame> {
    this.noteEnd(id, fields['status']);
    return this.call('tasks/status', { id, ...fields }, deadlineMs);
  }

  /** `tasks/status` as a notification, as in the seed: nobody answers. */
  notify(id: string, fields: Fields): void {
    this.noteEnd(id, fields['status']);
    this.send({ jsonrpc: '2.0', method: 'tasks/status', params: { id, ...fields } });
  }

  /** Reports `completed`. @throws Error when the gateway refuses */
  async complete(id: string, artifact: unknown = { text: `done ${id}` }): Promise<void> {
    const { error } = await this.report(id, { status: 'completed', artifact });
    if (error) throw new Error(`completion of ${id} refused: ${error.code} ${error.message}`);
  }

  /**
   * Reports `completed` until the gateway has answered, over as many reconnects as it takes (needs `reconnect: true`).
   * A refusal is an answer too (the task has ended, or somebody else has it), unless it says that the gateway could not store.
   */
  async completeForSure(id: string, artifact: unknown = { text: `done ${id}` }): Promise<Frame> {
    const fields = { status: 'completed', artifact };
    this.unacknowledged.set(id, fields);
    while (!this.closing) {
      try {
        await this.whenRegistered();
        const answer = await this.report(id, fields);
        if (!isTransient(answer)) {
          this.unacknowledged.delete(id);
          return answer;
        }
      } catch {
        // The socket is lost or the gateway is slow: the result is sent again.
      }
      await sleep(RECONNECT_MS);
    }
    throw new Error(`closed before ${id} was acknowledged`);
  }

  /** Results that the gateway has not answered yet. */
  get held(): readonly string[] {
    return [...this.unacknowledged.keys()];
  }

  /** A request with an id of its own; resolves to the response. */
  async call(method: string, params: unknown, deadlineMs = DEADLINE_MS): Promise<Frame> {
    const id = `c${this.nextId++}`;
    const answer = Promise.withResolvers<Frame>();
    answer.promise.catch(() => undefined); // after the deadline nobody listens
    this.calls.set(id, answer);
    try {
      this.send({ jsonrpc: '2.0', id, method, params });
      return await before(
        deadlineMs,
        answer.promise,
        () => `no answer to ${method} (${JSON.stringify(params)})`,
      );
    } finally {
      this.calls.delete(id);
    }
  }

  /** Sends a frame as it is; strings go out unchanged, so that broken JSON can be sent too. @throws Error without an open socket */
  send(frame: unknown): void {
    if (!this.socket || this.socket.readyState !== WebSocket.OPEN)
      throw new Error(`bot ${this.name}: no open socket`);
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /**
   * The first recorded frame that fits, past or to come.
   * @param from position in {@link received} at which to begin: frames before it do not count
   */
  async expectFrame(fits: (frame: Frame) => boolean, deadlineMs = DEADLINE_MS, from = 0): Promise<Frame> {
    let found: Frame | undefined;
    await this.until(
      () => (found = this.received.slice(from).find(({ frame }) => fits(frame))?.frame) !== undefined,
      deadlineMs,
    );
    return found!;
  }

  /** The task at that place of the order of arrival (the first: 0), or the one with that id. */
  async expectTask(which: number | string = 0, deadlineMs = DEADLINE_MS): Promise<ReceivedTask> {
    let found: ReceivedTask | undefined;
    const find = () =>
      typeof which === 'number' ? this.tasks[which] : this.tasks.find(({ id }) => id === which);
    await this.until(() => (found = find()) !== undefined, deadlineMs);
    return found!;
  }

  /** Resolves when the gateway has told it to cancel the task. */
  async expectCancel(id: string, deadlineMs = DEADLINE_MS): Promise<void> {
    await this.until(() => this.canceled.includes(id), deadlineMs);
  }

  /** Resolves when its socket is closed. */
  async expectClose(deadlineMs = DEADLINE_MS): Promise<{ readonly code: number; readonly reason: string }> {
    await this.until(() => this.closed !== undefined, deadlineMs);
    return this.closed!;
  }

  /** Resolves when `condition` holds; looked at after every frame and close. @throws Error in time otherwise */
  async until(condition: () => boolean, deadlineMs = DEADLINE_MS): Promise<void> {
    if (condition()) return;
    const met = Promise.withResolvers<void>();
    const look = () => condition() && met.resolve();
    this.listeners.add(look);
    try {
      await before(
        deadlineMs,
        met.promise,
        () => `bot ${this.name}: waited in vain; frames: ${this.transcript()}`,
      );
    } finally {
      this.listeners.delete(look);
    }
  }

  /** Cuts the socket without a close frame, as a crash does. With `reconnect: true` it comes back. */
  cut(): void {
    this.socket?.terminate();
  }

  /** Stops reading what the gateway sends; {@link resumeReading} goes on. */
  stopReading(): void {
    this.socket?.pause();
  }

  resumeReading(): void {
    this.socket?.resume();
  }

  /** Leaves for good; resolves when the socket is closed. */
  async close(): Promise<void> {
    this.closing = true;
    bots.delete(this);
    this.look();
    const { socket } = this;
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume();
    socket.close(1000);
    const cut = setTimeout(() => socket.terminate(), 1_000);
    await gone;
    clearTimeout(cut);
  }

  private card(): Fields {
    const { name, skills = [], maxConcurrency, card = {} } = this.options;
    return {
      name,
      version: '1.0.0',
      description: `test bot ${name}`,
      skills: skills.map((skill) => (typeof skill === 'string' ? { id: skill, name: skill } : skill)),
      ...(maxConcurrency === undefined ? {} : { max_concurrency: maxConcurrency }),
      ...card,
    };
  }

  private async dial(): Promise<void> {
    const { url, token, socket: options } = this.options;
    const headers = {
      ...options?.headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    bots.add(this);
    const socket = new WebSocket(url, { perMessageDeflate: false, ...options, headers });
    this.socket = socket;
    this.ready = false;
    this.closed = undefined;
    socket.on('message', (data: RawData) => this.take(JSON.parse((data as Buffer).toString()) as Frame));
    let opened = false;
    socket.once('open', () => (opened = true));
    socket.on('close', (code, reason) => this.lost(socket, code, reason.toString(), opened));
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('unexpected-response', (_req, res) => {
        reject(new Error(`upgrade refused: HTTP ${res.statusCode}`));
        socket.terminate();
      });
      socket.on('error', reject); // stays: later errors show as a close
    });
  }

  private take(frame: Frame): void {
    this.received.push({ at: performance.now(), frame });
    if (frame.method === undefined) this.takeAnswer(frame);
    else if (frame.method === 'x-agent/ping') this.takePing();
    else if (frame.method === 'tasks/cancel') this.takeCancel(frame);
    else if (frame.method === 'tasks/send') this.takeTask(frame);
    this.onFrame?.(frame);
    this.look();
  }

  private takeAnswer(frame: Frame): void {
    if (frame.id !== undefined && frame.id !== null) this.calls.get(frame.id)?.resolve(frame);
  }

  private takePing(): void {
    if (this.options.answerPings !== false && this.isOpen)
      this.send({ jsonrpc: '2.0', method: 'x-agent/pong', params: {} });
  }

  private takeCancel({ params }: Frame): void {
    const id = String(params?.['id']);
    this.canceled.push(id);
    this.open.delete(id);
  }

  private takeTask({ params = {} }: Frame): void {
    const task = taskOf(params);
    this.tasks.push(task);
    this.open.add(task.id);
    this.peak = Math.max(this.peak, this.open.size);
    const { behaviour = autoComplete() } = this.options;
    void (async () => behaviour(this, task))().catch((error: unknown) => this.failures.push(error));
  }

  private noteEnd(id: string, status: unknown): void {
    if (status === 'completed' || status === 'failed') this.open.delete(id);
  }

  private lost(socket: WebSocket, code: number, reason: string, wasOpen: boolean): void {
    if (socket !== this.socket) return;
    this.ready = false;
    this.closed = { code, reason };
    for (const { reject } of this.calls.values())
      reject(new Error(`bot ${this.name}: socket closed ${code} ${reason}`));
    this.calls.clear();
    this.look();
    if (wasOpen && this.options.reconnect && !this.closing) void this.comeBack();
  }

  private async comeBack(): Promise<void> {
    while (!this.closing) {
      await sleep(RECONNECT_MS * (0.5 + Math.random()));
      try {
        await this.dial();
        await this.register();
        return;
      } catch {
        if (this.isOpen) return this.cut(); // its close brings us back here
      }
    }
  }

  private async whenRegistered(): Promise<void> {
    await this.until(() => this.closing || (this.isOpen && this.ready), 60_000);
  }

  private look(): void {
    for (const listener of [...this.listeners]) listener();
  }

  private transcript(): string {
    return JSON.stringify(this.received.slice(-20).map(({ frame }) => frame)).slice(0, 4_000);
  }
}

/** Completes every task, after `delayMs`, with `artifact` or the task's own text. */
export const autoComplete =
  ({ delayMs = 0, artifact }: { readonly delayMs?: number; readonly artifact?: unknown } = {}): Behaviour =>
  async (bot, task) => {
    if (delayMs > 0) await sleep(delayMs);
    if (bot.isOpen) bot.notify(task.id, { status: 'completed', artifact: artifact ?? { text: task.text } });
  };

/** Takes tasks and says nothing. */
export const silent: Behaviour = () => undefined;

/** Reports `running` and says no more. */
export const begin: Behaviour = async (bot, task) => {
  await bot.report(task.id, { status: 'running' });
};

/**
 * A bot that loses nothing: says `running`, works for `workMs`, then holds its result until the gateway has acknowledged it and
 * sends it again after every reconnect (use with `reconnect: true`). A task that it gets a second time is worked on once.
 */
export function holdUntilAcknowledged(workMs: () => number = () => 0): Behaviour {
  const known = new Set<string>();
  return async (bot, task) => {
    const key = `${task.id} ${task.attempt}`;
    if (known.has(key)) return;
    known.add(key);
    if (bot.isOpen) bot.notify(task.id, { status: 'running' });
    await sleep(workMs());
    await bot.completeForSure(task.id, { text: task.text });
  };
}

/** The gateway could not store the report now (-32010) or broke (-32603): worth another try. */
const isTransient = ({ error }: Frame): boolean => error?.code === -32010 || error?.code === -32603;

function taskOf(params: Fields): ReceivedTask {
  const { id, message, metadata } = params as {
    id: string;
    message?: { parts?: readonly { text?: string }[] };
    metadata?: { attempt?: number };
  };
  const text = (message?.parts ?? []).map((part) => part.text ?? '').join('');
  return { id, attempt: metadata?.attempt ?? 1, text, params };
}

async function before<T>(ms: number, work: Promise<T>, complaint: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint()} (waited ${ms} ms)`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
