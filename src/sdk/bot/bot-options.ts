import type { JsonObject } from '../../core/json.js';
import type { Artifact } from '../../core/task.js';
import type { PushWire } from '../../transport/agents/message.wire.js';
import type { BotTask } from './bot-task.js';

/** A skill of a bot; a string stands for its id. */
export type BotSkill =
  | string
  | {
      readonly id: string;
      readonly name?: string;
      readonly description?: string;
      readonly tags?: readonly string[];
    };

/** What a bot says about itself (seed 000 `card`); other fields pass through. */
export interface BotCard {
  /** The bot's id, unique within the namespace. */
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly skills: readonly BotSkill[];
  /** Tasks at the same time, 1 to 10,000; 10 by default. */
  readonly max_concurrency?: number;
  readonly [extra: string]: unknown;
}

/** The result of a task: a text, or an artifact with `text`, `parts` and fields of its own; nothing: what was appended. */
export type BotResult = string | Artifact | JsonObject | undefined | void;

/** What happens to a bot, for its log. */
export type BotEvent =
  | { readonly type: 'registered'; readonly namespace: string; readonly agentId: string }
  /** `retryMs`: it comes back after that long; absent: it does not. */
  | {
      readonly type: 'disconnected';
      readonly code: number;
      readonly reason: string;
      readonly retryMs?: number;
    }
  | { readonly type: 'task'; readonly id: string; readonly skill: string }
  | { readonly type: 'canceled'; readonly id: string }
  /** The bot waits for the task's caller. */
  | { readonly type: 'asked'; readonly id: string }
  /** What it waited for has come. */
  | { readonly type: 'answered'; readonly id: string }
  /** The gateway has stored the report that ends the task. */
  | { readonly type: 'stored'; readonly id: string; readonly status: 'completed' | 'failed' | 'rejected' }
  /** The gateway does not take a report: the task is not this bot's any more. */
  | { readonly type: 'refused'; readonly id: string; readonly message: string };

export interface BotOptions {
  /** The bot socket, e.g. `ws://127.0.0.1:8080/agent/register`. */
  readonly url: string;
  readonly card: BotCard;
  /** By default the credential's. */
  readonly namespace?: string;
  /** Bearer token; a function is asked before every connection, so that it can bring a fresh one. */
  readonly token?: string | (() => string | Promise<string>);
  /** PEM texts for `wss:`: the CA to trust, and the client certificate where the gateway asks for one (mTLS). */
  readonly tls?: {
    readonly ca?: string | Buffer;
    readonly cert?: string | Buffer;
    readonly key?: string | Buffer;
  };
  /** Works on a task. What it returns is the result; what it throws fails the task with the error's message. */
  readonly onTask: (task: BotTask) => BotResult | Promise<BotResult>;
  /** Takes a message of another agent. What it throws is told the gateway, which may send the message again. */
  readonly onMessage?: (message: PushWire) => void | Promise<void>;
  readonly onEvent?: (event: BotEvent) => void;
  /** First and longest pause before it connects again, milliseconds: 250 and 10,000. */
  readonly backoff?: { readonly firstMs?: number; readonly maxMs?: number };
}
