import { randomUUID } from 'node:crypto';
import type { DeliveryState } from '../../core/delivery.js';
import type { TaskState } from '../../core/task-states.js';
import type {
  DeliveryDetailsWire,
  DeliveryListWire,
  DeliveryWire,
} from '../../protocols/rest/deliveries.wire.js';
import type {
  AgentWire,
  AgentListWire,
  MessageWire,
  NewTaskWire,
  RoutingExplanationWire,
  TaskAckWire,
  TaskListWire,
  TaskWire,
} from '../../transport/orchestrator/orchestrator.wire.js';
import { GatewayHttp, type ClientOptions } from './http.js';
import { watchTask, type WatchedEvent, type WatchOptions } from './watch.js';

/** The agent waits for the caller. */
const ASKS: readonly string[] = ['input_required', 'auth_required'];

interface Abortable {
  readonly signal?: AbortSignal;
}

export interface SubmitOptions extends Abortable {
  /** Makes a repeat find the first task, also after a crash of the caller. By default a new one for each call. */
  readonly idempotencyKey?: string;
}

export interface TaskListFilter extends Abortable {
  readonly status?: TaskState;
  readonly skill?: string;
  readonly agent?: string;
  readonly contextId?: string;
  /** Tasks per request, 1 to 200. */
  readonly pageSize?: number;
}

export interface DeliveryListFilter extends Abortable {
  readonly status?: DeliveryState;
  /** Such as `callback` or `push`. */
  readonly kind?: string;
  /** Deliveries per request, 1 to 200. */
  readonly pageSize?: number;
}

export interface RouteQuestion {
  readonly skill: string;
  readonly namespace?: string;
  readonly agent_id?: string;
  readonly context_id?: string;
}

/**
 * The gateway as an orchestrator sees it. Requests that are safe to repeat are repeated when the gateway cannot be reached or
 * asks for a pause; a submission is, because it carries an idempotency key.
 *
 * ```js
 * const gateway = new GatewayClient({ url: 'http://127.0.0.1:8443' });
 * const { task_id } = await gateway.submit({ skill: 'echo', instruction: 'hello' });
 * for await (const { data } of gateway.watch(task_id)) console.log(data.event);
 * ```
 *
 * Every method throws GatewayRefusal (the gateway said no), GatewayUnreachable, or the reason of its signal.
 */
export class GatewayClient {
  private readonly http: GatewayHttp;

  constructor(options: ClientOptions) {
    this.http = new GatewayHttp(options);
  }

  /** Submits a task; resolves when it is durable. */
  submit(
    task: NewTaskWire,
    { idempotencyKey = randomUUID(), signal }: SubmitOptions = {},
  ): Promise<TaskAckWire> {
    const headers = { 'idempotency-key': idempotencyKey };
    return this.http.json({ method: 'POST', path: '/tasks', body: task, headers, repeatable: true, signal });
  }

  /** Status and result of a task. */
  get(id: string, { signal }: Abortable = {}): Promise<TaskWire> {
    return this.http.json({ path: `/tasks/${encodeURIComponent(id)}`, repeatable: true, signal });
  }

  /** The task's log as it grows, to its terminal event; over broken connections without gap or duplicate. */
  watch(id: string, options: WatchOptions = {}): AsyncGenerator<WatchedEvent, void, void> {
    return watchTask(this.http, id, options);
  }

  /**
   * Waits until a task has ended, or its agent waits for the caller (`input_required`, `auth_required`: {@link continue} it and
   * wait again); resolves to it with its result, whether that is good or bad.
   */
  async wait(id: string, { signal }: Abortable = {}): Promise<TaskWire> {
    const options = signal ? { signal } : {};
    for await (const { data } of this.watch(id, options)) {
      if (!ASKS.includes(data.event)) continue;
      const task = await this.get(id, options);
      if (ASKS.includes(task.status)) return task; // else it was answered long ago
    }
    return this.get(id, options);
  }

  /** Answers an agent that waits for its caller; resolves when the answer is durable. Repeated safely, as {@link submit} is. */
  continue(
    id: string,
    answer: string | MessageWire,
    { idempotencyKey = randomUUID(), signal }: SubmitOptions = {},
  ): Promise<TaskWire> {
    const path = `/tasks/${encodeURIComponent(id)}/messages`;
    const headers = { 'idempotency-key': idempotencyKey };
    const body = typeof answer === 'string' ? { instruction: answer } : { message: answer };
    return this.http.json({ method: 'POST', path, body, headers, repeatable: true, signal });
  }

  /** Submits a task and waits until it has ended, or its agent asks back. */
  async run(task: NewTaskWire, options: SubmitOptions = {}): Promise<TaskWire> {
    const { task_id } = await this.submit(task, options);
    return this.wait(task_id, options.signal ? { signal: options.signal } : {});
  }

  /** Cancels a task that has not ended. Not repeated: the second time it would have ended. */
  cancel(id: string, { signal }: Abortable = {}): Promise<TaskWire> {
    const path = `/tasks/${encodeURIComponent(id)}/cancel`;
    return this.http.json({ method: 'POST', path, repeatable: false, signal });
  }

  /** Tasks, newest first, page after page as they are asked for. */
  async *list({ signal, pageSize = 50, contextId, ...filter }: TaskListFilter = {}): AsyncGenerator<
    TaskWire,
    void,
    void
  > {
    const query = new URLSearchParams({ limit: String(pageSize), ...filter });
    if (contextId !== undefined) query.set('context_id', contextId);
    for (;;) {
      const path = `/tasks?${query.toString()}`;
      const page = await this.http.json<TaskListWire>({ path, repeatable: true, signal });
      yield* page.tasks;
      if (page.next_cursor === null) return;
      query.set('cursor', page.next_cursor);
    }
  }

  /** The agents that are online. */
  async agents({ signal }: Abortable = {}): Promise<readonly AgentWire[]> {
    return (await this.http.json<AgentListWire>({ path: '/agents', repeatable: true, signal })).agents;
  }

  /** What goes out by itself (callbacks, push notifications), newest first, page after page as they are asked for. */
  async *deliveries({ signal, pageSize = 50, ...filter }: DeliveryListFilter = {}): AsyncGenerator<
    DeliveryWire,
    void,
    void
  > {
    const query = new URLSearchParams({ limit: String(pageSize), ...filter });
    for (;;) {
      const path = `/deliveries?${query.toString()}`;
      const page = await this.http.json<DeliveryListWire>({ path, repeatable: true, signal });
      yield* page.deliveries;
      if (page.next_cursor === null) return;
      query.set('cursor', page.next_cursor);
    }
  }

  /** A delivery with all its tries. */
  delivery(id: string, { signal }: Abortable = {}): Promise<DeliveryDetailsWire> {
    return this.http.json({ path: `/deliveries/${encodeURIComponent(id)}`, repeatable: true, signal });
  }

  /** Starts a delivery again that was given up. Not repeated: the second time it would be on its way. */
  redeliver(id: string, { signal }: Abortable = {}): Promise<DeliveryDetailsWire> {
    const path = `/deliveries/${encodeURIComponent(id)}/redeliver`;
    return this.http.json({ method: 'POST', path, repeatable: false, signal });
  }

  /** Which agent would get a task now, and why. */
  explain(question: RouteQuestion, { signal }: Abortable = {}): Promise<RoutingExplanationWire> {
    return this.http.json({
      method: 'POST',
      path: '/routing/explain',
      body: question,
      repeatable: true,
      signal,
    });
  }
}
