/** Identifiers are branded so that one kind never passes for another. */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `t-` and 32 hex digits; later ids sort after earlier ones. */
export type TaskId = Branded<'TaskId'>;
/** A tenant. Nothing of one namespace is visible in another. */
export type Namespace = Branded<'Namespace'>;
/** The `name` of an agent's card; unique within a namespace. */
export type AgentName = Branded<'AgentName'>;

export const DEFAULT_NAMESPACE = 'default' as Namespace;

/** Who works on a task: the pair that makes an agent unique. */
export interface AgentRef {
  readonly namespace: Namespace;
  readonly name: AgentName;
}

/** One string per agent, usable as a map key: neither part can hold a line feed (see `text.ts`). */
export const agentKey = (ref: AgentRef): string => `${ref.namespace}\n${ref.name}`;

export const sameAgent = (a: AgentRef, b: AgentRef): boolean =>
  a.namespace === b.namespace && a.name === b.name;

const TASK_ID = /^t-[0-9a-f]{32}$/;
export const isTaskId = (value: string): value is TaskId => TASK_ID.test(value);

/** Source of ids; injected so that tests replay. */
export abstract class IdSource {
  /** A new, unguessable, time-ordered task id. */
  abstract taskId(): TaskId;
  /** `d-` and 32 hex digits, otherwise as {@link taskId}. */
  abstract deliveryId(): string;
  /** A random RFC 9562 UUID. */
  abstract uuid(): string;
  /** A new, unguessable UUIDv7 (RFC 9562 §5.7): later ones sort after earlier ones. */
  abstract timeOrderedUuid(): string;
}
