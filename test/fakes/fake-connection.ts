import type { TaskId } from '../../src/core/ids.js';
import { ANONYMOUS, type Principal } from '../../src/core/principal.js';
import {
  AgentConnection,
  type Assignment,
  type CloseReason,
} from '../../src/engine/registry/agent-connection.js';

/** What the engine has told an agent, in order. */
export type Told =
  | { readonly kind: 'assign'; readonly assignment: Assignment }
  | { readonly kind: 'cancel'; readonly taskId: TaskId }
  | { readonly kind: 'ping' }
  | { readonly kind: 'close'; readonly reason: CloseReason };

/** An agent's connection that records what it is told. */
export class FakeConnection extends AgentConnection {
  override readonly kind = 'fake';
  override paused = false;
  readonly told: Told[] = [];
  /** Tasks that the agent no longer has. */
  readonly lacks = new Set<TaskId>();

  /** @param hear called with everything that the engine says, at once */
  constructor(
    override readonly principal: Principal = ANONYMOUS,
    private readonly hear: (told: Told) => void = () => undefined,
  ) {
    super();
  }

  override stillHas(taskId: TaskId): boolean {
    return !this.lacks.has(taskId);
  }

  override assign(assignment: Assignment): void {
    this.note({ kind: 'assign', assignment });
  }

  override cancel(taskId: TaskId): void {
    this.note({ kind: 'cancel', taskId });
  }

  override ping(): void {
    this.note({ kind: 'ping' });
  }

  override close(reason: CloseReason): void {
    this.note({ kind: 'close', reason });
  }

  get assignments(): readonly Assignment[] {
    return this.told.flatMap((told) => (told.kind === 'assign' ? [told.assignment] : []));
  }

  get canceled(): readonly TaskId[] {
    return this.told.flatMap((told) => (told.kind === 'cancel' ? [told.taskId] : []));
  }

  get pings(): number {
    return this.told.filter(({ kind }) => kind === 'ping').length;
  }

  /** Why the engine has closed it; undefined while it has not. */
  get closedFor(): CloseReason | undefined {
    return this.told.flatMap((told) => (told.kind === 'close' ? [told.reason] : []))[0];
  }

  private note(told: Told): void {
    this.told.push(told);
    this.hear(told);
  }
}
