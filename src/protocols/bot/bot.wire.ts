/** The wire of the bot socket (seed 000): JSON-RPC 2.0 both ways over WebSocket. */
export const BOT_PATH = '/agent/register';

/** What a bot sends. */
export const UP = { register: 'x-agent/register', status: 'tasks/status', pong: 'x-agent/pong' } as const;
/** What the gateway sends. */
export const DOWN = {
  send: 'tasks/send',
  cancel: 'tasks/cancel',
  ping: 'x-agent/ping',
  message: 'messages/send',
} as const;

/** The id of every ping; a bot may answer by a response with this id or by {@link UP.pong}. */
export const PING_ID = 'ping';

/** 4000–4499: come back (with a fresh credential where it says so); 4500 and above: do not. */
export const CLOSE = {
  /** First frame missing, late or no valid registration (RFC 6455: policy violation). */
  policy: 1008,
  shutdown: 1012,
  expired: 4401,
  silent: 4408,
  /** The same agent has connected again. */
  replaced: 4409,
  /** It does not read what it is sent. */
  slow: 4413,
  revoked: 4500,
} as const;

export interface RegisterResult {
  readonly agent_id: string;
  readonly namespace: string;
  readonly heartbeat_interval_ms: number;
  readonly heartbeat_timeout_ms: number;
  /** Open tasks that the gateway believes this agent to hold. */
  readonly holding: readonly string[];
}

export const PING_FRAME = JSON.stringify({ jsonrpc: '2.0', method: DOWN.ping, id: PING_ID });
